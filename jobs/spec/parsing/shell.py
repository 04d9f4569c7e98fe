"""The part of a shell's grammar that scripts around `aws batch` use."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NoReturn

from jobs.spec.parsing.errors import raise_at
from jobs.spec.parsing.unresolved_values import FILLER, UnresolvedValues

MAX_FILES = 50
"""Heredocs and printed files that are read."""

_HEREDOC = re.compile(
    r"(?<!<)<<(?P<dash>-?)[ \t]*(?P<quote>[\\'\"]?)(?P<word>\w+)['\"]?(?P<rest>[^\r\n]*)(?:\r\n|\r|\n)"
)
_TARGET = re.compile(
    r"(?:(?<![0-9&>])>{1,2}\|?[ \t]*|\btee[ \t]+(?:-a[ \t]+)?)(?P<file>'[^'\r\n]+'|\"[^\"\r\n]+\"|[^\s;|&<>]+)"
)
_ASSIGNMENT = re.compile(
    r"^[ \t]*+(?:(?:export|readonly|local|declare|typeset)[ \t]+(?:-\w+[ \t]+)*)?(?P<name>[A-Za-z_]\w*)="
    r"(?P<value>'[^'\r\n]*'|\"[^\"$`\\\r\n]*\"|[^\s;&|'\"$`\\()]*+)[ \t]*+(?:;|#[^\r\n]*+|&&)?[ \t]*+(?=[\r\n]|\Z)",
    re.MULTILINE,
)
_OF_VARIABLE = re.compile(r"(?P<name>[A-Za-z_]\w*)=\"?\$\([ \t]*cat[ \t]*$")
_FILE_CONTENT = re.compile(r"\$\([ \t]*(?:cat[ \t]+|<[ \t]*)(?P<file>[^\s()|;&<>]+)[ \t]*\)")
_PRINTED = re.compile(r"^[ \t]*(?:\$[ \t]+)?(?:echo|printf)[ \t]+", re.MULTILINE)
_VARIABLE = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_]\w*|[0-9@*#?$!-])|\{(?P<braced>[A-Za-z_]\w*)\}|\{(?P<other>[^{}\r\n]*)\})"
)
_HEREDOC_PIECE = re.compile(
    r'\\.|"|(?P<command>\$\([^()\r\n]*(?:\([^()\r\n]*\)[^()\r\n]*)*\)|`[^`\r\n]*`)|' + _VARIABLE.pattern, re.DOTALL
)
_NOT_LINE_END = re.compile(r"[^\r\n]")
_CONTINUATION = re.compile(r"\\[ \t]*(?:\r\n|\r|\n)")

VARIABLE_NOUN = "shell variable"
COMMAND_NOUN = "shell command"


@dataclass(frozen=True)
class ShellFile:
    text: str
    offset: int
    length: int
    """Characters of the script that it takes."""
    is_in_place: bool = True
    """The text stands in the script as it is, so that its parts have positions."""


@dataclass(frozen=True)
class ShellWord:
    text: str
    offset: int


@dataclass
class ShellScript:
    """In `commands` heredocs are blanked, so that offsets stay those of the text."""

    text: str
    commands: str
    files: dict[str, ShellFile] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    files_by_variable: dict[str, ShellFile] = field(default_factory=dict)
    consumed_spans: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of the commands that were read, and of their files."""
    unresolved: UnresolvedValues = field(default_factory=UnresolvedValues)

    def find_file(self, name: str) -> ShellFile | None:
        path = _plain_name(name)
        base = path.rpartition("/")[2]
        same = [file for other, file in self.files.items() if other.rpartition("/")[2] == base]
        file = self.files.get(path) or (same[0] if len(same) == 1 else None)
        return self._consume(file) if file else None

    def value_of(self, variable: str) -> str | None:
        file = self.files_by_variable.get(variable)
        return self._consume(file).text.rstrip("\r\n") if file else self.variables.get(variable)

    def _consume(self, file: ShellFile) -> ShellFile:
        self.consumed_spans.append((file.offset, file.offset + file.length))
        return file

    @property
    def expanded(self) -> str:
        pieces: list[str] = []
        position = 0
        for file in sorted(self.files.values(), key=lambda file: file.offset):
            if file.is_in_place and file.offset >= position:
                pieces += [self.text[position : file.offset], file.text]
                position = file.offset + file.length
        return "".join([*pieces, self.text[position:]])

    def words(self, start: int, closing: str = "", *, tolerant: bool = False) -> tuple[list[ShellWord], int]:
        """Return words, and where they end. Raise DocumentParseError for an unclosed quote, unless `tolerant`."""
        return _WordReader(self, start, closing, tolerant=tolerant).read()


def read_script(text: str) -> ShellScript:
    script = ShellScript(text, text)
    script.variables = {match["name"]: _unquoted(match["value"]) for match in _ASSIGNMENT.finditer(text)}
    script.commands = _CONTINUATION.sub(lambda end: " " * len(end[0]), _blank_heredocs(script))
    for match in islice(_PRINTED.finditer(script.commands), MAX_FILES):
        _read_printed_file(script, match.end())
    return script


