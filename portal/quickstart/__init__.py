"""The quick start, `make run`."""
