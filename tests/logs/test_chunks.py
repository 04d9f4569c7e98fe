"""Chunks of a log: nothing is lost, and none is too large."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.logs import chunks
from jobs.logs.lines import LogLine, split_event

TEXTS = st.text(alphabet="ab \t\r\x1b\x85\u2028é𝄞", max_size=20)
LINES = st.lists(st.builds(LogLine, st.none() | st.integers(0, 4_102_444_800_000), TEXTS), min_size=1, max_size=20)


@given(LINES)
def test_lines_are_unpacked_as_they_were_packed(lines: list[LogLine]) -> None:
    assert chunks.unpack(*chunks.pack(lines)) == lines


@given(LINES, st.integers(1, 7), st.integers(1, 60))
def test_chunks_are_all_lines_in_their_order_and_full_but_the_last(
    lines: list[LogLine], max_lines: int, max_characters: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "MAX_LINES", max_lines)
        patch.setattr(chunks, "MAX_CHARACTERS", max_characters)
        parts = list(chunks.split_into_chunks(lines))

    assert [line for part in parts for line in part] == lines
    for part, following in pairwise(parts):
        characters = sum(len(line.text) for line in part)
        assert len(part) <= max_lines
        assert characters <= max_characters or len(part) == 1
        assert len(part) == max_lines or characters + len(following[0].text) > max_characters


def test_half_a_character_is_kept_as_a_question_mark() -> None:
    assert chunks.unpack(*chunks.pack([LogLine(1, "a\ud800b")])) == [LogLine(1, "a?b")]


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ("one", [LogLine(5, "one")]),
        ("one\n", [LogLine(5, "one")]),
        ("", [LogLine(5, "")]),
        ("Traceback\n  File\n\nEnd", [LogLine(5, "Traceback"), *(LogLine(None, t) for t in ("  File", "", "End"))]),
        ("a\u2028b\x85c\r", [LogLine(5, "a\u2028b\x85c\r")]),
    ],
)
def test_only_the_first_line_of_a_record_has_its_time(message: str, lines: list[LogLine]) -> None:
    assert split_event(5, message) == lines
