"""A fake AWS Batch with the latency and the rate limits of the real one, for benchmarks.

Unlike the portal's sandbox it runs and checks nothing, so that it takes little processor time from what is measured:
a job's end is known when it is submitted.

    token_bucket  the rate limits
    batch         jobs and operations
    server        HTTP, and the record of what was called
    __main__      the process
"""
