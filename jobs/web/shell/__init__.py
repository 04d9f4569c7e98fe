"""Machinery that all pages share: sign-in checks, page context, errors, polling."""
