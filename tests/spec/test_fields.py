"""Between form and document nothing is lost: what a form does not show, and what nobody touched, stays as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.spec import forms
from jobs.spec.forms import DEFINITION_FIELDS, JOB_FIELDS, FieldIndex, FieldRow, units
from tests.examples import examples
from tests.spec import samples

TABLES = {"job": JOB_FIELDS, "definition": DEFINITION_FIELDS}

# -- Documents as they may come: the keys the forms know, with values of any shape, among others they never heard of.
words = some.text(max_size=8)
leaves = some.none() | some.booleans() | some.integers(-5, 10**12) | some.floats(allow_nan=False) | words
anything = some.recursive(
    leaves, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(words, inner, max_size=3)
)
entries = some.lists(
    some.fixed_dictionaries({"name": words, "value": words}, optional={"extra": leaves})
    | some.fixed_dictionaries({"name": words})
    | anything,
    max_size=4,
)
requirements = some.lists(
    some.fixed_dictionaries(
        {
            "type": some.sampled_from(["VCPU", "MEMORY", "GPU", "OTHER"]),
            "value": some.sampled_from(["1", "2048", "x"]),
        },
        optional={"extra": leaves},
    )
    | anything,
    max_size=4,
)
commands = some.lists(some.text(max_size=12), max_size=4)
containers = some.fixed_dictionaries(
    {},
    optional={
        "image": words | anything,
        "command": commands | anything,
        "environment": entries | anything,
        "resourceRequirements": requirements | anything,
        "vcpus": some.integers(0, 8) | anything,
        "memory": some.integers(0, 4096) | anything,
        "jobRoleArn": words,
        "logConfiguration": some.fixed_dictionaries({}, optional={"logDriver": words, "options": anything})
        | anything,
        "volumes": anything,
    },
)
documents = some.fixed_dictionaries(
    {},
    optional={
        "jobName": words | anything,
        "jobDefinitionName": words | anything,
        "jobQueue": words,
        "jobDefinition": some.sampled_from(["a", "a:3", "a:3:4", "arn:aws:batch:x:1:job-definition/a:3"]) | anything,
        "containerOverrides": containers | anything,
        "containerProperties": containers | anything,
        "platformCapabilities": some.lists(some.sampled_from(["EC2", "FARGATE"]), max_size=2) | anything,
        "retryStrategy": some.fixed_dictionaries({}, optional={"attempts": anything, "evaluateOnExit": anything}),
        "timeout": some.fixed_dictionaries({}, optional={"attemptDurationSeconds": anything}) | anything,
        "dependsOn": some.lists(
            some.fixed_dictionaries({"jobId": some.just(samples.JOB_ID)}, optional={"type": words}) | anything,
            max_size=3,
        )
        | anything,
        "tags": some.dictionaries(words, words | anything, max_size=3) | anything,
        "somethingElse": anything,
    },
)
tables = some.sampled_from([JOB_FIELDS, DEFINITION_FIELDS])


def text(document: Any) -> str:
    """A document to the byte, order and all."""
    return json.dumps(document)


@pytest.mark.long
@examples(30, 2_000)
@given(documents, tables)
def test_a_form_that_nobody_touched_changes_nothing(document: dict[str, Any], table: Any) -> None:
    values = forms.read_values(document, table)
    changes = forms.changed_values(document, table, values)

    assert changes == {}
    assert text(forms.apply_changes(document, table, changes)) == text(document)


@pytest.mark.long
@examples(30, 2_000)
@given(documents, tables)
def test_what_a_browser_does_to_line_breaks_is_no_change(document: dict[str, Any], table: Any) -> None:
    def as_browser_sends(value: forms.FieldValue) -> forms.FieldValue:
        if isinstance(value, str):
            return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
        return tuple(
            FieldRow(r.name, str(as_browser_sends(r.value)), r.origin) if isinstance(r, FieldRow) else r
            for r in value
        )  # type: ignore[return-value]

    values = {name: as_browser_sends(value) for name, value in forms.read_values(document, table).items()}

    assert forms.changed_values(document, table, values) == {}


@pytest.mark.long
@examples(30, 2_000)
@given(documents, tables, some.data())
def test_changing_a_field_changes_only_what_it_owns(document: dict[str, Any], table: Any, draw: Any) -> None:
    field = draw.draw(some.sampled_from(table))
    new = draw.draw(some.sampled_from(["", "7", "some thing"]))
    before = forms.read_values(document, table)
    value = new if isinstance(before[field.name], str) else ()
    written = forms.apply_changes(document, table, {field.name: value})
    others = [other for other in table if other.lens.path != field.lens.path]

    assert sorted(forms.unmapped_pointers(written, table)) == sorted(
        forms.unmapped_pointers(document, table)
    ) or field.lens.path[-1] in (
        "evaluateOnExit",
        "resourceRequirements",  # entries that stay move up, so their pointers are others
        "environment",
        "dependsOn",
        "awslogs-group",  # logDriver is the form's own only once it says awslogs
    )
    for other in others:
        assert other.lens.read(written) == before[other.name]
    assert written.get("somethingElse") == document.get("somethingElse")


@examples(30, 2_000)
@given(commands)
def test_a_command_is_the_same_words_again(command: list[str]) -> None:
    line = units.format_command(command)

    assert units.parse_command(line) == command
    assert units.parse_command(line.replace("\n", "\r\n").replace("\r\n", "\n")) == command


@examples(30, 2_000)
@given(some.integers(0, 10**9))
def test_spans_and_sizes_are_the_same_number_again(number: int) -> None:
    assert units.parse_seconds(units.format_seconds(number)) == number
    assert units.parse_mib(units.format_mib(number)) == number


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("2 h", 7200), ("90 minutes", 5400), ("1h 30m", 5400), ("1 h and 30 s", 3630), ("1.5 h", 5400), ("1.1 h", 3960),
     ("45", 45), ("2 fortnights", None), ("soon", None), ("", None), ("1.0001 s", None), ("-5", None)],
)  # fmt: skip
def test_spans_are_read_as_people_write_them(typed: str, seconds: int | None) -> None:
    assert units.parse_seconds(typed) == seconds


@pytest.mark.parametrize(
    ("typed", "mib"),
    [("16 GiB", 16384), ("16G", 16384), ("1.5 GB", 1536), ("512", 512), ("512 MiB", 512), ("lots", None), ("", None)],
)
def test_memory_is_read_as_people_write_it(typed: str, mib: int | None) -> None:
    assert units.parse_mib(typed) == mib


def apply(document: dict[str, Any], table: Any = JOB_FIELDS, **changes: Any) -> dict[str, Any]:
    return forms.apply_changes(document, table, changes)


def test_a_form_makes_the_document_a_person_would_write() -> None:
    made = apply(
        {"jobName": "", "jobQueue": "", "jobDefinition": ""},
        name="train",
        queue="cpu",
        definition="greet",
        revision="3",
        command="python train.py --name 'a b'",
        environment=(FieldRow("EPOCHS", "10"), FieldRow("", "")),
        vcpus="2",
        memory="4 GiB",
        retries="3",
        time_limit="2 h",
        waits=(samples.JOB_ID,),
        tags=(FieldRow("Project", "GenAI"),),
    )

    assert made == {
        "jobName": "train",
        "jobQueue": "cpu",
        "jobDefinition": "greet:3",
        "containerOverrides": {
            "command": ["python", "train.py", "--name", "a b"],
            "environment": [{"name": "EPOCHS", "value": "10"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "4096"}],
        },
        "retryStrategy": {"attempts": 3},
        "timeout": {"attemptDurationSeconds": 7200},
        "dependsOn": [{"jobId": samples.JOB_ID}],
        "tags": {"Project": "GenAI"},
    }


def test_what_is_emptied_goes_with_what_it_alone_held() -> None:
    document = samples.submission(
        containerOverrides={"environment": [{"name": "A", "value": "1"}]},
        retryStrategy={"attempts": 3, "evaluateOnExit": []},
    )
    emptied = apply(document, environment=(), retries="")

    assert emptied == samples.submission(retryStrategy={"evaluateOnExit": []})


def test_rows_keep_what_the_form_does_not_show_of_them() -> None:
    document = samples.submission(
        containerOverrides={"environment": [{"name": "A", "value": "1", "note": "x"}, {"name": 5}, {"name": "B"}]}
    )
    rows = (FieldRow("A", "2", 0), FieldRow("C", "3"))

    assert apply(document, environment=rows)["containerOverrides"]["environment"] == [
        {"name": "A", "value": "2", "note": "x"},
        {"name": 5},
        {"name": "C", "value": "3"},
    ]


def test_a_renamed_tag_keeps_its_place() -> None:
    document = samples.submission(tags={"a": "1", "b": "2", "c": "3"})
    rows = (FieldRow("a", "1", 0), FieldRow("B", "2", 1), FieldRow("c", "3", 2))

    assert list(apply(document, tags=rows)["tags"]) == ["a", "B", "c"]


def test_how_a_job_is_waited_for_stays() -> None:
    other = "00000000-90ab-cdef-1234-567890abcdef"
    document = samples.submission(dependsOn=[{"jobId": samples.JOB_ID, "type": "N_TO_N"}, {"type": "SEQUENTIAL"}])

    assert apply(document, waits=(samples.JOB_ID, other))["dependsOn"] == [
        {"jobId": samples.JOB_ID, "type": "N_TO_N"},
        {"type": "SEQUENTIAL"},
        {"jobId": other},
    ]
    assert apply(document, waits=())["dependsOn"] == [{"type": "SEQUENTIAL"}]


def test_arrays_are_paired_child_by_child_by_the_type_of_their_entry() -> None:
    other = samples.JOB_ID.replace("1", "2")
    document = samples.submission(dependsOn=[{"type": "SEQUENTIAL", "jobId": samples.JOB_ID}, {"jobId": other}])
    assert forms.read_values(document, JOB_FIELDS)["n_to_n"] == ()
    paired = apply(document, n_to_n=(samples.JOB_ID, other, "no-job-of-it"))
    assert paired["dependsOn"] == [
        {"type": "N_TO_N", "jobId": samples.JOB_ID},
        {"jobId": other, "type": "N_TO_N"},
    ]
    assert forms.read_values(paired, JOB_FIELDS)["n_to_n"] == (samples.JOB_ID, other)
    assert apply(paired, n_to_n=(other,))["dependsOn"] == [
        {"jobId": samples.JOB_ID},
        {"jobId": other, "type": "N_TO_N"},
    ]
    assert apply(samples.submission(), waits=(other,), n_to_n=(other,))["dependsOn"] == [
        {"jobId": other, "type": "N_TO_N"}
    ]
    assert "dependsOn" not in apply(paired, waits=(), n_to_n=(other,))
    assert "dependsOn" not in apply(samples.submission(), n_to_n=(other,))


def test_an_old_size_stays_an_old_size_while_it_can() -> None:
    old = samples.definition({"resourceRequirements": [{"type": "GPU", "value": "1"}], "vcpus": 4, "memory": 16384})
    values = forms.read_values(old, DEFINITION_FIELDS)
    more = apply(old, DEFINITION_FIELDS, vcpus="8", memory="0.5 GiB")["containerProperties"]
    half = apply(old, DEFINITION_FIELDS, vcpus="0.5")["containerProperties"]

    assert (values["vcpus"], values["memory"], values["gpus"]) == ("4", "16 GiB", "1")
    assert (more["vcpus"], more["memory"]) == (8, 512)
    assert "vcpus" not in half
    assert {"type": "VCPU", "value": "0.5"} in half["resourceRequirements"]


def test_what_nobody_understands_is_kept_for_the_judge() -> None:
    made = apply(samples.submission(), time_limit="a while", memory="lots", retries="three", command="echo 'x")

    assert made["timeout"] == {"attemptDurationSeconds": "a while"}
    assert made["retryStrategy"] == {"attempts": "three"}
    assert made["containerOverrides"]["command"] == "echo 'x"
    assert forms.read_values(made, JOB_FIELDS)["command"] == "echo 'x"


def test_a_number_in_quotes_can_be_put_right() -> None:
    document = samples.submission(retryStrategy={"attempts": "3"})

    assert forms.read_values(document, JOB_FIELDS)["retries"] == '"3"'
    assert forms.changed_values(document, JOB_FIELDS, {"retries": "3"}) == {"retries": "3"}
    assert apply(document, retries="3")["retryStrategy"] == {"attempts": 3}


def test_a_log_group_brings_its_driver() -> None:
    made = apply(samples.definition(), DEFINITION_FIELDS, log_group="/my/logs")

    assert made["containerProperties"]["logConfiguration"] == {
        "options": {"awslogs-group": "/my/logs"},
        "logDriver": "awslogs",
    }


def test_what_has_another_shape_is_left_alone() -> None:
    document = samples.submission(containerOverrides="none", tags=["a"])

    assert apply(document, command="echo", tags=(FieldRow("a", "b"),)) == document


def test_only_what_no_field_shows_is_counted() -> None:
    document = samples.submission(
        parameters={"a": "1", "b": "2"},
        containerOverrides={
            "command": ["x"],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1", "note": "x"}],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "NEW", "value": "1"}],
            "instanceType": "m5",
        },
        retryStrategy={"attempts": 2, "evaluateOnExit": [{"action": "EXIT"}]},
        tags={},
    )

    assert forms.unmapped_pointers(document, JOB_FIELDS) == [
        "/parameters",
        "/containerOverrides/environment/1/note",
        "/containerOverrides/resourceRequirements/1",
        "/containerOverrides/instanceType",
        "/retryStrategy/evaluateOnExit/0",
    ]
    assert forms.unmapped_pointers(samples.definition(), DEFINITION_FIELDS) == []


@pytest.mark.parametrize(
    ("pointer", "name"),
    [
        ("/jobName", "name"),
        ("/jobDefinition", "definition"),
        ("/containerOverrides/resourceRequirements/1/value", "memory"),
        ("/containerOverrides/resourceRequirements", "vcpus"),
        ("/containerOverrides/environment/0/name", "environment"),
        ("/containerOverrides/environment/0", "environment"),
        ("/timeout/attemptDurationSeconds", "time_limit"),
        ("/tags/Project", "tags"),
        ("/dependsOn/0/jobId", "waits"),
        ("/dependsOn/1/type", "n_to_n"),
        ("/parameters", None),
        ("", None),
    ],
)
def test_a_problem_finds_its_field(pointer: str, name: str | None) -> None:
    document = samples.submission(
        containerOverrides={
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1"}],
        },
        timeout={"attemptDurationSeconds": 60},
        tags={"Project": "a"},
        dependsOn=[{"jobId": samples.JOB_ID}, {"jobId": samples.JOB_ID, "type": "N_TO_N"}],
    )
    field = FieldIndex(document, JOB_FIELDS).field_at(pointer)

    assert (field.name if field else None) == name
