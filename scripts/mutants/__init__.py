"""Mutation tests: removes checks of the portal one by one, and sees that a test detects each.

`python -m scripts.mutants [NAME …]` runs the quick tests of a check once for each mutant, and fails if they pass. No
file is edited: pytest loads `scripts.mutants.plugin`, and the environment names the mutant. `patches` replaces the
value of a rule or a function. `delivery`, `ownership`, `recovery` and `limits` replace a text in a module's source
during its import, for conditions in the middle of a query.
"""
