"""What the portal costs, beside what people would write instead: `python -m bench.cost`, a part of `make bench`.

A plain loop (boto3, 16 threads, DescribeJobs for a hundred ids) and the portal (its own processes, as the quick start
has them) run the same workflows on one sandbox in one run, in turns. The sandbox's jobs run nothing and end at once,
and nobody's rate is reached, so what is measured is the way there and back.

    ground      the processes, and the CPU they take
    workload    the workflows
    loop        the plain loop
    portal      the portal's turn: accept, and wait until it knows that all ended
    verdict     the table: what was measured, the goal, and where the time went
"""
