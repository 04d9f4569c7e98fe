"""JSON Schema built from botocore, validation against it, and messages for its errors."""
