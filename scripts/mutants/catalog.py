"""All mutants by name, with the tests that detect them."""

import os
from functools import cache

import django

from scripts.mutants import bulk, delivery, forms, limits, ownership, recovery, workflows
from scripts.mutants.source import SourceMutant


@cache
def source_mutants() -> dict[str, SourceMutant]:
    """Return the mutants that replace a text. Imports nothing of the portal."""
    modules = (delivery, ownership, recovery, limits, workflows, bulk, forms)
    mutants = [mutant for module in modules for mutant in module.MUTANTS]
    by_name = {mutant.name: mutant for mutant in mutants}
    if len(by_name) != len(mutants):
        names = [mutant.name for mutant in mutants]
        raise ValueError(f"Two mutants have one name: {sorted({name for name in names if names.count(name) > 1})}")
    return by_name


def tests_by_name() -> dict[str, tuple[str, ...]]:
    """Return the tests of all mutants. Sets Django up."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from scripts.mutants.patches import mutants  # noqa: PLC0415 - it imports the portal

    patches = {name: tests for name, (_, tests) in mutants().items()}
    return patches | {name: mutant.tests for name, mutant in source_mutants().items()}
