"""Rules for retries as choices, in Python. tests/js/exit_rules.test.mjs holds the page to the same cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.spec import forms
from jobs.spec.forms.client_config import client_fields
from jobs.spec.forms.form_fields import RETRY_RULE_FIELDS

CASES = json.loads((Path(__file__).parent / "cases" / "exit_rules.json").read_text("utf-8"))


def document(rules: list[Any] | None) -> dict[str, Any]:
    """A job with these rules; without attempts, so that an empty strategy goes too."""
    return {"jobName": "a"} if rules is None else {"jobName": "a", "retryStrategy": {"evaluateOnExit": rules}}


def test_the_page_has_the_same_fields() -> None:
    assert client_fields(RETRY_RULE_FIELDS) == CASES["fields"]


@pytest.mark.parametrize(
    ("name", "rules", "values"), CASES["read"], ids=lambda case: case if isinstance(case, str) else ""
)
def test_the_choices_of_a_list_of_rules(name: str, rules: list[Any] | None, values: dict[str, str]) -> None:
    assert values.items() <= forms.read_values(document(rules), RETRY_RULE_FIELDS).items(), name


@pytest.mark.parametrize("case", CASES["write"], ids=lambda case: case[0])
def test_the_rules_that_a_choice_makes(case: list[Any]) -> None:
    _, rules, name, value, expected = case

    assert forms.apply_changes(document(rules), RETRY_RULE_FIELDS, {name: value}) == document(expected)


def test_rules_that_are_no_choice_are_unmapped_and_the_others_are_not() -> None:
    rules = [{"onReason": "x*", "onExitCode": "1", "action": "RETRY"}, {"onExitCode": "137", "action": "RETRY"}]

    assert forms.unmapped_pointers(document(rules), forms.JOB_FIELDS) == ["/retryStrategy/evaluateOnExit/0"]
