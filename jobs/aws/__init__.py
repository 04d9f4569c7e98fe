"""The portal's client of AWS: typed values in, typed values out. No other package imports boto3.

`session` makes the clients, which are passed in. Each call shows its request as a whole; a failure leaves as one of
the four kinds of `errors`. Responses are read field by field and kept raw as well, because AWS extends them.
"""
