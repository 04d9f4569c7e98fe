"""The page's own module (static/src/builder) beside `jobs.spec.forms`: both read and change a document alike.

What the module does by itself is tested in tests/js; Node runs it here too.
"""
