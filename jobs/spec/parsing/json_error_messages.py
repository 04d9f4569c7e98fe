"""Messages for JSON syntax errors, for the person who wrote the text."""

import re
from dataclasses import dataclass
from json import JSONDecodeError

from jobs.spec.parsing.json_tokens import LineIndex, unclosed_brackets
from jobs.spec.problems import quote


@dataclass(frozen=True)
class JsonErrorMessage:
    """Message and offset of an error; the message follows “Line 3, column 7: ”."""

    offset: int
    message: str


_FORMAT_HINTS = (
    (
        re.compile(
            r"(?:\$\s*)?(?:cat|tee|echo|aws|bash|sh|python3?|curl|export|sudo|cd|\./\S+)\s[^\r\n]*<<", re.ASCII
        ),
        "this is a shell command with the document inside it; paste only what stands between “<< EOF” and “EOF”.",
    ),
    (
        re.compile(r"(?:\$\s*)?(?:cat|tee|echo|aws|bash|sh|python3?|curl|export|sudo|cd|\./\S+)\s", re.ASCII),
        "this is a shell command; paste the JSON document itself.",
    ),
    (
        re.compile(r"(?:---|%YAML|-\s+[\w\"'])"),
        "this looks like YAML; the document has to be JSON, beginning with {.",
    ),
    (
        re.compile(r"(?:resource|module|variable|data|locals|provider)\b[^\r\n:]*\{"),
        "this looks like Terraform; the document has to be JSON, beginning with {.",
    ),
    (
        re.compile(r"<[!?/a-zA-Z]"),
        "this looks like a web page or XML; the document has to be JSON, beginning with {.",
    ),
    (re.compile(r"```"), "the ``` of a Markdown page stand around the document; paste only what is between them."),
    (
        re.compile(r"[A-Za-z_][\w-]*\s*:(?:\s|$)"),
        "this looks like YAML, or the outer { } are missing; the document has to be JSON, beginning with {.",
    ),
    (
        re.compile(r'"[^"\r\n]*"\s*:'),
        "the outer { } are missing; put { before the first key and } after the last value.",
    ),
)

_WORD_HINTS = {
    "True": "true is written with small letters in JSON.",
    "False": "false is written with small letters in JSON.",
    "None": "JSON has no None; leave the key out.",
    "undefined": "JSON has no undefined; leave the key out.",
    "yes": "yes and no are not JSON; write true or false.",
    "no": "yes and no are not JSON; write true or false.",
}

_WORD = re.compile(r"[^\s,:\[\]{}\"'=]+")


def explain_json_error(text: str, error: JSONDecodeError) -> JsonErrorMessage:
    """Explain an error of Python's JSON decoder."""
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
            at, 'a backslash in a text has to be written twice (\\\\), unless it stands for \\n, \\t, \\" or \\u0041.'
        )
    if error.msg == "Extra data":
        return _extra_text(at, rest)
    if not rest.strip():
        return _unclosed_bracket(text, at)
    return _unexpected_character(at, here, rest, before, error.msg)


def _unexpected_character(at: int, here: str, rest: str, before: str, message: str) -> JsonErrorMessage:
    """Explain a character that can't stand in this place."""
    hint = _punctuation_hint(here, before) or _shell_hint(rest) or _grammar_hint(here, rest, message)
    return JsonErrorMessage(at, hint)


def _punctuation_hint(here: str, before: str) -> str:
    """Return a hint for punctuation that is wrong anywhere, or ""."""
    if here in "'‘’`":
        return 'texts and keys stand in double quotes ("), not in single ones.'
    if here in "“”„«»":
        return 'these are typographic quotes; JSON wants straight ones (").'
    if here.isspace() or here in "\u200b\ufeff":
        return f"an unusual blank (U+{ord(here):04X}) stands here; replace it by a plain one."
    if here in "]}" and before == ",":
        return f"a comma stands before the closing {here}; take the comma away."
    if here == "," and before in ("[", "{", ","):
        return "there is a comma too many."
    if here == "=" or (here == ">" and before == "="):
        return "a key and its value are joined by “:”, not by “=”."
    return ""


def _shell_hint(rest: str) -> str:
    if rest.startswith("EOF"):
        return "the document ends before its last bracket is closed; “EOF” belongs to the shell."
    if rest.startswith("$"):
        return "a variable of a shell stands here; JSON has none, so write its value."
    return ""


def _grammar_hint(here: str, rest: str, message: str) -> str:
    """Return what JSON's grammar expects here."""
    match = _WORD.match(rest)
    word = match.group() if match else ""
    if message.startswith("Expecting property name"):
        if word:
            return f"the key {quote(word)} has to stand in double quotes."
        return f"a key in double quotes has to stand here, not {quote(here)}."
    if message.startswith("Expecting ':'"):
        return f"a “:” has to stand between a key and its value, not {quote(here)}."
    if message.startswith("Expecting ','"):
        if here in "]}":
            return f"this {here} closes a bracket of the other sort; one before it is not closed."
        return f"a comma is missing before {quote(word or here)}."
    return _word_hint(word, here)


def _word_hint(word: str, here: str) -> str:
    """Return a hint for a word in place of a value."""
    if word in _WORD_HINTS:
        return _WORD_HINTS[word]
    if word and (word[0].isdigit() or word[0] in "+-."):
        return f"{quote(word)} is not a number as JSON writes it; put it in double quotes if it is a text."
    if word:
        return f"the text {quote(word)} has to stand in double quotes."
    return f"a value has to stand here, not {quote(here)}."


def _unclosed_string(text: str, at: int, message: str) -> JsonErrorMessage:
    if message.startswith("Invalid control") and text[at : at + 1] not in "\r\n":
        return JsonErrorMessage(at, "an invisible control character stands in this text; take it away.")
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    offset = at if message.startswith("Unterminated") else max(text.rfind('"', line_start, at), line_start)
    return JsonErrorMessage(
        offset,
        "the text that begins here has no closing double quote on its line (write \\n for a line end inside it).",
    )


def _extra_text(at: int, rest: str) -> JsonErrorMessage:
    if rest.startswith("EOF"):
        return JsonErrorMessage(at, "“EOF” belongs to the shell, not to the document; take this line away.")
    if rest[0] in "{[":
        return JsonErrorMessage(
            at,
            'a second document begins here; send one at a time, or write {"jobs": [ … ]} around several submissions.',
        )
    if rest[0] in "}]":
        return JsonErrorMessage(at, f"this {rest[0]} closes nothing; there is one too many.")
    if rest[0] == ",":
        return JsonErrorMessage(
            at, "the document has ended before this comma; is there a closing bracket too many above?"
        )
    return JsonErrorMessage(
        at, f"the document has ended before {quote(rest.splitlines()[0])}; take away what follows it."
    )


def _unclosed_bracket(text: str, at: int) -> JsonErrorMessage:
    offsets = unclosed_brackets(text)
    if not offsets:
        return JsonErrorMessage(at, "the text ends where a value should stand.")
    closing = "".join("}" if text[offset] == "{" else "]" for offset in reversed(offsets))
    line = LineIndex(text).position(offsets[-1]).line
    return JsonErrorMessage(
        at,
        f"the text ends too early: the {text[offsets[-1]]} of line {line} is not closed "
        f"(missing at the end: {closing}).",
    )


def _last_visible_before(text: str, at: int) -> str:
    """Return the last non-blank character before `at`."""
    return text[:at].rstrip()[-1:]
