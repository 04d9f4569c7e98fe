"""Job definitions in Terraform: aws_batch_job_definition."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_object
from jobs.spec.parsing import isolated
from jobs.spec.parsing.errors import DocumentParseError, raise_at
from jobs.spec.parsing.json_source_map import SourceMap, SourceNode
from jobs.spec.parsing.jsonc import ParsedText, load_object
from jobs.spec.parsing.unresolved_values import UnresolvedValues, quote_bare_marks
from jobs.spec.problems import DocumentChange, join_words
from jobs.spec.schema import botocore_schema
from jobs.spec.suggestions import fold_name

_PROGRAM = Path(__file__).with_name("hcl_process.py")
_RESOURCE = re.compile(r"""^[ \t]*resource[ \t]+"aws_batch_job_definition"[ \t]+"(?P<name>[^"\r\n]+)""", re.MULTILINE)
_REFERENCE = re.compile(r"(?<!\$)\$\{[^{}]*\}")
_NOUN = "Terraform expression"
_BLOCK_NAMES = {"image_pull_secret": "imagePullSecrets"}
_ATTRIBUTES = frozenset({
    "name", "type", "parameters", "platform_capabilities", "propagate_tags", "retry_strategy", "scheduling_priority",
    "tags", "timeout", "container_properties", "ecs_properties", "eks_properties", "node_properties",
})  # fmt: skip


def parse_terraform(text: str) -> list[ParsedText]:
    """Raise DocumentParseError."""
    offsets = {match["name"]: match.start() for match in _RESOURCE.finditer(text)}
    if not offsets:
        return []
    try:
        answer = isolated.run_parser(_PROGRAM, text)
    except isolated.IsolatedParserError:
        raise DocumentParseError("This Terraform takes too long to read. Send the definition as JSON.") from None
    if "error" in answer:
        lines = text.splitlines(keepends=True)
        raise_at(text, sum(map(len, lines[: answer["line"] - 1])), answer["error"])
    return [_parsed(name, body, offsets.get(name, 0)) for name, body in answer["documents"]]


def _parsed(name: str, body: Document, offset: int) -> ParsedText:
    unresolved = UnresolvedValues()
    schema = botocore_schema.json_schema(DocumentKind.DEFINITION)
    attributes = {
        "jobDefinitionName" if key == "name" else key: member for key, member in body.items() if key in _ATTRIBUTES
    }
    document = _Converter(unresolved, schema["$defs"], name).convert(attributes, schema)
    changes = [DocumentChange("", "The Terraform resource was read as a job definition.")]
    others = [key for key in body if key not in _ATTRIBUTES]
    if others:
        verb, were = ("is", "was") if len(others) == 1 else ("are", "were")
        changes.append(DocumentChange("", f"{join_words(others)} {verb} only in Terraform and {were} left out."))
    return ParsedText(
        document,
        tuple(changes),
        partial(SourceMap, SourceNode(offset)),
        kind=DocumentKind.DEFINITION,
        offset=offset,
        unresolved=unresolved.values,
    )


class _Converter:
    def __init__(self, unresolved: UnresolvedValues, definitions: Mapping[str, Any], name: str) -> None:
        self.unresolved = unresolved
        self.definitions = definitions
        self.name = name

    def convert(self, value: Any, shape: Mapping[str, Any]) -> Any:
        if "$ref" in shape:
            shape = self.definitions[shape["$ref"].removeprefix("#/$defs/")]
        if is_object(value) and "$expression" in value:
            return self.unresolved.mark(str(value["$expression"]), _NOUN)
        if is_object(value) and "$json" in value:
            return self._load(str(value["$json"]))
        if shape.get("type") == "object" and isinstance(value, list) and len(value) == 1:
            value = value[0]  # a block
        if is_object(value):
            by_fold = {fold_name(key): member for key, member in shape.get("properties", {}).items()}
            return {
                _BLOCK_NAMES.get(key, key) if by_fold else key: self.convert(
                    member,
                    by_fold.get(fold_name(_BLOCK_NAMES.get(key, key)), shape.get("additionalProperties") or {}),
                )
                for key, member in value.items()
            }
        if isinstance(value, list):
            return [self.convert(entry, shape.get("items", {})) for entry in value]
        return value

    def _load(self, text: str) -> Document:
        marked_text = _REFERENCE.sub(lambda match: self.unresolved.mark(match[0], _NOUN), text)
        try:
            return load_object(quote_bare_marks(marked_text).replace("$${", "${"))[0]
        except DocumentParseError as error:
            raise DocumentParseError(f"The JSON in {self.name} can't be read: {error.message}") from None
