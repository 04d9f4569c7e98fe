"""Problems and fixes on a form name its fields, not keys of the document."""

from typing import Any

import pytest

from jobs.spec import forms
from jobs.spec.documents import Document
from jobs.spec.problems import Problem
from jobs.spec.rules import job as judge
from jobs.web.builder.form_words import FormWords
from tests.spec import samples

SPOT = {"onStatusReason": "Host EC2*", "action": "RETRY"}
REST = {"onReason": "*", "action": "EXIT"}
CATCH_ALL = (
    "Other failures are retried too. To retry only the listed ones, add a last rule that doesn't retry others."
)


def words_of(document: Document) -> FormWords:
    return FormWords(forms.JOB_FIELDS, [document])


def shown(document: Document, rule: str) -> tuple[str, str]:
    """Return the message and the fix of the only problem of that rule."""
    (problem,) = (one for one in judge.check_submission(document) if one.rule == rule)
    words = words_of(document)
    field = forms.FieldIndex(document, forms.JOB_FIELDS).field_at(problem.pointer)
    return words.message(problem, field), words.fix(problem.fix)


@pytest.mark.parametrize(
    ("changes", "rule", "message", "fix"),
    [
        (
            {"retryStrategy": {"evaluateOnExit": [SPOT, REST]}},
            "retries.no-attempts",
            "The retry rules need a number of attempts. Set it to 1 to 10.",
            "set Attempts to 3",
        ),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [SPOT]}},
            "retries.no-catch-all",
            CATCH_ALL,
            "select “Don't retry after other failures”",
        ),
        (
            {"retryStrategy": {"attempts": 1, "evaluateOnExit": [SPOT, REST]}},
            "retries.one-attempt",
            "The number of attempts includes the first, so with 1 no rule can retry. Use 2 or more.",
            "set Attempts to 2",
        ),
        (
            {"retryStrategy": {"attempts": 2, "evaluateOnExit": [SPOT, REST, REST]}},
            "retries.never-matches",
            "Retry rule 3 never applies: rule 2 matches all of its cases.",
            "remove retry rule 3",
        ),
        (
            {"retryStrategy": {"attempts": "2"}},
            "schema.wrong-type",
            "Attempts must be a whole number, without quotes; found the string “2”.",
            "set Attempts to 2",
        ),
        (
            {"jobQueue": 7},
            "schema.wrong-type",
            "Queue must be a string in double quotes; found the number 7.",
            "change Queue to “7”",
        ),
    ],
)
def test_a_problem_and_its_fix_name_the_fields_of_the_form(
    changes: dict[str, Any], rule: str, message: str, fix: str
) -> None:
    assert shown(samples.submission(**changes), rule) == (message, fix)


def test_words_in_quotes_are_the_authors_own() -> None:
    problem = Problem("/jobName", "Here is “jobQueue”; set jobQueue.")
    assert words_of({}).message(problem, None) == "Here is “jobQueue”; set Queue."


@pytest.mark.parametrize(
    ("pointer", "label"),
    [
        ("", ""),
        ("/retryStrategy/evaluateOnExit/1", "Retry rule 2"),
        ("/containerOverrides/instanceType", "Container overrides › Instance type"),
    ],
)
def test_what_has_no_field_is_named_as_the_search_for_fields_names_it(pointer: str, label: str) -> None:
    assert words_of({}).location(pointer) == label
