"""Synchronisation: AWS is polled, and its responses become the state of the portal's rows.

`apply` is the only writer of state. `poll` asks about jobs that have not ended, `reconcile` looks up those whose
delivery is in doubt, `queues` mirrors AWS's job queues.
"""
