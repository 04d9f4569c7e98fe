"""What people write in fields, as Python and the page's module understand it: one list of cases for both."""

import json
from typing import Any

import pytest

from jobs.spec.fields import units
from tests.builder.conftest import Call

SECONDS: list[tuple[str, int | None]] = [
    ("2 h", 7200), ("1h 30m", 5400), ("90 minutes", 5400), ("5400", 5400), ("1.5 h", 5400), ("0.0001 s", None),
    ("1 d, 2 h and 3 s", 93603), ("a while", None), ("", None), ("007", None), ("0", 0), ("2 weeks", None),
    ("123456789012345", 123456789012345), ("1234567890123456", None), ("1 H", 3600), ("2 h -", None),
    ("999999999999999 d", 86399999999999913600),
]  # fmt: skip
MEMORY: list[tuple[str, int | None]] = [
    ("16 GiB", 16384), ("1.5 G", 1536), ("512", 512), ("512 mb", 512), ("1 TB", 1048576), ("lots", None), ("", None),
    ("0.1 MiB", None), ("0.5 GiB", 512), ("16 GiB!", None),
]  # fmt: skip
COMMANDS: list[tuple[str, list[Any] | None]] = [
    ("python train.py --epochs 10", ["python", "train.py", "--epochs", "10"]),
    ("bash -c 'echo \"$A\" b'", ["bash", "-c", 'echo "$A" b']),
    ('a "b c" d', ["a", "b c", "d"]),
    ("echo 'x", None),
    ('echo "x', None),
    ("a\\ b c", ["a b", "c"]),
    ("end\\", None),
    ('"a\\"b\\\\c\\d"', ['a"b\\c\\d']),
    ("''", [""]),
    ('""a""', ["a"]),
    ("a\n b\tc", ["a", "b", "c"]),
    ("# no comment", ["#", "no", "comment"]),
    ('["a", 1, null]', ["a", 1, None]),
    ("[not json", ["[not", "json"]),
    ("é 中 'x y'", ["é", "中", "x y"]),
    ("", []),
]
SHOWN: list[list[Any]] = [
    ["python", "train.py"], ["a b", "it's", ""], ['$A "x"'], ["a\nb\tc"], ["\x07"], ["\u200b"], ["a\u00a0b"],
    ["é", "中"], ["a", 1], [], ["~x", "@1", "%a+=:,./-"], ["\\"], ["\r"],
]  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), SECONDS)
def test_a_time_span_in_python(typed: str, meant: int | None) -> None:
    assert units.seconds_of(typed) == meant


@pytest.mark.parametrize(("typed", "meant"), MEMORY)
def test_a_size_of_memory_in_python(typed: str, meant: int | None) -> None:
    assert units.mib_of(typed) == meant


@pytest.mark.parametrize(("typed", "meant"), COMMANDS)
def test_a_command_line_in_python(typed: str, meant: list[Any] | None) -> None:
    assert units.command_of(typed) == meant


@pytest.mark.browser
@pytest.mark.parametrize(("typed", "meant"), SECONDS)
def test_a_time_span_in_the_page(typed: str, meant: int | None, call: Call) -> None:
    found = call("(typed) => builder.units.secondsOf(typed)", typed)
    assert found == (None if meant is None else str(meant))
    if meant is not None:
        assert call("(text) => builder.units.secondsInWords(text)", found) == units.seconds_in_words(meant)


@pytest.mark.browser
@pytest.mark.parametrize(("typed", "meant"), MEMORY)
def test_a_size_of_memory_in_the_page(typed: str, meant: int | None, call: Call) -> None:
    found = call("(typed) => builder.units.mibOf(typed)", typed)
    assert found == (None if meant is None else str(meant))
    if meant is not None:
        assert call("(text) => builder.units.mibInWords(text)", found) == units.mib_in_words(meant)


@pytest.mark.browser
@pytest.mark.parametrize(("typed", "meant"), COMMANDS)
def test_a_command_line_in_the_page(typed: str, meant: list[Any] | None, call: Call) -> None:
    found = call(
        "(typed) => { const f = builder.units.commandOf(typed); return f && builder.text.written(f); }", typed
    )
    assert (None if found is None else json.loads(found)) == meant


@pytest.mark.browser
@pytest.mark.parametrize("words", SHOWN)
def test_a_command_is_shown_by_both_alike(words: list[Any], call: Call) -> None:
    text = json.dumps(words, ensure_ascii=False)
    shown = call("(text) => builder.units.shown('command', text, builder.text.parse(text).root)", text)
    assert shown == units.command_in_words(words)
