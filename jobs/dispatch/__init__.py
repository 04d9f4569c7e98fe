"""Delivery of accepted jobs to AWS Batch, once, even if processes die on the way.

A job's name in AWS ends in its public id, the marker. A worker leases the job, records its intent, makes one request
and records the outcome. Without an outcome the job is looked up, and sent again only after the account's quarantine.
"""
