"""Read models of pages and the API: listings, logs, statistics."""
