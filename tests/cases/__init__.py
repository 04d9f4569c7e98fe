"""Documents as people have them, each with the right answer.

`field`: what made earlier versions wrong. A file `X.definition.json` is the job definition of the job in `X.json`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FIELD = Path(__file__).parent / "field"
ANSWERS = {
    "01": "accepted",
    "02": "accepted",
    "03": "accepted",
    "04": "accepted",
    "05": "accepted",
    "06": "accepted",
    "07": "accepted",
    "10": "refused",
    "11": "refused",
    "12": "refused",
    "13": "refused",
    "14": "refused",
    "15": "refused",
    "16": "refused",  # a shareIdentifier alone says that the queue is a fair-share one
    "17": "warned",
    "18": "refused",
    "19": "refused",
    "20": "refused",
    "21": "refused",
    "22": "refused",
    "23": "warned",
    "24": "warned",
    "25": "refused",  # whatever the queue is: without a shareIdentifier it can't be a fair-share one
    "30": "accepted",
    "31": "refused",
    "32": "accepted",
    "33": "refused",  # without a name
    "34": "refused",
}


@dataclass(frozen=True)
class Case:
    """A text, the definition of its job if it comes with one, and the right answer."""

    number: str
    file: Path
    answer: str

    @property
    def text(self) -> str:
        return self.file.read_text()

    @property
    def definition(self) -> Path | None:
        file = self.file.with_suffix(".definition.json")
        return file if file.exists() else None


def cases() -> list[Any]:
    """Every case as a parameter of a test."""
    files = [file for file in sorted(FIELD.iterdir()) if not file.name.endswith(".definition.json")]
    return [pytest.param(Case(file.name[:2], file, ANSWERS[file.name[:2]]), id=file.stem) for file in files]


def answer_of(severities: set[str]) -> str:
    """The answer that problems of these severities are."""
    return "refused" if "error" in severities else "warned" if "warning" in severities else "accepted"


def is_right(case: Case, severities: set[str]) -> bool:
    """Whether that is the right answer. A document that AWS accepts may be warned of something else."""
    answer = answer_of(severities)
    return answer != "refused" if case.answer == "accepted" else answer == case.answer
