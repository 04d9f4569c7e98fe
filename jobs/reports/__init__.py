"""Read models of pages and the API."""
