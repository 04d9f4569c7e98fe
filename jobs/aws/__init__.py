"""How we speak to Amazon: our words in, our words out. Nobody else imports boto3.

A client is made in `session` and passed in, each call shows its request as a whole, and what fails leaves as one of
the four kinds of `errors`. Answers are read field by field, and kept raw beside, because Amazon adds to them.
"""
