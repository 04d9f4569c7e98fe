"""Which lines a search finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.logs.search import LineFilter, is_error_line

LINE = st.text(alphabet="abAB \x1b[31m", max_size=12)


@given(st.lists(LINE, min_size=1, max_size=20), st.text(alphabet="abAB ", max_size=3))
def test_a_search_finds_the_lines_that_contain_the_text_in_any_case(lines: list[str], text: str) -> None:
    positions = list(LineFilter(text).positions("\n".join(lines)))
    plain = [index for index, line in enumerate(lines) if "\x1b" not in line and text.lower() in line.lower()]

    assert [index for index in positions if "\x1b" not in lines[index]] == plain
    assert positions == sorted(set(positions))


def test_colours_within_a_word_do_not_hide_it() -> None:
    texts = "one\n\x1b[31mWar\x1b[0mning: \x1b]8;;http://evil/\x07disk\x1b]8;;\x07 full\nthree"

    assert list(LineFilter("warning: disk full").positions(texts)) == [1]
    assert list(LineFilter("evil").positions(texts)) == []


def test_a_control_sequence_without_an_end_swallows_no_further_line() -> None:
    assert list(LineFilter("two").positions("one \x1b]0;title\ntwo\x07")) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: no such key",
        "ERROR something",
        "3 errors",
        "java.lang.NullPointerException",
        "Failed to connect",
        "FATAL: password authentication",
        "Traceback (most recent call last):",
        "sh: align: command not found",
        "./run: Permission denied",
        "Killed",
        "\x1b[1mer\x1b[31mror\x1b[0m: linker",
    ],
)
def test_lines_that_report_an_error(text: str) -> None:
    assert is_error_line(text)
    assert list(LineFilter(errors_only=True).positions(f"fine\n{text}\nfine")) == [1]


@pytest.mark.parametrize(
    "text", ["", "no errors", "0 failed, 12 passed", "failover to b", "error_count=0", "skilled"]
)
def test_lines_that_only_look_like_it(text: str) -> None:
    assert not is_error_line(text)


def test_text_and_errors_are_both_asked_for() -> None:
    texts = "step 1 ok\nstep 1 failed\nstep 2 failed"

    assert list(LineFilter("STEP 1", errors_only=True).positions(texts)) == [1]
    assert list(LineFilter("").positions(texts)) == [0, 1, 2]


def test_exact_text_is_found_as_it_is_written():
    assert list(LineFilter("Error", is_exact=True).positions("error\nan \x1b[1mErr\x1b[0mor\nERROR")) == [1]
