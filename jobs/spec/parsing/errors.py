"""Errors of a text that can't be parsed."""

from dataclasses import dataclass
from typing import NoReturn

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.json_tokens import LineIndex
from jobs.spec.problems import truncate

KIND_NOUNS = {
    DocumentKind.DEFINITION: "job definition",
    DocumentKind.SUBMISSION: "job",
    DocumentKind.WORKFLOW: "workflow",
}


class DocumentParseError(ValueError):
    """A text that is no document. The message is for a person."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True)
class DocumentCandidate:
    number: int
    kind: DocumentKind | None
    name: str
    line: int

    @property
    def label(self) -> str:
        noun = KIND_NOUNS[self.kind] if self.kind else "document"
        return f"{noun}{f' {truncate(self.name)}' if self.name else ''} (line {self.line})"


class SeveralDocumentsError(DocumentParseError):
    def __init__(self, message: str, candidates: tuple[DocumentCandidate, ...]) -> None:
        super().__init__(message, candidates[0].line)
        self.candidates = candidates


def raise_at(text: str, offset: int, message: str) -> NoReturn:
    place = LineIndex(text).position(offset)
    raise DocumentParseError(f"Line {place.line}, column {place.column}: {message}", place.line, place.column)
