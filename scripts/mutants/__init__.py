"""Mutation tests: removes checks of the portal one by one, and sees that a test detects each.

No file is edited: pytest loads `scripts.mutants.plugin`, and the environment names the mutant.
"""
