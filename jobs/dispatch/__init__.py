"""Carries accepted jobs to AWS Batch, once, whatever dies on the way.

SubmitJob has no token by which AWS could tell a repeat, so the portal brings its own protocol. The job's name in AWS
ends in its public id, the marker. A worker takes a lease on the job, writes down that it is about to send, sends one
request, and writes down what came of it. If that last step is missing, nobody knows whether AWS has the job: it is
then looked up by its marker, adopted if it is there, and sent again only when it has stayed away for longer than any
request could still be under way (the account's quarantine).
"""
