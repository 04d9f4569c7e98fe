"""The rules of AWS Batch, by area; `validate` applies them."""
