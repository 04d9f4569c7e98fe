"""Benchmarks of the parts that people wait for: `make bench` prints a table.

Milliseconds differ from machine to machine; the ratio in the last column does not. It compares each part with
something known to be quick on the same machine, or with itself at another size, and can be limited.

A part is a function that yields `Comparison`s; a new one is added in `__main__`.
"""
