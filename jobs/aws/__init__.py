"""The portal's client of AWS, the only importer of boto3."""
