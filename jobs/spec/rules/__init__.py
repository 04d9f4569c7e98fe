"""The rules of AWS Batch, by area."""
