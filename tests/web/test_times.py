"""Times in words, as the server writes them. tests/js/time.test.mjs holds the page to the same cases."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from jobs.templatetags import portal

CASES: dict[str, list[list[Any]]] = json.loads((Path(__file__).parent / "cases" / "times.json").read_text("utf-8"))
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "words"), CASES["ago"])
def test_how_long_ago_something_was(seconds: float, words: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert f">{words}</time>" in portal.ago(NOW - timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "words"), CASES["span"])
def test_how_long_something_takes(seconds: float, words: str) -> None:
    assert portal.span(seconds) == words


def test_a_week_ago_is_a_date() -> None:
    with time_machine.travel(NOW, tick=False):
        assert ">Feb 25, 2026</time>" in portal.ago(NOW - timedelta(days=7))
