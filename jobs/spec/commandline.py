"""`aws batch register-job-definition …` and `aws batch submit-job …`: the options of the AWS CLI become keys."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.spec import schema
from jobs.spec.documents import Kind
from jobs.spec.guesses import folded
from jobs.spec.jsontext import Written, loaded
from jobs.spec.places import Node, Outline
from jobs.spec.problems import Change, cut, listed, quoted
from jobs.spec.refusal import NotADocument, refuse
from jobs.spec.wording import converted

_COMMANDS = {"register-job-definition": Kind.DEFINITION, "submit-job": Kind.SUBMISSION}
_BEGIN = re.compile(
    r"^[ \t]*(?:\$[ \t]+)?(?:\w+=\S*[ \t]+)*(?:\S*/)?aws[ \t]+(?P<before>(?:-[\w-]+(?:[= \t]+[^\s-]\S*)?[ \t]+)*)"
    r"batch[ \t]+(?P<command>register-job-definition|submit-job)(?=\s|$)",
    re.MULTILINE,
)
_CONTINUED = re.compile(r"\\(\r\n|\r|\n)")
_WITHOUT_VALUE = frozenset({
    "--debug", "--no-verify-ssl", "--no-paginate", "--no-sign-request", "--no-cli-pager", "--cli-auto-prompt",
    "--no-cli-auto-prompt",
})  # fmt: skip
_ABOUT_THE_CALL = _WITHOUT_VALUE | {
    "--region", "--profile", "--output", "--query", "--endpoint-url", "--color", "--ca-bundle", "--cli-read-timeout",
    "--cli-connect-timeout", "--cli-binary-format", "--generate-cli-skeleton",
}  # fmt: skip
_WHOLE = "--cli-input-json"


@dataclass
class _Option:
    name: str
    offset: int
    values: list[str] = field(default_factory=list)


def command_line(text: str) -> Written | None:
    """The document that a command line would send, or None if the text is no such line. Raises NotADocument."""
    joined = _CONTINUED.sub(lambda end: " " * len(end[0]), text)
    found = list(_BEGIN.finditer(joined))
    if len(found) != 1:
        return None
    begin = found[0]
    end = _end_of_command(joined, begin.end())
    try:
        words = shlex.split(joined[begin.end() : end])
    except ValueError:
        refuse(text, begin.start(), "a quote of this command line is not closed.")
    options = list(_options(words, joined, begin.end()))
    return _Reader(text, begin.start(), _COMMANDS[begin["command"]]).read(options)


def _end_of_command(text: str, start: int) -> int:
    """Where a shell ends the command: at a line end, ;, |, & or > outside of quotes."""
    quote = ""
    at = start
    while at < len(text):
        character = text[at]
        if character == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "\r\n;|&>":
            return at
        at += 1
    return len(text)


def _options(words: list[str], text: str, start: int) -> Iterator[_Option]:
    current: _Option | None = None
    at = start
    for word in words:
        if re.match(r"--[a-z]", word):
            if current:
                yield current
            name, equals, value = word.partition("=")
            at = max(text.find(name, at), start)
            current = _Option(name, at, [value] if equals else [])
            at += len(name)
        elif current:
            current.values.append(word)
    if current:
        yield current


class _Reader:
    def __init__(self, text: str, start: int, kind: Kind) -> None:
        self.text = text
        self.start = start
        self.whole = schema.schema(kind)
        self.by_fold = {folded(name): name for name in self.whole["properties"]}
        self.left_out: list[str] = []
        self.places = Node(start)

    def read(self, options: list[_Option]) -> Written:
        document: dict[str, Any] = {}
        for option in options:
            if option.name == _WHOLE:
                document = {**self._json(option), **document}
            elif option.name in _ABOUT_THE_CALL:
                self.left_out.append(option.name)
            else:
                name, value = self._member(option)
                document[name] = value
                self.places.members[name] = Node(option.offset)
        changes = [Change("", "The command line was read: its options became the keys of the document.")]
        if self.left_out:
            verb = "says" if len(self.left_out) == 1 else "say"
            were = "was" if len(self.left_out) == 1 else "were"
            message = (
                f"{listed(self.left_out)} {verb} where and how to call AWS, not what to run, and {were} left out."
            )
            changes.append(Change("", message))
        outline = Outline(self.places)
        return Written(document, tuple(changes), lambda: outline)

    def _member(self, option: _Option) -> tuple[str, Any]:
        name = self.by_fold.get(folded(option.name))
        if name is None and option.name.startswith("--no-"):
            name = self.by_fold.get(folded(option.name[4:]))
            if name:
                return name, False
        if name is None:
            # The judge knows better what was meant than a reader does.
            first, *others = option.name.strip("-").split("-")
            return first + "".join(other.capitalize() for other in others), " ".join(option.values)
        return name, self._value(option, self._shape(self.whole["properties"][name]))

    def _value(self, option: _Option, shape: Mapping[str, Any]) -> Any:
        wanted = shape.get("type")
        first = option.values[0] if option.values else ""
        self._refuse_file(option)
        if wanted == "boolean":
            return converted(first, "boolean") if option.values else True
        if wanted in ("string", "integer"):
            plain = " ".join(option.values)
            meant = converted(plain, "integer") if wanted == "integer" else None
            return plain if meant is None else meant
        if first[:1] in ("{", "["):
            return self._json(option)
        try:
            if wanted == "array" and self._shape(shape.get("items", {})).get("type") == "string":
                return option.values
            entries = [_Shorthand(value).read() for value in option.values]
        except ValueError:
            refuse(self.text, option.offset, f"the value of {option.name} is neither JSON nor key=value.")
        merged: Any = entries
        if wanted == "object":
            merged = {key: value for entry in entries for key, value in entry.items()}
        return self._shaped(merged, shape)

    def _refuse_file(self, option: _Option) -> None:
        first = option.values[0] if option.values else ""
        if first.startswith(("file://", "fileb://")):
            message = f"{option.name} reads the file {quoted(first)}, which is not here; paste what the file holds."
            refuse(self.text, option.offset, message)

    def _json(self, option: _Option) -> Any:
        text = " ".join(option.values)
        self._refuse_file(option)
        try:
            # The reader of documents wants an object; a list is one of its values.
            return loaded(f'{{"value": {text}\n}}')[0]["value"]
        except (NotADocument, KeyError) as error:
            message = error.message if isinstance(error, NotADocument) else "it is not one value"
            reason = re.sub(r"^Line [0-9]+, column [0-9]+: ", "", message)
            refuse(self.text, option.offset, f"the value of {option.name} is not JSON: {cut(reason)}")

    def _shaped(self, value: Any, shape: Mapping[str, Any]) -> Any:
        """Shorthand has only texts: numbers, switches and lists of one come from the shape."""
        wanted = shape.get("type")
        if isinstance(value, dict):
            known = {folded(name): name for name in shape.get("properties", {})}
            inner = shape.get("properties", {})
            return {
                known.get(folded(key), key): self._shaped(
                    member, self._shape(inner.get(known.get(folded(key), ""), shape.get("additionalProperties")))
                )
                for key, member in value.items()
            }
        if wanted == "array":
            entries = value if isinstance(value, list) else [value]
            return [self._shaped(entry, self._shape(shape.get("items"))) for entry in entries]
        if isinstance(value, str) and wanted in ("integer", "boolean"):
            meant = converted(value, str(wanted))
            return value if meant is None else meant
        return value

    def _shape(self, shape: Any) -> Mapping[str, Any]:
        if not isinstance(shape, Mapping):
            return {}
        if "$ref" in shape:
            found: Mapping[str, Any] = self.whole["$defs"][shape["$ref"].removeprefix("#/$defs/")]
            return found
        return shape


_DEEPEST_SHORTHAND = 10


class _Shorthand:
    """The CLI's short way to write an object: key=value,key=[a,b],key={inner=value}. Raises ValueError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self) -> dict[str, Any]:
        result = self._pairs("", 0)
        if self.at < len(self.text):
            raise ValueError("more text")
        return result

    def _pairs(self, closing: str, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while self.at < len(self.text) and not (closing and self.text.startswith(closing, self.at)):
            match = re.compile(r"\s*([\w.:/#-]+)\s*=").match(self.text, self.at)
            if not match:
                raise ValueError("no key")
            self.at = match.end()
            values = [self._value(depth)]
            while self._comma() and not re.compile(r"\s*[\w.:/#-]+\s*=").match(self.text, self.at):
                values.append(self._value(depth))
            result[match[1]] = values[0] if len(values) == 1 else values
        self.at += len(closing)
        return result

    def _comma(self) -> bool:
        if self.at < len(self.text) and self.text[self.at] == ",":
            self.at += 1
            return self.at < len(self.text)
        return False

    def _value(self, depth: int) -> Any:
        if depth > _DEEPEST_SHORTHAND:
            raise ValueError("too deep")
        character = self.text[self.at : self.at + 1]
        if character == "{":
            self.at += 1
            return self._pairs("}", depth + 1)
        if character == "[":
            self.at += 1
            entries = []
            while self.text[self.at : self.at + 1] != "]":
                if self.at >= len(self.text):
                    raise ValueError("no end")
                entries.append(self._value(depth + 1))
                self._comma()
            self.at += 1
            return entries
        match = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^,\]}]*)").match(self.text, self.at)
        if not match or (match.end() == self.at and character in ("]", "}")):
            raise ValueError("no value")
        self.at = match.end()
        found = next((group for group in match.groups() if group is not None), "")
        return found.strip()
