"""Messages for JSON syntax errors."""

import re
from dataclasses import dataclass
from json import JSONDecodeError

from jobs.spec.parsing.json_tokens import LineIndex, unclosed_brackets
from jobs.spec.problems import quote


@dataclass(frozen=True)
class JsonErrorMessage:
    """The message follows “Line 3, column 7: ”."""

    offset: int
    message: str


_FORMAT_HINTS = (
    (
        re.compile(
            r"(?:\$\s*)?(?:cat|tee|echo|aws|bash|sh|python3?|curl|export|sudo|cd|\./\S+)\s[^\r\n]*<<", re.ASCII
        ),
        "this is a shell command with the document inside it; paste only the part between “<< EOF” and “EOF”.",
    ),
    (
        re.compile(r"(?:\$\s*)?(?:cat|tee|echo|aws|bash|sh|python3?|curl|export|sudo|cd|\./\S+)\s", re.ASCII),
        "this is a shell command; paste the JSON document itself.",
    ),
    (
        re.compile(r"(?:---|%YAML|-\s+[\w\"'])"),
        "this looks like YAML; the document must be JSON and start with {.",
    ),
    (
        re.compile(r"(?:resource|module|variable|data|locals|provider)\b[^\r\n:]*\{"),
        "this looks like Terraform; the document must be JSON and start with {.",
    ),
    (
        re.compile(r"<[!?/a-zA-Z]"),
        "this looks like a web page or XML; the document must be JSON and start with {.",
    ),
    (re.compile(r"```"), "the document is in a Markdown code block; paste only the part between the ```."),
    (
        re.compile(r"[A-Za-z_][\w-]*\s*:(?:\s|$)"),
        "this looks like YAML, or the outer { } are missing; the document must be JSON and start with {.",
    ),
    (
        re.compile(r'"[^"\r\n]*"\s*:'),
        "the outer { } are missing; put { before the first key and } after the last value.",
    ),
)

_WORD_HINTS = {
    "True": "JSON writes true in lower case.",
    "False": "JSON writes false in lower case.",
    "None": "JSON has no None; leave the key out.",
    "undefined": "JSON has no undefined; leave the key out.",
    "yes": "yes and no are not JSON; write true or false.",
    "no": "yes and no are not JSON; write true or false.",
}

_WORD = re.compile(r"[^\s,:\[\]{}\"'=]+")


def explain_json_error(text: str, error: JSONDecodeError) -> JsonErrorMessage:
    start = len(text) - len(text.lstrip())
    if error.pos <= start or error.msg == "Extra data":
        for pattern, message in _FORMAT_HINTS:
            if pattern.match(text, start):
                return JsonErrorMessage(start, message)

    at = min(error.pos, len(text))
    rest = text[at : at + 200]
    here = rest[:1]
    before = _last_visible_before(text, at)

    if error.msg.startswith("Unterminated string") or error.msg.startswith("Invalid control character"):
        return _unclosed_string(text, at, error.msg)
    if error.msg.startswith("Invalid \\"):
        return JsonErrorMessage(
            at, 'a backslash in a string must be written twice (\\\\), unless it stands for \\n, \\t, \\" or \\u0041.'
        )
    if error.msg == "Extra data":
        return _extra_text(at, rest)
    if not rest.strip():
        return _unclosed_bracket(text, at)
    return _unexpected_character(at, here, rest, before, error.msg)


def _unexpected_character(at: int, here: str, rest: str, before: str, message: str) -> JsonErrorMessage:
    hint = _punctuation_hint(here, before) or _shell_hint(rest) or _grammar_hint(here, rest, message)
    return JsonErrorMessage(at, hint)


def _punctuation_hint(here: str, before: str) -> str:
    if here in "'‘’`":
        return 'strings and keys need double quotes ("), not single quotes.'
    if here in "“”„«»":
        return 'these are typographic quotes; JSON needs straight quotes (").'
    if here.isspace() or here in "\u200b\ufeff":
        return f"this is an unusual space character (U+{ord(here):04X}); replace it with a plain space."
    if here in "]}" and before == ",":
        return f"there is a comma before the closing {here}; remove it."
    if here == "," and before in ("[", "{", ","):
        return "there is an extra comma; remove it."
    if here == "=" or (here == ">" and before == "="):
        return "use “:” between a key and its value, not “=”."
    return ""


def _shell_hint(rest: str) -> str:
    if rest.startswith("EOF"):
        return "the document ends before its last bracket is closed; “EOF” is part of the shell command."
    if rest.startswith("$"):
        return "this is a shell variable; JSON has none, so write its value."
    return ""


def _grammar_hint(here: str, rest: str, message: str) -> str:
    match = _WORD.match(rest)
    word = match.group() if match else ""
    if message.startswith("Expecting property name"):
        if word:
            return f"the key {quote(word)} must be in double quotes."
        return f"expected a key in double quotes here, not {quote(here)}."
    if message.startswith("Expecting ':'"):
        return f"expected “:” between a key and its value, not {quote(here)}."
    if message.startswith("Expecting ','"):
        if here in "]}":
            return f"this {here} does not match the open bracket; close that one first."
        return f"a comma is missing before {quote(word or here)}."
    return _word_hint(word, here)


def _word_hint(word: str, here: str) -> str:
    if word in _WORD_HINTS:
        return _WORD_HINTS[word]
    if word and (word[0].isdigit() or word[0] in "+-."):
        return f"{quote(word)} is not a valid JSON number; put it in double quotes if it is a string."
    if word:
        return f"{quote(word)} must be in double quotes."
    return f"expected a value here, not {quote(here)}."


def _unclosed_string(text: str, at: int, message: str) -> JsonErrorMessage:
    if message.startswith("Invalid control") and text[at : at + 1] not in "\r\n":
        return JsonErrorMessage(at, "this string has an invisible control character; remove it.")
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    offset = at if message.startswith("Unterminated") else max(text.rfind('"', line_start, at), line_start)
    return JsonErrorMessage(
        offset,
        "the string that starts here has no closing double quote on its line (write \\n for a line break inside it).",
    )


def _extra_text(at: int, rest: str) -> JsonErrorMessage:
    if rest.startswith("EOF"):
        return JsonErrorMessage(at, "“EOF” is part of the shell command, not of the document; remove this line.")
    if rest[0] in "{[":
        return JsonErrorMessage(
            at,
            'a second document starts here; send one at a time, or put several submissions into {"jobs": [ … ]}.',
        )
    if rest[0] in "}]":
        return JsonErrorMessage(at, f"this {rest[0]} has no opening bracket; remove it.")
    if rest[0] == ",":
        return JsonErrorMessage(at, "the document ends before this comma; check for an extra closing bracket above.")
    return JsonErrorMessage(at, f"the document ends before {quote(rest.splitlines()[0])}; remove the rest.")


def _unclosed_bracket(text: str, at: int) -> JsonErrorMessage:
    offsets = unclosed_brackets(text)
    if not offsets:
        return JsonErrorMessage(at, "the text ends where a value is expected.")
    closing = "".join("}" if text[offset] == "{" else "]" for offset in reversed(offsets))
    line = LineIndex(text).position(offsets[-1]).line
    return JsonErrorMessage(
        at,
        f"the text ends too early: the {text[offsets[-1]]} on line {line} is not closed "
        f"(missing at the end: {closing}).",
    )


def _last_visible_before(text: str, at: int) -> str:
    return text[:at].rstrip()[-1:]
