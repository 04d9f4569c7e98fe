"""What people write in fields, as Python understands it. tests/js/units.test.mjs holds the page to the same cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.spec.forms import units

CASES: dict[str, list[list[Any]]] = json.loads((Path(__file__).parent / "cases" / "units.json").read_text("utf-8"))


@pytest.mark.parametrize(("typed", "seconds", "words"), [(*case, None)[:3] for case in CASES["seconds"]])
def test_a_time_span(typed: str, seconds: str | None, words: str | None) -> None:
    value = units.parse_seconds(typed)

    assert value == (None if seconds is None else int(seconds))
    if value is not None:
        assert units.format_seconds(value) == words


@pytest.mark.parametrize(("typed", "mib", "words"), [(*case, None)[:3] for case in CASES["memory"]])
def test_a_size_of_memory(typed: str, mib: str | None, words: str | None) -> None:
    value = units.parse_mib(typed)

    assert value == (None if mib is None else int(mib))
    if value is not None:
        assert units.format_mib(value) == words


@pytest.mark.parametrize(("typed", "command"), CASES["commands"])
def test_a_command_line(typed: str, command: list[Any] | None) -> None:
    assert units.parse_command(typed) == command


@pytest.mark.parametrize(("command", "line"), CASES["lines"])
def test_a_command_as_one_line(command: list[Any], line: str) -> None:
    assert units.format_command(command) == line
