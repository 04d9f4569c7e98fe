"""Conversion of `aws batch register-job-definition …` and `submit-job …`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from typing import Any

from jobs.spec.documents import Document, DocumentKind, is_object
from jobs.spec.parsing.errors import DocumentParseError, raise_at
from jobs.spec.parsing.json_source_map import DuplicateKey, SourceMap, SourceNode, build_source_map
from jobs.spec.parsing.jsonc import ParsedText, load_object
from jobs.spec.parsing.shell import ShellFile, ShellScript, ShellWord
from jobs.spec.parsing.unresolved_values import quote_bare_marks, restore_text
from jobs.spec.problems import DocumentChange, join_words, quote, truncate
from jobs.spec.schema import botocore_schema
from jobs.spec.schema.messages import convert_value
from jobs.spec.suggestions import fold_name

_COMMANDS = {"register-job-definition": DocumentKind.DEFINITION, "submit-job": DocumentKind.SUBMISSION}
_COMMAND_START = re.compile(
    r"(?P<open>\$\([ \t]*|\([ \t]*|`[ \t]*|[;&|{][ \t]*|^[ \t]*(?:[$%>-][ \t]+)?(?:[\w-]+:[ \t]+)?"
    r"|\b(?:if|then|do|else|while|until|time|sudo|exec|env)[ \t]+)(?:![ \t]+)?"
    r"(?:\w{1,60}=[^\s(`;|&<>{]{0,500}[ \t]+)*(?:[\w.~/-]{0,200}/)?aws[ \t]+"
    r"(?P<before>(?:-[\w-]+(?:[= \t]+[^\s-]\S*)?[ \t]+)*)"
    r"batch[ \t]+(?P<command>register-job-definition|submit-job)(?=\s|$)",
    re.MULTILINE,
)
_CURL_START = re.compile(r"(?:^[ \t]*(?:[$%>-][ \t]+)?|[;&|(`][ \t]*)curl(?=[ \t])", re.MULTILINE)
_CURL_DATA_OPTIONS = frozenset({"-d", "--data", "--data-binary", "--data-raw", "--data-ascii", "--json"})
_CLOSING = {"(": ")", "`": "`"}
_FLAG_OPTIONS = frozenset({
    "--debug", "--no-verify-ssl", "--no-paginate", "--no-sign-request", "--no-cli-pager", "--cli-auto-prompt",
    "--no-cli-auto-prompt",
})  # fmt: skip
_CALL_OPTIONS = _FLAG_OPTIONS | {
    "--region", "--profile", "--output", "--query", "--endpoint-url", "--color", "--ca-bundle", "--cli-read-timeout",
    "--cli-connect-timeout", "--cli-binary-format", "--generate-cli-skeleton",
}  # fmt: skip
_INPUT_JSON_OPTION = "--cli-input-json"

MAX_COMMANDS = 20


@dataclass
class _CliOption:
    name: str
    offset: int
    values: list[str] = field(default_factory=list)


def parse_cli_commands(script: ShellScript) -> list[ParsedText]:
    """Raise DocumentParseError."""
    return [
        command
        for match in islice(_COMMAND_START.finditer(script.commands), MAX_COMMANDS)
        if (command := _parse_command(script, match))
    ]


def parse_curl_commands(script: ShellScript) -> list[ParsedText]:
    documents = []
    for match in islice(_CURL_START.finditer(script.commands), MAX_COMMANDS):
        arguments, end = script.words(match.end(), tolerant=True)
        for option, value in pairwise(arguments):
            if option.text not in _CURL_DATA_OPTIONS:
                continue
            file = script.find_file(value.text[1:]) if value.text.startswith("@") else None
            try:
                document = load_object(quote_bare_marks(file.text if file else value.text))[0]
            except DocumentParseError:
                continue
            script.consumed_spans.append((match.start(), end))
            change = DocumentChange("", "The data of the curl command was read.")
            documents.append(
                ParsedText(
                    document,
                    (change,),
                    partial(SourceMap, SourceNode(value.offset)),
                    offset=match.start(),
                    unresolved=script.unresolved.values,
                )
            )
    return documents


def _parse_command(script: ShellScript, match: "re.Match[str]") -> ParsedText | None:
    arguments, end = script.words(match.end(), _CLOSING.get(match["open"].strip()[-1:], ""))
    options = list(_options(arguments))
    if not options and not match["open"].isspace() and match["open"]:
        return None  # prose about the command
    kind = _COMMANDS[match["command"]]
    start = match.start() + len(match["open"])
    script.consumed_spans.append((start, end))
    return _OptionReader(script, start, kind).read(options)


def _options(arguments: Iterable[ShellWord]) -> Iterator[_CliOption]:
    current: _CliOption | None = None
    for word in arguments:
        if re.match(r"--[a-z]", word.text):
            if current:
                yield current
            name, equals, value = word.text.partition("=")
            current = _CliOption(name, word.offset, [value] if equals else [])
        elif current:
            current.values.append(word.text)
    if current:
        yield current


class _OptionReader:
    def __init__(self, script: ShellScript, start: int, kind: DocumentKind) -> None:
        self.script = script
        self.text = script.text
        self.start = start
        self.kind = kind
        self.schema = botocore_schema.json_schema(kind)
        self.by_fold = {fold_name(name): name for name in self.schema["properties"]}
        self.ignored: list[str] = []
        self.source_root = SourceNode(start)
        self.duplicates: tuple[DuplicateKey, ...] = ()

    def read(self, options: list[_CliOption]) -> ParsedText:
        document: dict[str, Any] = {}
        for option in options:
            if option.name == _INPUT_JSON_OPTION:
                document = {**self._read_document(option), **document}
            elif option.name in _CALL_OPTIONS:
                self.ignored.append(option.name)
            else:
                name, value = self._read_member(option)
                document[name] = value
                self.source_root.members[name] = SourceNode(option.offset)
        changes = [DocumentChange("", "The command line was read: its options became the keys of the document.")]
        if self.ignored:
            verb = "configures" if len(self.ignored) == 1 else "configure"
            were = "was" if len(self.ignored) == 1 else "were"
            message = f"{join_words(self.ignored)} {verb} the AWS CLI, not the job, and {were} left out."
            changes.append(DocumentChange("", message))
        source_map = SourceMap(self.source_root, self.duplicates)
        return ParsedText(
            document,
            tuple(changes),
            lambda: source_map,
            has_duplicate_keys=bool(self.duplicates),
            kind=self.kind,
            offset=self.start,
            unresolved=self.script.unresolved.values,
        )

    def _read_document(self, option: _CliOption) -> Document:
        file = self._file(option)
        if file is None:
            value = self._read_json(option)
        else:
            text = file.text if file.is_in_place else quote_bare_marks(file.text)
            value = self._load(option, lambda: load_object(text)[0])
            if file.is_in_place:
                source_map = build_source_map(" " * file.offset + text)
                self.duplicates = source_map.duplicates
                self.source_root.members = {**source_map.root.members, **self.source_root.members}
        if not is_object(value):
            raise_at(self.text, option.offset, f"the value of {option.name} must be a JSON object.")
        return value

    def _read_member(self, option: _CliOption) -> tuple[str, Any]:
        name = self.by_fold.get(fold_name(option.name))
        if name is None and option.name.startswith("--no-"):
            name = self.by_fold.get(fold_name(option.name[4:]))
            if name:
                return name, False
        if name is None:
            # Validation suggests the right name.
            first, *others = option.name.strip("-").split("-")
            return first + "".join(other.capitalize() for other in others), " ".join(option.values)
        return name, self._read_value(option, self._resolve_ref(self.schema["properties"][name]))

    def _read_value(self, option: _CliOption, shape: Mapping[str, Any]) -> Any:
        type_name = shape.get("type")
        file = self._file(option)
        if file:
            option = _CliOption(option.name, option.offset, [file.text.strip()])
        first = option.values[0] if option.values else ""
        if type_name == "boolean":
            return convert_value(first, "boolean") if option.values else True
        if type_name in ("string", "integer"):
            plain = " ".join(option.values)
            integer = convert_value(plain, "integer") if type_name == "integer" else None
            return plain if integer is None else integer
        if first[:1] in ("{", "["):
            return self._read_json(option)
        try:
            if type_name == "array" and self._resolve_ref(shape.get("items", {})).get("type") == "string":
                return option.values
            entries = [_ShorthandParser(value).read() for value in option.values]
        except ValueError:
            raise_at(self.text, option.offset, f"the value of {option.name} is neither JSON nor key=value.")
        result: Any = entries
        if type_name == "object":
            result = {key: value for entry in entries for key, value in entry.items()}
        return self._convert(result, shape)

    def _file(self, option: _CliOption) -> ShellFile | None:
        first = option.values[0] if option.values else ""
        if not first.startswith(("file://", "fileb://")):
            return None
        file = self.script.find_file(first.removeprefix("fileb://"))
        if file is None:
            name = quote(restore_text(first, self.script.unresolved.values))
            message = f"{option.name} names the file {name}; paste the content of the file instead."
            raise_at(self.text, option.offset, message)
        return file

    def _read_json(self, option: _CliOption) -> Any:
        text = quote_bare_marks(" ".join(option.values))
        # The parser expects an object; the value may be a list.
        return self._load(option, lambda: load_object(f'{{"value": {text}\n}}')[0]["value"])

    def _load(self, option: _CliOption, load: Callable[[], Any]) -> Any:
        try:
            return load()
        except (DocumentParseError, KeyError) as error:
            message = error.message if isinstance(error, DocumentParseError) else "it is not one value"
            reason = re.sub(r"^Line [0-9]+, column [0-9]+: ", "", message)
            reason = restore_text(reason, self.script.unresolved.values)
            raise_at(self.text, option.offset, f"the value of {option.name} is not JSON: {truncate(reason)}")

    def _convert(self, value: Any, shape: Mapping[str, Any]) -> Any:
        type_name = shape.get("type")
        if isinstance(value, dict):
            names = {fold_name(name): name for name in shape.get("properties", {})}
            inner = shape.get("properties", {})
            return {
                names.get(fold_name(key), key): self._convert(
                    member,
                    self._resolve_ref(inner.get(names.get(fold_name(key), ""), shape.get("additionalProperties"))),
                )
                for key, member in value.items()
            }
        if type_name == "array":
            entries = value if isinstance(value, list) else [value]
            return [self._convert(entry, self._resolve_ref(shape.get("items"))) for entry in entries]
        if isinstance(value, str) and type_name in ("integer", "boolean"):
            converted_value = convert_value(value, str(type_name))
            return value if converted_value is None else converted_value
        return value

    def _resolve_ref(self, shape: Any) -> Mapping[str, Any]:
        if not isinstance(shape, Mapping):
            return {}
        if "$ref" in shape:
            definition: Mapping[str, Any] = self.schema["$defs"][shape["$ref"].removeprefix("#/$defs/")]
            return definition
        return shape


_MAX_SHORTHAND_DEPTH = 10


class _ShorthandParser:
    """The CLI's shorthand: key=value,key=[a,b],key={inner=value}. Raises ValueError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self) -> dict[str, Any]:
        result = self._parse_pairs("", 0)
        if self.at < len(self.text):
            raise ValueError("more text")
        return result

    def _parse_pairs(self, closing: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while self.at < len(self.text) and not (closing and self.text.startswith(closing, self.at)):
            match = re.compile(r"\s*([\w.:/#-]+)\s*=").match(self.text, self.at)
            if not match:
                raise ValueError("no key")
            self.at = match.end()
            values = [self._parse_value(depth)]
            while self._skip_comma() and not re.compile(r"\s*[\w.:/#-]+\s*=").match(self.text, self.at):
                values.append(self._parse_value(depth))
            result[match[1]] = values[0] if len(values) == 1 else values
        self.at += len(closing)
        return result

    def _skip_comma(self) -> bool:
        if self.at < len(self.text) and self.text[self.at] == ",":
            self.at += 1
            return self.at < len(self.text)
        return False

    def _parse_value(self, depth: int) -> Any:
        if depth > _MAX_SHORTHAND_DEPTH:
            raise ValueError("too deep")
        character = self.text[self.at : self.at + 1]
        if character == "{":
            self.at += 1
            return self._parse_pairs("}", depth + 1)
        if character == "[":
            self.at += 1
            entries = []
            while self.text[self.at : self.at + 1] != "]":
                if self.at >= len(self.text):
                    raise ValueError("no end")
                entries.append(self._parse_value(depth + 1))
                self._skip_comma()
            self.at += 1
            return entries
        match = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,\]}]*)").match(self.text, self.at)
        if not match or (match.end() == self.at and character in ("]", "}")):
            raise ValueError("no value")
        self.at = match.end()
        text = next((group for group in match.groups() if group is not None), "")
        return text.strip()
