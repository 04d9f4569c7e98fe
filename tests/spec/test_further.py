"""Everything that AWS's schema has is found by words, and shown as controls that give a value back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import schema_fields
from jobs.spec.forms.everyday_words import KEYWORDS
from jobs.spec.forms.schema_fields import FieldGroup, GroupList, SchemaControl, part_at, search_fields
from jobs.spec.problems import resolve_pointer
from tests.examples import examples
from tests.fuzz.documents import of_schema
from tests.spec import samples

CONTAINER: Document = {"jobDefinitionName": "a", "containerProperties": {"image": "x"}}


def pointers(kind: DocumentKind, words: str, document: Document = CONTAINER) -> list[str]:
    return [field.pointer for field in search_fields(kind, words, document)]


@pytest.mark.parametrize(
    ("words", "pointer"),
    [
        ("shared memory", "/containerProperties/linuxParameters/sharedMemorySize"),
        ("sharedmemorysize", "/containerProperties/linuxParameters/sharedMemorySize"),
        ("ULIMITS", "/containerProperties/ulimits"),
        ("soft limit", "/containerProperties/ulimits"),
        ("efs", "/containerProperties/volumes"),
        ("secret", "/containerProperties/secrets"),
        ("public ip", "/containerProperties/networkConfiguration/assignPublicIp"),
        ("scheduling", "/schedulingPriority"),
    ],
)
def test_a_field_is_found_by_its_name_however_it_is_written(words: str, pointer: str) -> None:
    assert pointers(DocumentKind.DEFINITION, words)[0] == pointer


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("how many", ["/arrayProperties"]),
        ("spot", ["/retryStrategy/evaluateOnExit"]),
        ("repeat", ["/arrayProperties", "/retryStrategy", "/retryStrategy/attempts"]),
        ("several times", ["/arrayProperties"]),
        ("memory", ["/containerOverrides/memory", "/containerOverrides/resourceRequirements"]),
        ("RAM", ["/containerOverrides/memory", "/containerOverrides/resourceRequirements"]),
        ("gpu", ["/containerOverrides/resourceRequirements"]),
        ("machine", ["/containerOverrides/instanceType", "/containerOverrides/resourceRequirements"]),
        ("timeout", ["/timeout"]),
        ("time out", []),
        ("priority", ["/schedulingPriorityOverride"]),
        ("env", ["/containerOverrides/environment"]),
        ("variables", ["/parameters", "/containerOverrides/environment"]),
    ],
)
def test_a_field_of_a_job_is_found_by_everyday_words(words: str, expected: list[str]) -> None:
    assert pointers(DocumentKind.SUBMISSION, words, {})[: len(expected)] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("disk", {"/containerProperties/ephemeralStorage", "/containerProperties/volumes"}),
        ("a disk", {"/containerProperties/ephemeralStorage", "/containerProperties/volumes"}),
        ("password", {"/containerProperties/secrets"}),
        ("cores", {"/containerProperties/vcpus", "/containerProperties/resourceRequirements"}),
        ("internet", {"/containerProperties/networkConfiguration"}),
        ("cloudw", {"/containerProperties/logConfiguration"}),
        ("urgent", {"/schedulingPriority"}),
    ],
)
def test_a_field_of_a_definition_is_found_by_everyday_words(words: str, expected: set[str]) -> None:
    assert expected <= set(pointers(DocumentKind.DEFINITION, words)[:4])


def test_everyday_words_belong_to_fields_that_exist() -> None:
    labels = {
        names[-1]
        for kind in (DocumentKind.DEFINITION, DocumentKind.SUBMISSION)
        for _, names, _ in schema_fields._searchable_fields(kind)
    }
    assert set(KEYWORDS) <= labels


def test_what_no_name_answers_to_is_found_by_what_aws_says_of_it() -> None:
    assert "/containerProperties/linuxParameters/initProcessEnabled" in pointers(DocumentKind.DEFINITION, "reaps")
    assert search_fields(DocumentKind.DEFINITION, "zebra", CONTAINER) == []
    assert search_fields(DocumentKind.DEFINITION, " / ", CONTAINER) == []


def test_a_definition_of_one_container_is_offered_nothing_of_the_other_blocks() -> None:
    assert not [each for each in pointers(DocumentKind.DEFINITION, "containers") if each.startswith("/ecsProperties")]
    assert (
        pointers(DocumentKind.DEFINITION, "containers", {"ecsProperties": {}})[0] == "/ecsProperties/taskProperties"
    )


def test_every_place_of_the_schema_that_is_found_can_be_shown() -> None:
    for kind in (DocumentKind.DEFINITION, DocumentKind.SUBMISSION):
        for field, *_ in schema_fields._searchable_fields(kind):
            part = part_at(kind, field.pointer, {})
            assert part is not None, field.pointer
            assert part.help == field.help or isinstance(part, GroupList)


def test_a_group_shows_its_values_and_offers_what_the_document_does_not_say() -> None:
    linux = {"devices": [{"hostPath": "/dev/a"}], "swappiness": 3, "initProcessEnabled": False}
    group = part_at(
        DocumentKind.DEFINITION,
        "/containerProperties/linuxParameters",
        {"containerProperties": {"linuxParameters": linux}},
    )

    assert isinstance(group, FieldGroup)
    values = {control.pointer.rpartition("/")[2]: (control.type, control.value) for control in group.controls}
    assert values["swappiness"] == ("whole", "3")
    assert values["initProcessEnabled"] == ("boolean", "false")
    assert values["maxSwap"] == ("whole", "")
    assert [part.pointer for part in group.parts] == ["/containerProperties/linuxParameters/devices"]
    assert [offer.label for offer in group.offers] == ["Tmpfs"]


def test_a_list_has_room_for_the_next_and_no_gaps() -> None:
    document = {"containerProperties": {"ulimits": [{"name": "nofile"}]}}
    part = part_at(DocumentKind.DEFINITION, "/containerProperties/ulimits", document)
    full = part_at(
        DocumentKind.SUBMISSION, "/retryStrategy/evaluateOnExit", {"retryStrategy": {"evaluateOnExit": [{}] * 5}}
    )

    assert isinstance(part, GroupList)
    assert part.next_pointer == "/containerProperties/ulimits/-"
    added = part_at(DocumentKind.DEFINITION, part.next_pointer, document)
    assert added is not None
    assert added.pointer == "/containerProperties/ulimits/1"
    assert part_at(DocumentKind.DEFINITION, "/containerProperties/ulimits/1", document)
    assert part_at(DocumentKind.DEFINITION, "/containerProperties/ulimits/2", document) is None
    assert isinstance(full, GroupList)
    assert full.next_pointer == ""
    assert (
        part_at(
            DocumentKind.SUBMISSION,
            "/retryStrategy/evaluateOnExit/-",
            {"retryStrategy": {"evaluateOnExit": [{}] * 5}},
        )
        is None
    )


@pytest.mark.parametrize(
    ("pointer", "document"),
    [
        ("", {}),
        ("nowhere", {}),
        ("/nowhere", {}),
        ("/containerProperties/linuxParameters/nowhere", {}),
        ("/containerProperties/ulimits/x", {}),
        ("/containerProperties/ulimits/00", {}),
        ("/containerProperties/linuxParameters", {"containerProperties": "a text"}),
        ("/containerProperties/linuxParameters", {"containerProperties": {"linuxParameters": []}}),
        ("/containerProperties/ulimits", {"containerProperties": {"ulimits": {}}}),
    ],
)
def test_what_is_nowhere_or_has_another_shape_is_not_shown(pointer: str, document: Document) -> None:
    assert part_at(DocumentKind.DEFINITION, pointer, document) is None


def test_a_value_that_its_control_could_not_give_back_is_shown_as_json() -> None:
    for key, odd in {"swappiness": "three", "initProcessEnabled": "yes"}.items():
        pointer = f"/containerProperties/linuxParameters/{key}"
        part = part_at(DocumentKind.DEFINITION, pointer, {"containerProperties": {"linuxParameters": {key: odd}}})
        assert isinstance(part, SchemaControl)
        assert (part.type, part.value) == ("json", json.dumps(odd))


def test_keys_are_read_as_words() -> None:
    keys = ("sharedMemorySize", "executionRoleArn", "sizeInGiB", "vcpus")

    assert [schema_fields.key_label(key) for key in keys] == [
        "Shared memory size", "Execution role ARN", "Size in GiB", "vCPUs",
    ]  # fmt: skip


def controls(part: schema_fields.SchemaPart) -> list[SchemaControl]:
    if isinstance(part, SchemaControl):
        return [part]
    if isinstance(part, GroupList):
        return [control for group in part.entries for control in controls(group)]
    return [*part.controls, *(control for each in part.parts for control in controls(each))]


def control_value(control: SchemaControl) -> object:
    """The value that a control stands for, as the page's script takes it."""
    match control.type:
        case "members":
            return dict(control.rows) or None
        case "whole" | "number" | "json" | "boolean":
            return json.loads(control.value) if control.value else None
        case "lines":
            return control.value.split("\n") if control.value else None
    return control.value


@pytest.mark.long
@examples(30, 2_000)
@given(of_schema(DocumentKind.DEFINITION) | some.just(samples.definition()))
def test_whatever_a_control_shows_is_what_the_document_has_there(document: Document) -> None:
    for key in document:
        part = part_at(DocumentKind.DEFINITION, f"/{key}", document)
        assert part is not None
        for control in controls(part):
            try:
                held = resolve_pointer(document, control.pointer)
            except LookupError:
                assert control.value == ""
            else:
                assert control_value(control) == held or (not held and not control_value(control))
