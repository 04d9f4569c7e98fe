"""Problems, JSON pointers, fixes, and the order in which problems are told."""

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing.parser import parse
from jobs.spec.patch import PatchError, apply_patch
from jobs.spec.problems import (
    Problem,
    Severity,
    has_errors,
    join_pointer,
    join_words,
    resolve_pointer,
    split_pointer,
    truncate,
)
from jobs.spec.rules import validate
from tests.spec.samples import step, workflow


def test_pointers_escape_and_find_their_way_back() -> None:
    document = {"a/b": {"~": [10, {"": 20}]}}
    assert join_pointer("a/b", "~", 1, "") == "/a~1b/~0/1/"
    assert split_pointer(join_pointer("a/b", "~1", 0)) == ["a/b", "~1", "0"]
    assert resolve_pointer(document, join_pointer("a/b", "~", 1, "")) == 20
    assert resolve_pointer(document, "") is document


@pytest.mark.parametrize("pointer", ["/x", "/a/9", "/a/-1", "/a/01", "/a/0/b", "/a/٣"])
def test_a_pointer_to_nothing_is_a_lookup_error(pointer: str) -> None:
    with pytest.raises(LookupError):
        resolve_pointer({"a": [1]}, pointer)


def test_only_errors_stop_a_document() -> None:
    assert not has_errors([Problem("", "x", Severity.WARNING)])
    assert has_errors([Problem("", "x", Severity.WARNING), Problem("", "y")])


def test_a_fix_changes_a_copy() -> None:
    document: Document = {"a": [1, 2], "b": {"c": 3}}
    operations: list[Document] = [
        {"op": "add", "path": "/a/1", "value": 9},
        {"op": "add", "path": "/a/-", "value": {}},
        {"op": "move", "from": "/b/c", "path": "/d"},
        {"op": "replace", "path": "/a/0", "value": 0},
    ]
    assert apply_patch(document, operations) == {"a": [0, 9, 2, {}], "b": {}, "d": 3}
    assert document == {"a": [1, 2], "b": {"c": 3}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/x"},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "add", "path": "/a/7", "value": 1},
        {"op": "add", "path": "/n/x", "value": 1},
        {"op": "remove", "path": ""},
        {"op": "test", "path": "/a", "value": 1},
    ],
)
def test_a_fix_that_does_not_fit_any_more_says_so(operation: Document) -> None:
    with pytest.raises(PatchError):
        apply_patch({"a": [1], "n": 1}, [operation])


def test_problems_are_told_in_the_order_of_the_document() -> None:
    document = workflow(
        {**step("b", "x"), "tags": {"aws:y": "1", "aws:x": "1"}, "zzz": 1}, {"jobQueue": 1}, step("b", "${q}")
    )
    assert [problem.pointer for problem in validate.validate_document(DocumentKind.WORKFLOW, document)] == [
        "/jobs/0/dependsOn/0/jobId",
        "/jobs/0/tags/aws:y",
        "/jobs/0/tags/aws:x",
        "/jobs/0/zzz",
        "/jobs/1",
        "/jobs/1",
        "/jobs/1/jobQueue",
        "/jobs/2/jobName",
        "/jobs/2/dependsOn/0/jobId",
    ]


def test_what_reading_found_is_told_among_the_rest() -> None:
    reading = parse('{"jobName": "a b", "jobQueue": "q", "jobQueue": "q", "jobDefinition": "-"}')
    assert [problem.rule for problem in validate.validate_parsed(reading)] == [
        "schema.pattern",
        "reading.duplicate-key",
        "schema.pattern",
    ]


def test_names_in_a_sentence_are_short_and_few() -> None:
    assert join_words([]) == ""
    assert join_words(["a"]) == "a"
    assert join_words(["a", "b", "c"], conjunction="or") == "a, b or c"
    assert join_words(str(number) for number in range(20)) == "0, 1, 2, 3, 4, 5, 6, 7 and 12 more"
    assert truncate("x" * 100) == "x" * 59 + "…"
    assert truncate("a\nb\x00") == "a b "
