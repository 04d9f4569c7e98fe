import sys
import time
import unicodedata

import pytest

from jobs.plain_text import to_plain_text

SEEN = set(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)  # signs of scripts
JOINERS = {"\u200c", "\u200d"}


@pytest.mark.long
def test_plain_text_replaces_every_character_that_cannot_be_seen_and_no_other():
    characters = [chr(number) for number in range(sys.maxunicode + 1) if number != 0x1B]
    changed = {character for character in characters if to_plain_text(character) != character}
    invisible = {
        character for character in characters if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }

    assert invisible - SEEN - JOINERS <= changed
    assert {unicodedata.category(character) for character in changed - invisible} <= {"Cn"}
    assert to_plain_text("\x1b") == ""


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[1;31m",
        "\x1b[2J",
        "\x1b[?25l",
        "\x1b]0;title\x07",
        "\x1b]8;;http://evil/\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x1b_x\x1b\\",
        "\x1bc",
        "\x1b7",
        "\x1b(B",
        "\x9b2J",
        "\x9d0;title\x9c",
        "\x9d0;title\x07",
        "\x90q\x9c",
    ],
)
def test_plain_text_has_no_sequences_of_a_terminal(sequence: str):
    assert to_plain_text(f"a{sequence}b") == "ab"


@pytest.mark.parametrize("piece", ["\x1b", "\x1b[", "\x1b]x", "\x9d", "\x90", "\x1bP", "\x1b[1", "\x1b[ "])
def test_the_time_of_plain_text_grows_with_its_length_alone(piece: str):
    began = time.process_time()
    to_plain_text(piece * 100_000)
    assert time.process_time() - began < 1
