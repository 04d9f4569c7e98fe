"""The page's own module (static/src/builder), asked in a browser: no Node is needed to test it.

What the module does with values and places is what `jobs.spec.fields` does, so the cases are the same for both.
"""
