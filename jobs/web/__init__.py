"""The pages: HTTP only, one package or module a feature; `reports` reads and `actions` changes."""
