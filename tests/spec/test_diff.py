"""What differs between two documents."""

import pytest

from jobs.spec.diff import ChangeKind, diff_documents, diff_steps
from jobs.spec.documents import Document
from jobs.spec.redaction import MASK
from tests.spec.samples import definition, step, workflow


def sentences(before: Document, after: Document) -> list[str]:
    return [difference.sentence for difference in diff_documents(before, after)]


def test_equal_documents_differ_in_nothing() -> None:
    assert diff_documents(definition(), definition()) == []


def test_each_difference_is_a_place_a_kind_and_a_sentence() -> None:
    before = definition({"image": "a:1", "user": "me"})
    after = definition({"image": "a:2", "privileged": True})
    assert [
        (one.pointer, one.kind, one.before, one.after, one.sentence) for one in diff_documents(before, after)
    ] == [
        (
            "/containerProperties/image",
            ChangeKind.CHANGED,
            "a:1",
            "a:2",
            "containerProperties › image changed from “a:1” to “a:2”.",
        ),
        (
            "/containerProperties/privileged",
            ChangeKind.ADDED,
            None,
            True,
            "containerProperties › privileged was added: true.",
        ),
        (
            "/containerProperties/user",
            ChangeKind.REMOVED,
            "me",
            None,
            "containerProperties › user was removed; it was “me”.",
        ),
    ]


def test_entries_with_names_are_compared_by_name_and_not_by_place() -> None:
    before = definition({"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    after = definition({"environment": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]})
    assert sentences(before, after) == ["containerProperties › environment › B changed from “2” to “3”."]
    sizes = definition({"resourceRequirements": [{"type": "MEMORY", "value": "512"}, {"type": "VCPU", "value": "2"}]})
    assert sentences(definition(), sizes) == [
        "containerProperties › resourceRequirements › VCPU › value changed from “1” to “2”."
    ]


def test_a_command_is_one_thing() -> None:
    before, after = definition({"command": ["run", "a"]}), definition({"command": ["run", "b"]})
    assert sentences(before, after) == [
        "containerProperties › command changed from the list run a to the list run b."
    ]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("resourceRequirements", [{"type": "MEMORY", "value": "4096"}], "MEMORY 4096"),
        (
            "resourceRequirements",
            [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "4096"}],
            "VCPU 2, MEMORY 4096",
        ),
        ("timeout", {"attemptDurationSeconds": 600}, "attemptDurationSeconds 600"),
        ("environment", [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}], "DB_PASSWORD •••"),
        ("environment", [{"name": "A", "value": "x" * 80}], "a list"),
        ("x", [{"a": [1]}], "a list"),
        ("x", [], "an empty list"),
        ("x", {"a": {}}, "an object"),
    ],
)
def test_a_short_list_or_object_is_written_out(key: str, value: object, text: str) -> None:
    assert sentences({}, {key: value}) == [f"{key} was added: {text.replace('•••', MASK)}."]
    assert sentences({key: value}, {}) == [f"{key} was removed; it was {text.replace('•••', MASK)}."]


def test_steps_are_compared_by_their_names() -> None:
    before = workflow(step("a"), step("b", "${a}"))
    after = workflow(step("b", "${a}"), step("c"))
    assert sentences(before, after) == [
        "jobs › c was added: jobName c, jobQueue small, jobDefinition greet.",
        "jobs › a was removed; it was jobName a, jobQueue small, jobDefinition greet.",
    ]


def test_the_differences_within_a_step_are_named_once() -> None:
    before, after = workflow(step("a"), step("b")), workflow({**step("b"), "timeout": {}}, step("c"))
    changes = {name: [difference.sentence for difference in group] for name, group in diff_steps(before, after)}
    assert changes == {
        "": [
            "jobs › c was added: jobName c, jobQueue small, jobDefinition greet.",
            "jobs › a was removed; it was jobName a, jobQueue small, jobDefinition greet.",
        ],
        "b": ["timeout was added: an empty object."],
    }


@pytest.mark.parametrize("steps", [[step("a"), step("a")], [None], "x", [step("a"), {"jobName": ["a"]}]])
def test_steps_that_cannot_be_told_apart_are_compared_as_a_list(steps: object) -> None:
    before, after = {"jobs": steps}, workflow(step("b"))
    assert diff_steps(before, after) == [("", diff_documents(before, after))]
    assert diff_steps(after, before) == [("", diff_documents(after, before))]


def test_a_secret_is_not_told() -> None:
    before = definition({"environment": [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}]})
    after = definition({"environment": [{"name": "DB_PASSWORD", "value": "correct horse"}]})
    [sentence] = sentences(before, after)
    assert "hunter2" not in sentence
    assert "horse" not in sentence


def test_true_is_not_one() -> None:
    assert sentences({"a": True}, {"a": 1}) == ["a changed from true to the number 1."]


@pytest.mark.parametrize("odd", [None, 1, "x", [], [None], [[]], {}, [{"name": 1}], [{"name": "a"}] * 2])
def test_no_odd_shape_breaks_a_difference(odd: object) -> None:
    for key in ("environment", "containers", "command", "x"):
        diff_documents({key: odd}, {key: [{"name": "a"}]})
        diff_documents({key: [{"name": "a"}]}, {key: odd})
