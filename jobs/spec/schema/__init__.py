"""JSON Schema made from botocore, and validation against it."""
