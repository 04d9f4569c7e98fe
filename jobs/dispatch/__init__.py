"""Delivery of accepted jobs to AWS Batch, once, even if processes die on the way.

The job's name in AWS ends in its public id, the marker. A worker leases the job, records its intent to send it, makes
one request and records the outcome. If the outcome is missing, AWS may have the job: it is then looked up by its
marker, adopted if AWS has it, and sent again only after the account's quarantine, when no earlier request can still
be under way.
"""