def _blank_heredocs(script: ShellScript) -> str:
    text = script.text
    pieces: list[str] = []
    position = 0
    for _ in range(MAX_FILES):
        match = _HEREDOC.search(text, position)
        if not match:
            break
        end = re.compile(rf"^[ \t]*{match['word']}[ \t]*$", re.MULTILINE).search(text, match.end())
        if not end:
            break
        line_start = max(text.rfind("\n", 0, match.start()), text.rfind("\r", 0, match.start())) + 1
        header = f"{text[line_start : match.start()]} {match['rest']}"
        target = _TARGET.search(header)
        body = text[match.end() : end.start()]
        content = body if match["quote"] else expand_heredoc(script, body)
        file = ShellFile(content, match.end(), len(body))
        script.files[_plain_name(target["file"]) if target else "/dev/stdin"] = file
        if variable := _OF_VARIABLE.search(header.rstrip()):
            script.files_by_variable[variable["name"]] = file
        # The operator goes too: what follows on its line belongs to the command.
        operator_end = match.start("rest")
        pieces += [
            text[position : match.start()],
            " " * (operator_end - match.start()),
            text[operator_end : match.end()],
            _NOT_LINE_END.sub(" ", text[match.end() : end.end()]),
        ]
        position = end.end()
    return "".join([*pieces, text[position:]])


def _read_printed_file(script: ShellScript, start: int) -> None:
    arguments, end = _WordReader(script, start, "", tolerant=True).read()
    line = re.compile(r"[^\r\n]*").match(script.commands, end)
    target = _TARGET.search(line[0]) if line else None
    contents = [word for word in arguments if not word.text.startswith("-") and word.text != "%s\\n"]
    if target and contents:
        text = " ".join(word.text for word in contents)
        length = end - contents[0].offset
        script.files[_plain_name(target["file"])] = ShellFile(text, contents[0].offset, length, is_in_place=False)


def expand_heredoc(script: ShellScript, body: str) -> str:
    """Expand as without quotes. Unresolved values keep the text's length, so that positions stay right."""
    pieces: list[str] = []
    position = 0
    in_string = False
    for match in _HEREDOC_PIECE.finditer(body):
        pieces.append(body[position : match.start()])
        position = match.end()
        if match[0] == '"':
            in_string = not in_string
            pieces.append('"')
        elif match[0].startswith("\\"):
            pieces.append(match[0][1:] if match[0][1] in "$`" else match[0])
        else:
            value = None if match["command"] else expand_variable(script, match)
            if value is None:
                mark = script.unresolved.mark(match[0], COMMAND_NOUN if match["command"] else VARIABLE_NOUN)
                mark = mark if in_string else f'"{mark}"'
                pieces.append(mark + (FILLER if in_string else " ") * (len(match[0]) - len(mark)))
            else:
                pieces.append(value)
    return "".join([*pieces, body[position:]])


def expand_variable(script: ShellScript, match: "re.Match[str]") -> str | None:
    name = match["plain"] or match["braced"]
    return script.value_of(name) if name else None


class _WordReader:
    def __init__(self, script: ShellScript, start: int, closing: str, *, tolerant: bool = False) -> None:
        self.script = script
        self.text = script.commands
        self.start = start
        self.at = start
        self.closing = closing
        self.tolerant = tolerant

    def read(self) -> tuple[list[ShellWord], int]:
        arguments: list[ShellWord] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in " \t":
                self.at += 1
            elif character in "\r\n;|&<>#" or (self.closing and character == self.closing):
                break
            else:
                offset = self.at
                arguments.append(ShellWord(self._read_word(), offset))
        return arguments, self.at

    def _read_word(self) -> str:
        pieces: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in " \t\r\n;|&<>" or (self.closing and character == self.closing):
                break
            self.at += 1
            if character == "'":
                pieces.append(self._read_until_quote())
            elif character == '"':
                pieces += self._read_double_quoted()
            elif character == "\\":
                pieces.append(self.text[self.at : self.at + 1])
                self.at += 1
            elif character in "$`":
                pieces.append(self._read_expansion(character))
            else:
                pieces.append(character)
        return "".join(pieces)

    def _read_until_quote(self) -> str:
        end = self.text.find("'", self.at)
        if end < 0:
            self._refuse_open_quote()
            end = len(self.text)
        # Within single quotes a backslash at the end of a line is text, but nobody who writes JSON means it.
        inside, self.at = self.text[self.at : end], end + 1
        return inside

    def _read_double_quoted(self) -> Iterator[str]:
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == '"':
                return
            if character == "\\" and self.text[self.at : self.at + 1] in ('"', "\\", "$", "`"):
                yield self.text[self.at]
                self.at += 1
            elif character in "$`":
                yield self._read_expansion(character)
            else:
                yield character
        self._refuse_open_quote()

    def _read_expansion(self, character: str) -> str:
        begin = self.at - 1
        if character == "$" and not self.text.startswith("(", self.at):
            match = _VARIABLE.match(self.text, begin)
            if not match:
                return character
            self.at = match.end()
            value = expand_variable(self.script, match)
            return self.script.unresolved.mark(match[0], VARIABLE_NOUN) if value is None else value
        content = _FILE_CONTENT.match(self.text, begin)
        file = self.script.find_file(content["file"]) if content else None
        self.at = _end_of_substitution(self.text, begin)
        if file:
            return file.text.rstrip("\r\n")
        return self.script.unresolved.mark(self.text[begin : self.at], COMMAND_NOUN)

    def _refuse_open_quote(self) -> None:
        if not self.tolerant:
            _raise_open_quote(self.script.text, self.start)


def _raise_open_quote(text: str, offset: int) -> NoReturn:
    raise_at(text, offset, "a quote of this command line is not closed.")


def _end_of_substitution(text: str, start: int) -> int:
    if text[start] == "`":
        end = text.find("`", start + 1)
        return end + 1 if end >= 0 else len(text)
    depth = 0
    for match in re.compile(r"\\.|'[^']*'|[()]", re.DOTALL).finditer(text, start + 1):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(text)


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in ("'", '"') else value


def _plain_name(name: str) -> str:
    return _unquoted(name).removeprefix("file://").removeprefix("./")
