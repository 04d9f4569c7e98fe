"""Conversion of `aws batch register-job-definition …` and `aws batch submit-job …`: options become keys."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.errors import DocumentParseError, raise_at
from jobs.spec.parsing.json_source_map import SourceMap, SourceNode
from jobs.spec.parsing.jsonc import ParsedText, load_object
from jobs.spec.problems import DocumentChange, join_words, quote, truncate
from jobs.spec.schema import botocore_schema
from jobs.spec.schema.messages import convert_value
from jobs.spec.suggestions import fold_name

_COMMANDS = {"register-job-definition": DocumentKind.DEFINITION, "submit-job": DocumentKind.SUBMISSION}
_COMMAND_START = re.compile(
    r"^[ \t]*(?:\$[ \t]+)?(?:\w+=\S*[ \t]+)*(?:\S*/)?aws[ \t]+(?P<before>(?:-[\w-]+(?:[= \t]+[^\s-]\S*)?[ \t]+)*)"
    r"batch[ \t]+(?P<command>register-job-definition|submit-job)(?=\s|$)",
    re.MULTILINE,
)
_LINE_CONTINUATION = re.compile(r"\\(\r\n|\r|\n)")
_FLAG_OPTIONS = frozenset({
    "--debug", "--no-verify-ssl", "--no-paginate", "--no-sign-request", "--no-cli-pager", "--cli-auto-prompt",
    "--no-cli-auto-prompt",
})  # fmt: skip
_CALL_OPTIONS = _FLAG_OPTIONS | {
    "--region", "--profile", "--output", "--query", "--endpoint-url", "--color", "--ca-bundle", "--cli-read-timeout",
    "--cli-connect-timeout", "--cli-binary-format", "--generate-cli-skeleton",
}  # fmt: skip
_INPUT_JSON_OPTION = "--cli-input-json"


@dataclass
class _CliOption:
    name: str
    offset: int
    values: list[str] = field(default_factory=list)


def parse_cli_command(text: str) -> ParsedText | None:
    """Parse a command line. Return None if the text is none. Raise DocumentParseError."""
    command_text = _LINE_CONTINUATION.sub(lambda end: " " * len(end[0]), text)
    matches = list(_COMMAND_START.finditer(command_text))
    if len(matches) != 1:
        return None
    match = matches[0]
    end = _end_of_command(command_text, match.end())
    try:
        arguments = shlex.split(command_text[match.end() : end])
    except ValueError:
        raise_at(text, match.start(), "a quote of this command line is not closed.")
    options = list(_options(arguments, command_text, match.end()))
    return _OptionReader(text, match.start(), _COMMANDS[match["command"]]).read(options)


def _end_of_command(text: str, start: int) -> int:
    """Return where a shell ends the command: an unquoted line end, ;, |, & or >."""
    open_quote = ""
    at = start
    while at < len(text):
        character = text[at]
        if character == "\\" and open_quote != "'":
            at += 1
        elif open_quote:
            open_quote = "" if character == open_quote else open_quote
        elif character in "'\"":
            open_quote = character
        elif character in "\r\n;|&>":
            return at
        at += 1
    return len(text)


def _options(arguments: list[str], text: str, start: int) -> Iterator[_CliOption]:
    current: _CliOption | None = None
    at = start
    for argument in arguments:
        if re.match(r"--[a-z]", argument):
            if current:
                yield current
            name, equals, value = argument.partition("=")
            at = max(text.find(name, at), start)
            current = _CliOption(name, at, [value] if equals else [])
            at += len(name)
        elif current:
            current.values.append(argument)
    if current:
        yield current


class _OptionReader:
    def __init__(self, text: str, start: int, kind: DocumentKind) -> None:
        self.text = text
        self.start = start
        self.schema = botocore_schema.json_schema(kind)
        self.by_fold = {fold_name(name): name for name in self.schema["properties"]}
        self.ignored: list[str] = []
        self.source_root = SourceNode(start)

    def read(self, options: list[_CliOption]) -> ParsedText:
        document: dict[str, Any] = {}
        for option in options:
            if option.name == _INPUT_JSON_OPTION:
                document = {**self._read_json(option), **document}
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
        source_map = SourceMap(self.source_root)
        return ParsedText(document, tuple(changes), lambda: source_map)

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
        first = option.values[0] if option.values else ""
        self._refuse_file(option)
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

    def _refuse_file(self, option: _CliOption) -> None:
        first = option.values[0] if option.values else ""
        if first.startswith(("file://", "fileb://")):
            message = f"{option.name} names the file {quote(first)}; paste the content of the file instead."
            raise_at(self.text, option.offset, message)

    def _read_json(self, option: _CliOption) -> Any:
        text = " ".join(option.values)
        self._refuse_file(option)
        try:
            # The parser expects an object; the value may be a list.
            return load_object(f'{{"value": {text}\n}}')[0]["value"]
        except (DocumentParseError, KeyError) as error:
            message = error.message if isinstance(error, DocumentParseError) else "it is not one value"
            reason = re.sub(r"^Line [0-9]+, column [0-9]+: ", "", message)
            raise_at(self.text, option.offset, f"the value of {option.name} is not JSON: {truncate(reason)}")

    def _convert(self, value: Any, shape: Mapping[str, Any]) -> Any:
        """Convert shorthand, which has only strings: numbers, switches and lists of one follow from the schema."""
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
    """The CLI's shorthand syntax for objects: key=value,key=[a,b],key={inner=value}. Raises ValueError."""

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
