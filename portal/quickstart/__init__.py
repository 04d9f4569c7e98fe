"""`make run`: one command that starts everything on this machine, keeps it running, and stops it in order.

`state_dir` is the directory with all state, `config` the choices of one start, `process` how a process is started and
ended, `supervisor` keeps them running; `__main__` puts them together. Nothing here imports Django: the supervisor
must start at once and stay small.
"""
