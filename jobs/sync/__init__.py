"""What happened: AWS is asked, and its answers become the state of our rows.

`apply` is the one writer of state. `poll` asks about jobs that are not at their end, `reconcile` looks for those
whose delivery nobody knows, `infrastructure` mirrors the queues.
"""
