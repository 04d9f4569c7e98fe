"""Launch forms: what is asked, what values make of the document, and what is wrong with a form."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from jobs.management import demo
from jobs.spec.documents import Document, DocumentKind, value_at
from jobs.spec.launch_forms import file_format
from jobs.spec.launch_forms.check import check_form, samples
from jobs.spec.launch_forms.fields import (
    DefaultSource,
    DependentChoices,
    FieldCondition,
    FieldMode,
    FormSection,
    LaunchField,
    LaunchFieldType,
    fields_of,
    parse_sections,
)
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.values import LaunchContext, read_values, sample_values
from jobs.spec.problems import has_errors
from jobs.spec.template_parameters import ParameterValue, iter_references
from tests.examples import examples

NOW = LaunchContext("ana", "research", date(2026, 11, 30), {"note": "as before"})
QUARTER = LaunchField("quarter", type=LaunchFieldType.CHOICE, choices=("Q1", "Q2"), default="Q1")
YEAR = LaunchField("year", type=LaunchFieldType.NUMBER, min=Decimal(2020), max=Decimal(2030), default="2026")
NOTE = LaunchField("note", required=False)
QUEUE = LaunchField("queue", mode=FieldMode.LOCKED, default="batch")
JOB = {
    "jobName": "risk-${param.quarter}-${param.year}",
    "jobQueue": "${param.queue}",
    "jobDefinition": "risk:3",
    "containerOverrides": {
        "command": ["risk", "--quarter", "${param.quarter}", "--note=${param.note}"],
        "environment": [{"name": "NOTE", "value": "${param.note}"}, {"name": "MODE", "value": "full"}],
    },
}
RISK = (FormSection("Period", (QUARTER, YEAR)), FormSection("", (NOTE, QUEUE)))


def read(*fields: LaunchField, **entries: Any) -> Any:
    return read_values(fields, entries, NOW)


def problem_of(field: LaunchField, value: Any) -> str:
    return "".join(problem.message for problem in read(field, **{field.name: value}).problems)


def job(**entries: Any) -> Document:
    values = read(*fields_of(RISK), **entries)
    assert not values.problems
    return fill_document(JOB, values.values, DocumentKind.SUBMISSION)


def test_a_form_makes_its_document_with_the_values():
    made = job(quarter="Q2", year=2025, note="again")

    assert made["jobName"] == "risk-Q2-2025"
    assert made["jobQueue"] == "batch"
    assert made["containerOverrides"]["command"] == ["risk", "--quarter", "Q2", "--note=again"]
    assert made["containerOverrides"]["environment"][0] == {"name": "NOTE", "value": "again"}


def test_an_empty_field_takes_its_places_out_of_the_document():
    made = job()

    assert made["containerOverrides"]["command"] == ["risk", "--quarter", "Q1"]
    assert made["containerOverrides"]["environment"] == [{"name": "MODE", "value": "full"}]


def test_in_a_longer_text_an_empty_field_is_empty():
    document = {
        "jobName": "a-${param.note}",
        "containerOverrides": {"command": ["sh", "-c", "run ${param.note} now"]},
    }

    assert fill_document(document, {"note": ParameterValue("")}, DocumentKind.SUBMISSION) == {
        "jobName": "a-",
        "containerOverrides": {"command": ["sh", "-c", "run  now"]},
    }


def test_a_locked_field_keeps_its_value():
    refused = read(QUEUE, queue="fast")
    own = read(QUEUE, queue="batch")

    assert [problem.pointer for problem in refused.problems] == ["/values/queue"]
    assert "is locked" in refused.problems[0].message
    assert refused.texts == own.texts == {"queue": "batch"}
    assert not own.problems


def test_a_field_that_is_not_shown_takes_no_value():
    mode = LaunchField("mode", type=LaunchFieldType.CHOICE, choices=("fast", "exact"), default="fast")
    digits = LaunchField("digits", shown_when=FieldCondition("mode", ("exact",)))

    hidden, forged, visible = read(mode, digits), read(mode, digits, digits="9"), read(mode, digits, mode="exact")

    assert (hidden.problems, hidden.texts["digits"], hidden.visible) == ((), "", {"mode"})
    assert "isn't part of the form" in forged.problems[0].message
    assert "Enter a value" in visible.problems[0].message
    assert not read(mode, digits, mode="exact", digits="9").problems


def test_what_a_hidden_field_decides_is_hidden_too():
    mode = LaunchField("mode", type=LaunchFieldType.YES_NO, default="false")
    kind = LaunchField(
        "kind", type=LaunchFieldType.YES_NO, default="true", shown_when=FieldCondition("mode", ("true",))
    )
    last = LaunchField("last", default="x", shown_when=FieldCondition("kind", ("true",)))

    assert read(mode, kind, last).visible == {"mode"}


def test_choices_depend_on_another_field():
    reference = LaunchField("reference", type=LaunchFieldType.CHOICE, choices=("small", "large"), default="small")
    memory = LaunchField(
        "memory",
        type=LaunchFieldType.CHOICE,
        mode=FieldMode.LOCKED,
        choices_by=DependentChoices("reference", {"small": ("2048",), "large": ("30720",)}),
    )

    assert read(reference, memory).texts["memory"] == "2048"
    assert read(reference, memory, reference="large").texts["memory"] == "30720"
    assert read(reference, memory, reference="large", memory="2048").problems


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (DefaultSource.PERSON, "ana"),
        (DefaultSource.TEAM, "research"),
        (DefaultSource.DATE, "2026-11-30"),
        (DefaultSource.LAST_RUN, "as before"),
    ],
)
def test_where_a_default_is_from(source: DefaultSource, text: str):
    assert read(replace(NOTE, default_from=source)).texts == {"note": text}


def test_a_last_value_that_is_no_choice_any_more_is_not_used():
    note = LaunchField(
        "note", type=LaunchFieldType.CHOICE, choices=("a",), default="a", default_from=DefaultSource.LAST_RUN
    )

    assert read(note).texts == {"note": "a"}


SEVERAL = LaunchField("days", type=LaunchFieldType.SEVERAL, choices=("mon", "tue"))


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (YEAR, 2030, 2031),
        (YEAR, "2020", "2019.5"),
        (replace(YEAR, step=Decimal(2)), 2022, 2023),
        (QUARTER, "Q2", "Q3"),
        (SEVERAL, ["mon", "tue"], ["mon", "wed"]),
        (SEVERAL, "tue", "tue,tue"),
        (LaunchField("quick", type=LaunchFieldType.YES_NO), True, "maybe"),
        (LaunchField("day", type=LaunchFieldType.DATE), "2026-02-28", "2026-02-30"),
        (LaunchField("input", type=LaunchFieldType.PATH), "s3://data/a.csv", "data/a.csv"),
        (LaunchField("key", type=LaunchFieldType.SECRET), "prod/db", "not a name"),
        (
            LaunchField("input", pattern="s3://data/*.csv", sample="s3://data/a.csv"),
            "s3://data/b.csv",
            "s3://x/b.csv",
        ),
        (LaunchField("name"), "x", ""),
        (LaunchField("name"), "x", "a\x00"),
        (LaunchField("name"), "x", {"a": 1}),
    ],
)
def test_values_that_a_field_takes(field: LaunchField, good: Any, bad: Any):
    assert problem_of(field, good) == ""
    assert problem_of(field, bad).startswith((field.title, "Enter"))


def test_an_unknown_field_is_refused():
    [problem] = read(QUARTER, image="mine").problems

    assert problem.pointer == "/values/image"
    assert "Its fields: quarter" in problem.message


def test_a_form_survives_its_file():
    reference = LaunchField(
        "reference", "Reference", "Which", LaunchFieldType.CHOICE, choices=("a", "b"), default="a"
    )
    rest = LaunchField(
        "rest",
        type=LaunchFieldType.CHOICE,
        choices_by=DependentChoices("reference", {"a": ("1",), "b": ("2", "3")}),
        shown_when=FieldCondition("reference", ("b",)),
        default_from=DefaultSource.LAST_RUN,
    )
    content = file_format.LaunchContent(
        "Risk", "", (*RISK, FormSection("More", (reference, rest))), "What", ("finance",)
    )

    file = json.loads(json.dumps(file_format.to_file(content, JOB, 3)))

    assert file_format.check_form_file(file) == []
    assert file_format.from_file(file) == (content, JOB)


def test_a_file_with_other_keys_is_refused():
    [problem] = file_format.check_form_file(
        {"name": "x", "sections": [{"fields": [{"nam": "a", "name": "b"}]}], "document": {}}
    )

    assert problem.pointer == "/sections/0/fields/0/nam"


def test_a_sound_form_has_no_problems():
    assert check_form(JOB, DocumentKind.SUBMISSION, RISK) == []


FIELD = "/sections/0/fields/0"


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        (replace(NOTE, name="no te"), f"{FIELD}/name"),
        (replace(NOTE, label="x" * 101), f"{FIELD}/label"),
        (replace(YEAR, name="note", min=Decimal(2040)), f"{FIELD}/max"),
        (replace(YEAR, name="note", default="1999"), f"{FIELD}/default"),
        (replace(NOTE, min=Decimal(1)), f"{FIELD}/min"),
        (replace(QUARTER, name="note", choices=()), f"{FIELD}/choices"),
        (replace(SEVERAL, name="note", choices=("a,b",)), f"{FIELD}/choices"),
        (replace(NOTE, pattern="a*", sample="b"), f"{FIELD}/sample"),
        (replace(NOTE, pattern="a*"), f"{FIELD}/sample"),
        (replace(NOTE, default="${param.x}"), f"{FIELD}/default"),
        (replace(NOTE, mode=FieldMode.LOCKED), f"{FIELD}/default"),
        (replace(NOTE, mode=FieldMode.LOCKED, default_from=DefaultSource.LAST_RUN), f"{FIELD}/default_from"),
        (replace(YEAR, name="note", default_from=DefaultSource.PERSON, default=None), f"{FIELD}/default_from"),
        (replace(NOTE, shown_when=FieldCondition("later", ("a",))), f"{FIELD}/shown_when/field"),
        (replace(NOTE, name="unused"), f"{FIELD}/name"),
    ],
)
def test_what_is_wrong_with_a_field(field: LaunchField, pointer: str):
    document = {**JOB, "jobName": "x-${param.note}", "jobQueue": "q", "containerOverrides": {}}

    assert pointer in [
        problem.pointer for problem in check_form(document, DocumentKind.SUBMISSION, [FormSection("", (field,))])
    ]


def test_a_reference_without_a_field_is_an_error_at_its_place():
    [problem] = check_form(JOB, DocumentKind.SUBMISSION, [FormSection("", (QUARTER, YEAR, NOTE))])

    assert problem.pointer == "/document/jobQueue"


def test_the_document_is_checked_with_and_without_optional_values():
    document = {"jobName": "x", "jobDefinition": "risk:3", "jobQueue": "${param.note}"}

    problems = check_form(document, DocumentKind.SUBMISSION, [FormSection("", (NOTE,))])

    [problem] = problems
    assert problem.pointer == "/document"
    assert "jobQueue" in problem.message


def test_a_secret_is_neither_a_choice_nor_a_default():
    field = replace(NOTE, name="password", default="hunter2")
    document = {**JOB, "jobName": "x", "jobQueue": "q"}
    document["containerOverrides"] = {"environment": [{"name": "DB_PASSWORD", "value": "${param.password}"}]}

    [problem] = check_form(document, DocumentKind.SUBMISSION, [FormSection("", (field,))])

    assert problem.rule == "form.secret-choice"
    assert not has_errors(
        check_form(document, DocumentKind.SUBMISSION, [FormSection("", (replace(field, default=None),))])
    )


DEMO_FORMS = sorted(Path(demo.__file__).parent.glob("forms/*/*.json"))


@pytest.mark.parametrize("path", DEMO_FORMS, ids=lambda path: path.stem)
def test_the_forms_of_the_demo_are_sound(path: Path):
    file = json.loads(path.read_text())
    assert file_format.check_form_file(file) == []
    content, document = file_format.from_file(file)

    kind = DocumentKind.WORKFLOW if "jobs" in document else DocumentKind.SUBMISSION
    assert not has_errors(check_form(document, kind, content.sections))


# -- What the form does not name can't be changed

NAMES = ("a", "b", "c", "d")
TEXTS = some.text(some.characters(codec="ascii", exclude_characters="\x7f", min_codepoint=32), min_size=1, max_size=6)


@some.composite
def random_fields(draw: some.DrawFn) -> tuple[LaunchField, ...]:
    fields: list[LaunchField] = []
    flags = some.booleans()
    for name in NAMES:
        kind = draw(some.sampled_from([LaunchFieldType.TEXT, LaunchFieldType.NUMBER, LaunchFieldType.CHOICE]))
        choices = ("x", "y") if kind is LaunchFieldType.CHOICE else ()
        default = {"text": "own", "number": "7", "choice": "x"}[kind]
        controls = [field.name for field in fields if field.has_choices]
        condition = None
        if bool(controls) and draw(flags):
            condition = FieldCondition(draw(some.sampled_from(controls)), ("y",))
        mode = draw(some.sampled_from(FieldMode))
        required = draw(flags)
        has_default = mode is FieldMode.LOCKED or draw(flags)
        fields.append(
            LaunchField(
                name,
                type=kind,
                mode=mode,
                required=required,
                default=default if has_default else None,
                choices=choices,
                shown_when=condition,
            )
        )
    return tuple(fields)


STRINGS = some.one_of(
    TEXTS,
    some.sampled_from([f"${{param.{name}}}" for name in NAMES]),
    some.sampled_from(NAMES).map(lambda name: f"--{name}=${{param.{name}}}"),
    some.lists(some.sampled_from(NAMES), min_size=1, max_size=2).map(
        lambda names: "pre " + " ".join(f"${{param.{name}}}" for name in names)
    ),
)
PAIRS = some.builds(lambda name, value: {"name": name, "value": value}, some.sampled_from(["K", "L"]), STRINGS)
JOBS = some.fixed_dictionaries(
    {"jobName": STRINGS, "jobQueue": STRINGS, "jobDefinition": some.just("d:1")},
    optional={
        "parameters": some.dictionaries(some.sampled_from(["p", "q"]), STRINGS, max_size=2),
        "containerOverrides": some.fixed_dictionaries(
            {}, optional={"command": some.lists(STRINGS, max_size=3), "environment": some.lists(PAIRS, max_size=3)}
        ),
    },
)
ENTRIES = some.dictionaries(some.sampled_from((*NAMES, "z")), some.one_of(TEXTS, some.sampled_from(["x", "y", "3"])))


def written_by_hand(document: Document, texts: dict[str, str]) -> Document:
    """Write the values into the JSON, place by place: the last first, so that places before stay where they are."""
    result = deepcopy(document)
    for path, text in reversed(list(iter_references(document, ()))):
        written, references = text, 0
        for name in NAMES:
            references += written.count(f"${{param.{name}}}")
            written = written.replace(f"${{param.{name}}}", f"\0{name}\0")
        parts = written.split("\0")
        value = "".join(texts[part] if number % 2 else part for number, part in enumerate(parts))
        owner = value_at(result, *path[:-1])
        is_alone = references == 1 and len(parts) == 3 and not parts[2] and not texts[parts[1]]
        is_option = isinstance(path[-1], int) and parts[0].startswith("--") and parts[0].endswith("=")
        if is_alone and (not parts[0] or is_option):
            if path[-1] == "value":
                del value_at(result, *path[:-2])[path[-2]]
            else:
                del owner[path[-1]]
        else:
            owner[path[-1]] = value
    return result


@examples(30, 2_000)
@given(random_fields(), JOBS, ENTRIES)
def test_a_form_changes_only_the_places_it_names(
    fields: tuple[LaunchField, ...], document: Document, entries: dict[str, str]
):
    values = read_values(fields, entries, LaunchContext())
    if values.problems:
        return
    by_name = {field.name: field for field in fields}
    own = read_values(fields, {}, LaunchContext()).texts

    made = fill_document(document, values.values, DocumentKind.SUBMISSION)

    assert made == written_by_hand(document, values.texts)
    for name, text in values.texts.items():  # and only what is asked has another value than the form's own
        if name not in values.visible or by_name[name].is_locked:
            assert text == (own[name] if by_name[name].is_locked else by_name[name].default or "")
    for path, leaf in leaves(document):
        if (path, leaf) not in list(iter_references(document, ())):
            assert leaf in [other for _, other in leaves(made)]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if members is None:
        return [(path, value)]
    return [leaf for key, member in members for leaf in leaves(member, (*path, key))]


@examples(30, 2_000)
@given(random_fields())
def test_the_samples_of_a_form_are_values_that_it_takes(fields: tuple[LaunchField, ...]):
    assert [values.problems for values in samples(fields)] == [()] * len(list(samples(fields)))
    assert sample_values(fields).values.keys() == set(NAMES)


def test_a_field_that_cannot_be_read_is_text():
    assert parse_sections([{"title": 1, "fields": [{"name": "a", "type": "other"}, 7]}, 8]) == (
        FormSection("", (LaunchField("a"),)),
    )
