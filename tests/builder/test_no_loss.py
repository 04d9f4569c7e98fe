"""Opening loses nothing, and a field changes its own place: over hundreds of texts, as Python and the page's module
see them; over a thousand in `make fuzz`."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from jobs.spec import forms
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import FieldRow, FieldValue, FormField
from jobs.spec.forms.client_config import client_fields
from jobs.spec.parsing.json_tokens import blank_comments
from jobs.spec.parsing.jsonc import parse_jsonc
from tests import node
from tests.builder import documents
from tests.examples import FUZZ

pytestmark = pytest.mark.process

MANY = 500 if FUZZ else 150  # of each kind
SAMPLE = 100
TAGS = ("x y", "a")
"""Tags with fields of their own, as the rules of a team make them."""
TABLES = {
    DocumentKind.SUBMISSION: forms.with_tag_fields(forms.JOB_FIELDS, TAGS),
    DocumentKind.DEFINITION: forms.DEFINITION_FIELDS,
}
KINDS = list(TABLES)


@cache
def generated_documents(kind: DocumentKind) -> list[tuple[Document, str]]:
    return [documents.document(kind, number) for number in range(MANY)]


def load(text: str) -> Any:
    """What a text holds, its large number too."""
    return json.loads(blank_comments(text).text)


def to_plain(value: FieldValue) -> Any:
    if isinstance(value, str):
        return value
    return [vars(each) if isinstance(each, FieldRow) else each for each in value]


def applicable_fields(kind: DocumentKind, document: Document) -> list[FormField]:
    return [field for field in TABLES[kind] if field.lens.is_applicable(document)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_have_every_member_of_the_schema_and_some_unknown_ones(kind: DocumentKind) -> None:
    fields = set().union(*(documents.fields_in(kind, document) for document, _ in generated_documents(kind)))
    texts = "".join(text for _, text in generated_documents(kind))

    assert documents.members(kind) - fields == set()
    assert "unknownKey" in texts
    assert documents.LARGE in texts
    assert "// why" in texts


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_reads_what_python_reads(kind: DocumentKind) -> None:
    table = client_fields(TABLES[kind])
    texts = [text for _, text in generated_documents(kind)]
    for text, in_page in zip(texts, node.call("read", {"texts": texts, "table": table}), strict=True):
        document = load(text)
        in_python = {field.name: to_plain(field.lens.read(document)) for field in applicable_fields(kind, document)}
        assert in_page == in_python, text


@pytest.mark.parametrize("kind", KINDS)
def test_saving_untouched_gives_the_same_bytes(kind: DocumentKind) -> None:
    table = client_fields(TABLES[kind])
    texts = [text for _, text in generated_documents(kind)]
    assert node.call("save", {"texts": texts, "table": table}) == texts


@pytest.mark.parametrize("kind", KINDS)
def test_one_field_changes_exactly_its_place(kind: DocumentKind) -> None:
    table = client_fields(TABLES[kind])
    edits = [change(kind, text, number) for number, (_, text) in enumerate(generated_documents(kind))]
    sent = [{**edit, "value": to_plain(edit["value"])} for edit in edits]
    for edit, (after, part) in zip(edits, node.call("write", {"edits": sent, "table": table}), strict=True):
        before = load(edit["text"])
        meant = forms.apply_changes(before, TABLES[kind], {edit["name"]: edit["value"]})
        assert load(after) == meant, (edit["name"], edit["text"], after)
        kept = comments_beside((0, 0), after)
        assert comments_beside(part, edit["text"]) <= kept, (edit["name"], edit["text"], after)
        assert lines_are_kept(edit["text"], after), (edit["name"], edit["text"], after)


def test_every_sort_of_place_is_changed_filled_and_emptied() -> None:
    edits = [
        change(kind, text, number)
        for kind in KINDS
        for number, (_, text) in enumerate(generated_documents(kind)[:SAMPLE])
    ]
    told = {(edit["name"], bool(edit["value"])) for edit in edits}

    for kind in KINDS:
        assert {field.name for field in TABLES[kind]} <= {name for name, _ in told}
    assert {said for _, said in told} == {True, False}


def change(kind: DocumentKind, text: str, number: int) -> dict[str, Any]:
    """One field that is changed, filled or emptied, in a way that people can."""
    dice = random.Random(number)
    document = load(text)
    choices = applicable_fields(kind, document)
    field = choices[number % len(choices)]
    value: FieldValue = field.lens.read(document)
    if isinstance(value, str):
        new = {"memory": "16 GiB", "duration": "1 h 30 min", "command": "python 'a b' c", "number": "3"}
        value = "" if value and dice.random() < 0.3 else new.get(field.kind, "changed")
        if field.kind == "check":
            value = "" if field.lens.read(document) else "true"
        elif field.name == "retry_codes":
            value = "" if dice.random() < 0.3 else f"{field.lens.read(document)}, 137,1*"
        if field.name in ("definition", "revision"):
            value = "7" if field.name == "revision" else str(field.lens.read(document)) or "other"
    elif field.kind == "jobs":
        value = () if value and dice.random() < 0.5 else (*value, "00000000-0000-4000-8000-0000000000ff")
    else:
        rows = [each for each in value if isinstance(each, FieldRow)]
        kept = rows[1:] if dice.random() < 0.3 else rows
        changed = [FieldRow(row.name, f"{row.value}!", row.origin) for row in kept[:1]] + kept[1:]
        value = (*changed, FieldRow("NEW", "line\nline")) if dice.random() < 0.7 else tuple(changed)
    return {"text": text, "name": field.name, "value": value}


def comments_beside(part: Sequence[int], text: str) -> Counter[str]:
    """The comments that stand outside of a part of a text."""
    at = blank_comments(text).offsets
    return Counter(text[offset:].split("\n", maxsplit=1)[0][:5] for offset in at if not part[0] <= offset < part[1])


def lines_are_kept(before: str, after: str) -> bool:
    """Whether all lines that both have, but for a few, are there letter by letter: nothing was laid out anew."""
    if "\n" not in before.strip():
        return "\n" not in after.strip()
    there = {each.rstrip(",") for each in after.split("\n")}
    gone = [line for line in before.split("\n") if line.rstrip(",") not in there]
    return len(gone) <= 16


def test_the_reader_of_these_tests_reads_as_the_portal_does() -> None:
    for document, text in generated_documents(DocumentKind.SUBMISSION)[:SAMPLE]:
        if documents.LARGE not in text:
            assert parse_jsonc(text).value == document == load(text)
