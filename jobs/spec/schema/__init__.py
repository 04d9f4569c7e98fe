"""JSON Schema built from botocore, and validation against it."""
