"""`make run`: starts everything on this machine, keeps it running, and stops it in order."""
