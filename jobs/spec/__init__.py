"""Documents of AWS Batch as plain data: parsing, validation and comparison, without Django and calls to AWS."""
