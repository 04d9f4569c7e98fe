"""From a person's text to a document."""
