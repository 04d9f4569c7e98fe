"""Mutants of launch forms: what a form doesn't ask for stays as it is."""

from scripts.mutants.source import mutants_of

FORMS = ("tests/spec/test_launch_forms.py",)

MUTANTS = (
    *mutants_of(
        "jobs/spec/launch_forms/values.py",
        FORMS,
        (
            "forms: a locked field keeps its value",
            "is_asked = item.name in visible and not item.is_locked",
            "is_asked = item.name in visible",
        ),
        (
            "forms: a field that isn't shown takes no value",
            "is_asked = item.name in visible and not item.is_locked",
            "is_asked = not item.is_locked",
        ),
        (
            "forms: a hidden field shows no other",
            "return condition.field in visible and texts.get(condition.field) in condition.values",
            "return texts.get(condition.field) in condition.values",
        ),
        (
            "forms: unknown fields are refused",
            "    problems += _unknown_names(fields, entries)\n",
            "",
        ),
    ),
)
