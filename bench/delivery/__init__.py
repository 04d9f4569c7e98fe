"""Delivery, compared with a plain loop: `python -m bench.delivery`, a part of `make bench`.

A perfect boto3 loop and the portal run the same workflows against one fake AWS in turns: each call takes 30 ms, and
AWS's limit of 50 SubmitJob a second applies. The portal is all its processes: web, clock, workers, Redis, database.

    workload    the workflows
    loop        the plain loop: paced, and nothing but the calls
    portal      the portal's turn: submit, and wait until it knows that all ended
    turn        one turn: its times, calls and costs
    idle        what the portal costs when nothing happens
    report      lines, goals and the result as JSON
"""
