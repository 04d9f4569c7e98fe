"""Takes checks of the portal out, one by one, and sees that a test notices each.

`python -m scripts.mutants [NAME …]` runs the quick tests of a check once for each, with that one taken out, and fails
if they pass all the same. Nothing on the disk is edited: a run of pytest loads `scripts.mutants.plugin`, and the
environment says what is missing. `patches` puts another value in place of a rule or a function. `delivery`,
`ownership`, `recovery` and `limits` replace a text of a module's source while it is imported, since a condition in
the middle of a query is no value.
"""
