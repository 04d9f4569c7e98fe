"""Synchronisation: AWS is polled, and its responses become the state of the portal's rows.

`apply` is the only writer of state.
"""
