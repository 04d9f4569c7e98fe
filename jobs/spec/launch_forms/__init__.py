"""Launch forms: fields that ask for values, and what these make of a document. No Django."""
