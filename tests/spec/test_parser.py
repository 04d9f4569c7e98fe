"""What becomes of a person's text."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec.copy_formats import CopyTarget, write_cli_command
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing import json_error_messages, json_source_map, json_tokens
from jobs.spec.parsing.parser import MAX_TEXT_BYTES, DocumentParseError, TextPosition, parse
from jobs.spec.problems import Severity
from tests.examples import examples

SUBMISSION = '{"jobName": "hello", "jobQueue": "small", "jobDefinition": "greet"}'


def parse_error(source: str | bytes) -> DocumentParseError:
    with pytest.raises(DocumentParseError) as refused:
        parse(source)
    return refused.value


def test_bytes_and_text_are_read_alike_with_or_without_a_byte_order_mark() -> None:
    plain = parse(SUBMISSION)
    assert (
        parse(SUBMISSION.encode())
        == parse(b"\xef\xbb\xbf" + SUBMISSION.encode())
        == parse("\ufeff" + SUBMISSION)
        == plain
    )
    assert (plain.changes, plain.problems) == ((), ())


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('{"jobs": []}', DocumentKind.WORKFLOW),
        ('{"jobs": 3}', DocumentKind.WORKFLOW),
        ('{"jobDefinitionName": "x", "jobName": "y"}', DocumentKind.DEFINITION),
        ('{"jobQueue": "x"}', DocumentKind.SUBMISSION),
        ('{"jobDefinition": "x"}', DocumentKind.SUBMISSION),
    ],
)
def test_a_document_tells_its_kind_by_its_keys(source: str, kind: DocumentKind) -> None:
    assert parse(source).kind is kind


def test_an_object_of_no_kind_is_told_which_keys_are_looked_for() -> None:
    message = parse_error('{"image": "busybox"}').message
    assert all(key in message for key in ["jobs", "jobDefinitionName", "jobDefinition", "jobQueue", "jobName"])


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("containerProperties", "container"),
        ("ecsProperties", "container"),
        ("eksProperties", "container"),
        ("nodeProperties", "multinode"),
    ],
)
def test_a_definition_without_a_type_gets_that_of_its_properties_and_it_is_said(block: str, expected: str) -> None:
    reading = parse(f'{{"jobDefinitionName": "x", "{block}": {{"x": 1}}}}')
    assert reading.document["type"] == expected
    assert [(change.pointer, block in change.message) for change in reading.changes] == [("/type", True)]


def test_a_definition_keeps_the_type_it_has_and_gets_none_when_its_properties_disagree() -> None:
    assert parse('{"jobDefinitionName": "x", "type": "odd", "nodeProperties": {"x": 1}}').changes == ()
    both = parse('{"jobDefinitionName": "x", "containerProperties": {"x": 1}, "nodeProperties": {"x": 1}}')
    assert "type" not in both.document
    assert both.changes == ()


def test_comments_are_left_out_and_it_is_said_on_which_lines() -> None:
    source = '{ // one\n"jobName": "a#b", # two\n/* three\nfour */ "jobQueue": "http://x/*y*/" }'
    reading = parse(source)
    assert reading.document == {"jobName": "a#b", "jobQueue": "http://x/*y*/"}
    assert [change.message for change in reading.changes] == [
        "The comments on lines 1, 2 and 3 were left out: JSON has no comments."
    ]
    assert reading.position("/jobQueue") == TextPosition(4, 9)


def test_many_comments_are_said_in_one_short_sentence() -> None:
    [change] = parse("#\n" * 500 + SUBMISSION).changes
    assert len(change.message) < 120
    assert "492 more" in change.message


def test_a_key_that_stands_twice_is_an_error_that_names_both_lines() -> None:
    source = '{"jobName": "a",\n "jobQueue": "q", "dependsOn": [{"jobId": "x",\n\n "jobId": "y"}],\n "jobName": "b"}'
    inner, outer = parse(source).problems
    assert (inner.pointer, outer.pointer) == ("/dependsOn/0/jobId", "/jobName")
    assert "lines 2 and 4" in inner.message
    assert "lines 1 and 5" in outer.message
    assert inner.severity is outer.severity is Severity.ERROR


@pytest.mark.long
def test_one_document_tells_no_more_than_a_handful_of_duplicate_keys() -> None:
    key = "k" * 300_000
    repeats = ", ".join(['"a": 1'] * 50_000)
    source = f'{{"jobName": {{"{key}": {{{repeats}}}}}}}'
    assert len(parse(source).problems) == json_source_map.MAX_DUPLICATES


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", TextPosition(1, 1)),
        ("/jobs", TextPosition(1, 2)),
        ("/jobs/1", TextPosition(3, 2)),
        ("/jobs/1/a~1b~0", TextPosition(3, 3)),
        ('/jobs/1/q"', TextPosition(3, 16)),
        ("/jobs/1/none/deeper", TextPosition(3, 2)),
        ("/jobs/9", TextPosition(1, 2)),
        ("/elsewhere", TextPosition(1, 1)),
    ],
)
def test_a_pointer_has_a_place_and_else_its_nearest_ancestor(pointer: str, place: TextPosition) -> None:
    assert parse('{"jobs": [\r\n {},\r {"a/b~": [1], "q\\"": null}]}').position(pointer) == place


@pytest.mark.parametrize("source", ["", "  \n\t", "\ufeff", b""])
def test_an_empty_text_is_called_empty(source: str | bytes) -> None:
    assert parse_error(source).message == "The text is empty."


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("[]", "an empty list"),
        ('[{"jobName": "a"}]', "a list"),
        ('"hello"', "the string “hello”"),
        ("12", "the number 12"),
        ("null", "null"),
        ("true", "true"),
    ],
)
def test_a_text_that_holds_no_object_is_told_what_it_holds(source: str, found: str) -> None:
    assert f"The text is {found};" in parse_error(source).message


def test_a_text_of_two_megabytes_is_refused_with_both_sizes() -> None:
    sources: list[str | bytes] = ["x" * 2 * MAX_TEXT_BYTES, b"x" * 2 * MAX_TEXT_BYTES, "é" * MAX_TEXT_BYTES]
    for source in sources:
        assert "2 MiB" in parse_error(source).message
        assert "1 MiB" in parse_error(source).message


def test_a_text_of_one_mebibyte_is_read() -> None:
    filler = "x" * (MAX_TEXT_BYTES - len(SUBMISSION) - 10)
    assert parse(SUBMISSION[:-1] + f', "x": "{filler}"}}').document["x"] == filler


@pytest.mark.parametrize("depth", [33, 200, 100_000])
@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_brackets_too_deep_are_refused_with_their_line(depth: int, bracket: str) -> None:
    error = parse_error('{"jobs":\n' + bracket * depth)
    assert "the limit is 32" in error.message
    assert error.line == 2


def test_brackets_within_texts_are_not_counted() -> None:
    assert parse('{"jobName": "' + "[{" * 100 + '"}').document["jobName"] == "[{" * 100


@pytest.mark.parametrize(
    ("source", "line", "named"),
    [
        ('{"jobs":\nNaN}', 2, "NaN"),
        ('{"jobName": "NaN", "jobs": [1,\n\n-Infinity]}', 3, "-Infinity"),
        ('{"jobs":\n' + "9" * 1_000_000 + "}", 2, "1,000,000 characters"),
        ('{"jobs":\n-9223372036854775809}', 2, "-9223372036854775809"),
        ('{"jobs":\n1e999}', 2, "1e999"),
        ('{"jobs":\n0.' + "1" * 5_000 + "}", 2, "too long"),
        ('{"jobName":\n "\\ud800"}', 2, "\\ud800"),
        ('{"jobName":\n "\\\\\\udc00\\ud83d"}', 2, "\\udc00"),
        ('{"jobName":\n "\\u0000"}', 2, "\\u0000"),
        ('{"jobName":\n "\ud800"}', 2, "half a character"),
    ],
)
def test_numbers_and_characters_that_cannot_be_kept_are_refused_at_their_line(
    source: str, line: int, named: str
) -> None:
    error = parse_error(source)
    assert error.line == line
    assert named in error.message


def test_whole_characters_written_as_escapes_are_read() -> None:
    assert parse('{"jobName": "\\ud83d\\ude00 \\\\ud800 \\u00e9"}').document["jobName"] == "😀 \\ud800 é"


def test_text_that_is_not_utf8_is_refused_at_its_place() -> None:
    error = parse_error('{\n "jobName": "é"}'.encode("latin-1"))
    assert (error.line, error.column) == (2, 14)
    assert "UTF-8" in error.message
    assert "UTF-16" in parse_error(SUBMISSION.encode("utf-16")).message


HINTS = [
    ('{"a": 1,\n}', 2, 1, "a comma before the closing }"),
    ('{"a": [1, ]}', 1, 11, "a comma before the closing ]"),
    ('{"a": [1,, 2]}', 1, 10, "an extra comma"),
    ("{'a': 1}", 1, 2, "double quotes"),
    ("{\"a\": 'b'}", 1, 7, "not single quotes"),
    ("{“a”: 1}", 1, 2, "typographic"),
    ("{a: 1}", 1, 2, "the key “a”"),
    ('{"a": b}', 1, 7, "“b” must be in double quotes"),
    ('{"a": True}', 1, 7, "true in lower case"),
    ('{"a": None}', 1, 7, "leave the key out"),
    ('{"a" = 1}', 1, 6, "not “=”"),
    ('{"a" => 1}', 1, 6, "not “=”"),
    ('{"a" 1}', 1, 6, "expected “:” between"),
    ('{"a": 1\n "b": 2}', 2, 2, "a comma is missing"),
    ('{"a": 01}', 1, 8, "a comma is missing"),
    ('{"a": +1}', 1, 7, "not a valid JSON number"),
    ('{"a": {"b": [1, 2}}', 1, 18, "does not match the open bracket"),
    ('{\n"a": {"b": 1}', 2, 14, "the { on line 1 is not closed (missing at the end: })"),
    ('{"a": [{"b":', 1, 13, "(missing at the end: }]})"),
    ('{"a": "b\n}', 1, 7, "no closing double quote"),
    ('{"a": "b', 1, 7, "no closing double quote"),
    ('{"a": "b\tc"}', 1, 9, "control character"),
    ('{"a": "C:\\dir"}', 1, 10, "backslash"),
    ('{"a": 1}}', 1, 9, "has no opening bracket"),
    ('{"a": 1}\n{"b": 2}', 2, 1, "a second document"),
    ('{"a": 1},', 1, 9, "ends before this comma"),
    ('{"a": 1}\nEOF', 2, 1, "part of the shell command"),
    ('{"a": 1\nEOF', 2, 1, "part of the shell command"),
    ('{"a": 1} hello', 1, 10, "remove the rest"),
    ('{"a": $NAME}', 1, 7, "a shell variable"),
    ('{"a":\u00a01}', 1, 6, "U+00A0"),
    ('# first\ncat > job.json << EOF\n{"a": 1}\nEOF', 2, 1, "between “<< EOF” and “EOF”"),
    ("aws batch list-jobs --job-queue x", 1, 1, "a shell command"),
    ("---\njobs of mine: x", 1, 1, "YAML"),
    ("name: x\nqueue: y", 1, 1, "YAML"),
    ('resource "aws_batch_job_queue" "x" {\n}', 1, 1, "Terraform"),
    ("<html>", 1, 1, "web page"),
    ('```json\n{"a": 1}\n```', 1, 1, "Markdown"),
    ('"jobName": "x"', 1, 1, "outer { } are missing"),
    ('{"a": 1} /* x', 1, 10, "is not closed"),
]


@pytest.mark.parametrize(("source", "line", "column", "hint"), HINTS)
def test_what_is_not_json_is_told_where_and_what_to_do(source: str, line: int, column: int, hint: str) -> None:
    error = parse_error(source)
    assert hint in error.message
    assert (error.line, error.column) == (line, column)
    assert error.message.startswith(f"Line {line}, column {column}: ")


def test_no_message_about_a_text_is_in_pythons_words() -> None:
    for source, *_ in HINTS:
        assert not re.search(r"Expecting|delimiter|Traceback|codec|literal", parse_error(source).message)


MARKS = (
    '{ } [ ] : , " \\ / # * \' $ = // /* */ "a" "jobs" "jobName" 1 - 1e999 NaN true '
    "\\ud800 \\u0000 \ud800 \x00 é EOF ${a}"
)
PIECES = st.sampled_from([*MARKS.split(" "), "9" * 50, "\n", "\r", "\t", " "])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["jobs", "jobName", "x"]) | st.text(), inner),
)


@pytest.mark.long
@examples(50, 5_000)
@given(st.text() | st.binary() | st.lists(PIECES, max_size=40).map("".join) | JSON.map(json.dumps))
def test_no_text_of_any_kind_breaks_reading(source: str | bytes) -> None:
    refused: DocumentParseError | None = None
    try:
        reading = parse(source)
    except DocumentParseError as error:
        refused = error
    if refused is None:
        json.dumps(reading.document).encode()
        for pointer in ["", "/jobs/0", "/x"]:
            reading.position(pointer)
    else:
        assert refused.message.endswith((".", "?"))
        assert "\n" not in refused.message
        assert min(refused.line, refused.column) >= 1


@pytest.mark.long
@examples(20, 1_000)
@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_every_value_has_the_place_where_it_stands(value: Any) -> None:
    source = json.dumps(value, indent=1, allow_nan=True, ensure_ascii=False)
    lines = source.split("\n")
    starts = json_tokens.LineIndex(source)
    source_map = json_source_map.build_source_map(source)
    for pointer, key in leaves(value):
        place = starts.position(source_map.offset(pointer))
        expected = json.dumps(key, ensure_ascii=False)
        assert lines[place.line - 1][place.column - 1 :].startswith(expected) or "\r" in source or "\x0b" in expected


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Each key of a document with the pointer to its value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in entries:
        here = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if isinstance(key, str):
            yield here, key
        yield from leaves(member, here)


@pytest.mark.long
@pytest.mark.parametrize("junk", ["[", "/", '"', "#", "/*", '"\\', "\\", '{"a":', "*/", "'", ",", "\n#", '"\n', "1 "])
def test_a_mebibyte_of_junk_is_refused_in_one_pass(junk: str) -> None:
    """By size, not by the clock: anything quadratic would need 10^12 steps here and never end."""
    error = parse_error(junk * (MAX_TEXT_BYTES // len(junk)))
    assert len(error.message) < 250


def test_every_complaint_is_made_of_one_place_and_one_sentence() -> None:
    for source, *_ in HINTS:
        try:
            json.loads(source)
        except json.JSONDecodeError as error:
            complaint = json_error_messages.explain_json_error(source, error)
            assert 0 <= complaint.offset <= len(source)
            assert complaint.message.endswith((".", "?"))


def test_what_is_written_as_a_command_is_read_as_the_same_document() -> None:
    document = {
        "jobDefinitionName": "it's",
        "type": "container",
        "containerProperties": {"image": "a:1", "command": ["sh", "-c", 'echo "$HOME" \\ é']},
    }

    assert parse(write_cli_command(document, DocumentKind.DEFINITION, CopyTarget("us-west-2"))).document == document


def test_of_a_job_that_the_portal_sent_its_own_variable_is_left_out_and_said() -> None:
    own, other = {"name": "PORTAL_JOB_ID", "value": "0abc"}, {"name": "A", "value": "1"}
    job = {"jobId": "1", "status": "SUCCEEDED", "container": {"environment": [other, own], "command": ["x"]}}
    reading = parse(json.dumps({"jobs": [{**json.loads(SUBMISSION), **job}]}))

    assert reading.document["containerOverrides"]["environment"] == [other]
    assert "The environment variable “PORTAL_JOB_ID” is set by the portal and was left out." in [
        change.message for change in reading.changes
    ]


def test_a_described_command_with_an_empty_word_stays_the_definitions() -> None:
    job = {"jobId": "1", "status": "SUCCEEDED", "parameters": {"a": ""}, "container": {"command": ["echo", ""]}}
    reading = parse(json.dumps({"jobs": [{**json.loads(SUBMISSION), **job}]}))

    assert reading.document == {**json.loads(SUBMISSION), "parameters": {"a": ""}}
