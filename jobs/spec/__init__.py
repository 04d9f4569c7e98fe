"""Documents of AWS Batch as plain data, without Django and calls to AWS."""
