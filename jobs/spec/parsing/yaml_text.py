"""Documents in YAML."""

import re
from pathlib import Path
from typing import Any

from jobs.spec.documents import is_object
from jobs.spec.parsing import yaml_process
from jobs.spec.parsing.errors import DocumentParseError, raise_at
from jobs.spec.parsing.isolated import IsolatedParserError, run_parser
from jobs.spec.parsing.json_source_map import SourceMap, SourceNode
from jobs.spec.parsing.jsonc import ParsedText
from jobs.spec.problems import DocumentChange

_PROGRAM = Path(yaml_process.__file__)
_FIRST_LINE = re.compile(
    r"(?:\s*(?:#[^\r\n]*|%YAML[^\r\n]*|---[^\r\n]*)?[\r\n]+)*\s*(?:- +)?[\"']?[\w.-]+[\"']?[ \t]*:(?=\s|\Z)"
)


def looks_like_yaml(text: str) -> bool:
    return bool(_FIRST_LINE.match(text))


def parse_yaml(text: str) -> list[ParsedText]:
    """Raise DocumentParseError."""
    try:
        answer = run_parser(_PROGRAM, text)
    except IsolatedParserError:
        raise DocumentParseError("This YAML takes too long to read. Send it as JSON.") from None
    if "error" in answer:
        raise_at(text, answer["offset"], answer["error"])
    change = DocumentChange("", "The YAML was read as JSON.")
    return [
        ParsedText(value, (change,), _lazy_source_map(offset, members), offset=offset)
        for value, offset, members in answer["documents"]
        if is_object(value)
    ]


def _lazy_source_map(offset: int, members: dict[str, Any]) -> Any:
    return lambda: SourceMap(_source_node([offset, members]))


def _source_node(entry: list[Any]) -> SourceNode:
    offset, members = entry
    return SourceNode(offset, {key: _source_node(member) for key, member in members.items()})
