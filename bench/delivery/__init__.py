"""Cost of the portal, compared with a plain loop: `python -m bench.delivery`, a part of `make bench`.

A plain loop (boto3, 16 threads, DescribeJobs for a hundred ids) and the portal (its own processes, as in the quick
start) run the same workflows on one sandbox in turns. The sandbox's jobs run nothing and end at once, and no rate
limit is reached, so the overhead is measured.

    environment the processes, and the CPU they take
    workload    the workflows
    loop        the plain loop
    portal      the portal's turn: submit, and wait until it knows that all ended
    comparison  the table: measurements, goals, and where the time went
"""
