"""The portal's client of AWS: typed values in, typed values out. No other package imports boto3."""
