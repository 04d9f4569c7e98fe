"""`make run`: one command that starts everything on this machine, keeps it running, and stops it in order."""
