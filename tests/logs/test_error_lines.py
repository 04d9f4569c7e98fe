"""Which lines of a log stand for a failure, and which failures are alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.logs.error_lines import (
    MAX_LINE_LENGTH,
    MAX_LINES,
    MAX_NORMALIZED_LENGTH,
    error_lines,
    normalize_line,
)

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("0123456789abcdef-:/.…%\r\n\x1b["), max_size=60
)


def test_lines_end_with_the_last_error():
    lines = ["start", "Traceback (most recent call last):", "  File x", "ValueError: no rows", "removing files"]

    assert error_lines(lines) == ("start", "Traceback (most recent call last):", "  File x", "ValueError: no rows")


def test_without_an_error_the_last_lines_stand_for_the_failure():
    assert error_lines([str(number) for number in range(9)]) == ("4", "5", "6", "7", "8")


def test_a_line_is_as_it_was_last_shown():
    assert error_lines(["10 %\r50 %\r", "\x1b[31mred\x1b[0m\u202e", "two\nrows", " "]) == (
        "50 %",
        "red",
        "two",
        "rows",
    )


@given(st.lists(TEXTS, max_size=20))
def test_lines_are_bounded_and_plain(texts: list[str]):
    lines = error_lines(texts)

    assert len(lines) <= MAX_LINES
    assert all(line.strip() and len(line) <= MAX_LINE_LENGTH and line.isprintable() for line in lines) or any(
        not text.isprintable() for text in texts
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("worker-3: could not open /data/a.csv", "worker-12: could not open /data/b/c.csv"),
        ("2026-11-30T11:04:03.123Z ERROR no rows", "2026-12-01T01:00:00Z ERROR no rows"),
        ("object s3://one/key not found", "object s3://another/longer/key not found"),
        (
            "request 0b1c6bce-1111-2222-3333-abcdefabcdef failed",
            "request 9c1c6bce-1111-2222-3333-000000000000 failed",
        ),
        ("host i-0abcd1234ef567890 was lost", "host i-1bbcd1234ef567890 was lost"),
        ("bad address 0x7fff5fbff8c8", "bad address 0x10"),
        ("shape (3, 4) expected", "shape (3, 4, 5) expected"),
        ("50.5% done, 1,024 left", "7% done, 3 left"),
    ],
)
def test_what_differs_between_runs_makes_no_difference(one: str, other: str):
    assert normalize_line(one) == normalize_line(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("KeyError: 'a'", "KeyError: 'b'"), ("no rows in table", "no rows in column"), ("and/or", "and")],
)
def test_words_make_a_difference(one: str, other: str):
    assert normalize_line(one) != normalize_line(other)


@given(TEXTS)
def test_other_digits_make_no_difference(text: str):
    other = text.translate(str.maketrans("123456789", "912345678"))

    assert normalize_line(other) == normalize_line(text)
    assert len(normalize_line(text)) <= MAX_NORMALIZED_LENGTH
