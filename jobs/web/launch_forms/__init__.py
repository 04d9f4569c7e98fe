"""Launch forms: their list, the page of one, editing and running."""
