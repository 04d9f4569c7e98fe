"""How fast the parts are that people wait for: `make bench` prints a table.

Milliseconds differ from machine to machine; the last column does not. It compares each part with something that is
known to be quick on the same machine, or with itself at another size, and is what a limit can be put on.

A part is a function that returns `Comparison`s; a new one is added in `__main__`.
"""
