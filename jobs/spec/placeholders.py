"""Rules of parameters: `Ref::name`, which Batch replaces in a command only."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.spec.containers import Container, containers
from jobs.spec.documents import Document, Path, is_object, list_at, object_at
from jobs.spec.problems import Problem, join, listed, quoted
from jobs.spec.rules.registry import WARNING, rule

REF = re.compile(r"Ref::([^\s\"'`$/]+)")
WHOLE = re.compile(r"Ref::(\S+)")
MARK = "Ref::"
_UNREPLACED_KEYS = (
    "image", "environment", "env", "secrets", "user", "jobRoleArn", "executionRoleArn", "volumes", "mountPoints",
    "logConfiguration",
)  # fmt: skip


@rule("parameters.outside-command", WARNING)
def placeholders_in_commands_only(document: Document) -> Iterator[Problem]:
    """Ref:: is replaced in the command only; anywhere else the program gets it as it is written.

    Source: “Parameters”, AWS Batch User Guide; AWS's answer to issue 24 of the guide's repository.
    """
    for container in containers(document):
        for key in _UNREPLACED_KEYS:
            if key in container.value:
                for path, _ in _texts_with_placeholder((*container.path, key), container.value[key]):
                    # The text is not quoted: it may hold a secret beside the placeholder.
                    yield Problem(join(*path), "Ref:: is replaced in command only; here it stays as it is written.")


@rule("parameters.inside-text", WARNING)
def placeholders_stand_alone(document: Document) -> Iterator[Problem]:
    """Ref:: is replaced where it is a whole word of the command; inside a longer text it stays as it is written.

    Source: “Parameters”, AWS Batch User Guide, whose examples only have whole words.
    """
    for container in containers(document):
        for path, word in words(container):
            if MARK in word and not WHOLE.fullmatch(word):
                message = (
                    f"Ref:: is replaced only where it is a whole word of the command; {quoted(word)} stays as it is. "
                    "Give the whole text as the parameter."
                )
                yield Problem(join(*path), message)


@rule("parameters.no-default", WARNING)
def placeholders_have_defaults(document: Document) -> Iterator[Problem]:
    """A placeholder without a default has to be given by every submission, or the program gets the text Ref:: itself.

    Source: “Parameters”, AWS Batch User Guide.
    """
    defaults = object_at(document, "parameters")
    for path, name in used(document):
        if name not in defaults:
            message = f"Ref::{name} has no default in parameters, so every submission has to give {quoted(name)}."
            yield Problem(join(*path), message)


@rule("parameters.unused", WARNING)
def parameters_are_used(document: Document) -> Iterator[Problem]:
    """A parameter that no word of the command names does nothing.

    Source: “Parameters”, AWS Batch User Guide.
    """
    names = {name for _, name in used(document)} | {name for _, name in _unreplaced_placeholders(document)}
    for key in object_at(document, "parameters"):
        if key not in names:
            message = f"No word of the command is Ref::{key}, so the parameter {quoted(key)} does nothing."
            yield Problem(join("parameters", key), message)


@rule("parameters.no-value", WARNING)
def placeholders_have_values(submission: Document, effective: Document) -> Iterator[Problem]:
    """A placeholder of the command that runs has neither a default nor a value, so the program gets Ref:: itself.

    Source: “Parameters”, AWS Batch User Guide.
    """
    missing = [(path, name) for path, name in used(effective) if name not in object_at(effective, "parameters")]
    if missing:
        names = list(dict.fromkeys(name for _, name in missing))
        message = (
            f"The command has {listed(f'Ref::{name}' for name in names)}, and neither the definition nor this "
            "submission gives a value; the program would get this text itself."
        )
        yield Problem("/parameters" if "parameters" in submission else "", message)


@rule("parameters.not-in-command", WARNING)
def values_are_used(submission: Document, effective: Document) -> Iterator[Problem]:
    """A submission gives a parameter that no word of the command that runs names.

    Source: “Parameters”, AWS Batch User Guide.
    """
    names = {name for _, name in used(effective)} | {name for _, name in _unreplaced_placeholders(effective)}
    for key in object_at(submission, "parameters"):
        if key not in names:
            message = f"No word of the command is Ref::{key}, so the parameter {quoted(key)} does nothing."
            here = join("parameters", key)
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


SHARED_RULES = (placeholders_in_commands_only, placeholders_stand_alone)


def words(container: Container) -> Iterator[tuple[Path, str]]:
    """Yield the words of a container's command with their paths."""
    for number, word in enumerate(list_at(container.value, "command")):
        if isinstance(word, str):
            yield (*container.path, "command", number), word


def used(document: Document) -> list[tuple[Path, str]]:
    """Return the placeholders that are whole words of a command, with their paths."""
    result = []
    for container in containers(document):
        for path, word in words(container):
            match = WHOLE.fullmatch(word) if word.startswith(MARK) else None
            if match:
                result.append((path, match[1]))
    return result


def replaced(command: list[Any], values: Mapping[str, Any]) -> list[Any]:
    """Replace the placeholders of a command as Batch does."""
    return [
        values.get(word[len(MARK) :], word) if isinstance(word, str) and word.startswith(MARK) else word
        for word in command
    ]


def _unreplaced_placeholders(document: Document) -> Iterator[tuple[Path, str]]:
    """Yield placeholders where Batch replaces none. Their parameters count as used; another rule reports them."""
    for container in containers(document):
        for path, word in words(container):
            if MARK in word:
                for match in REF.finditer(word):
                    yield path, match[1]
        for key in _UNREPLACED_KEYS:
            if key in container.value:
                for path, text in _texts_with_placeholder((*container.path, key), container.value[key]):
                    for match in REF.finditer(text):
                        yield path, match[1]


def _texts_with_placeholder(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every string within a value that contains a placeholder, with its path."""
    if isinstance(value, str):
        if MARK in value:
            yield path, value
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _texts_with_placeholder((*path, number), entry)
    elif is_object(value):
        for key, member in value.items():
            yield from _texts_with_placeholder((*path, key), member)
