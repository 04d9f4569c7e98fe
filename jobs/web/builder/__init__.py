"""The builder: forms for a job and for a definition, and the JSON page."""
