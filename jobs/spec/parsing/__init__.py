"""Parsing of a person's text into a document; `parser` is the entry point."""
