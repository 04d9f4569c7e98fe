"""Synchronisation: AWS is polled, and `apply`, the only writer of state, updates rows."""
