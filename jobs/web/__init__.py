"""The pages: HTTP only; `reports` reads and `actions` changes."""
