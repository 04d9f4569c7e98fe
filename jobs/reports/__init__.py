"""Read models of pages and the API: listings, logs, statistics. They read and never write."""
