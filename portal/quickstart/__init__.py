"""`make run`: one command that starts everything on this machine, keeps it running, and stops it in order.

`state_dir` is the directory everything is kept in, `config` what this start is made of, `process` how a process is
started and ended, `supervisor` how they are kept running; `__main__` puts them together. Nothing here imports Django:
the supervisor itself must start at once and be small.
"""
