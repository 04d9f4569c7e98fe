"""The catalog of definitions."""
