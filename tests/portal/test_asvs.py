"""`docs/asvs.csv`: every requirement of OWASP ASVS 5.0, levels 1 and 2, answered, and what it names is there."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATUSES = {"met", "partly met", "not met", "not verified", "does not apply"}
PATH = re.compile(r"\b(?:jobs|portal|docs|static|tests|scripts)/[\w./-]*\w")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (ROOT / "docs" / "asvs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_requirement_of_levels_1_and_2_has_one_row(rows):
    assert Counter(row["level"] for row in rows) == {"1": 70, "2": 183}
    assert max(Counter(row["id"] for row in rows).values()) == 1


def test_every_requirement_has_an_answer_and_what_is_met_says_where(rows):
    assert {row["status"] for row in rows} <= STATUSES
    assert [row["id"] for row in rows if not row["where"]] == []


def test_every_file_and_test_that_is_named_exists(rows):
    named = {path for row in rows for path in [*PATH.findall(row["where"]), *row["tests"].split()]}

    assert sorted(path for path in named if not (ROOT / path).exists()) == []
