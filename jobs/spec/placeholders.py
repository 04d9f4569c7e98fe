"""Rules of parameters: `Ref::name`, which Batch replaces in a command only."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.spec.containers import ContainerEntry, containers
from jobs.spec.documents import Document, Path, is_object, list_at, object_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import WARNING, rule

PLACEHOLDER = re.compile(r"Ref::([^\s\"'`$/]+)")
WHOLE_WORD = re.compile(r"Ref::(\S+)")
PLACEHOLDER_PREFIX = "Ref::"
_UNREPLACED_KEYS = (
    "image", "environment", "env", "secrets", "user", "jobRoleArn", "executionRoleArn", "volumes", "mountPoints",
    "logConfiguration",
)  # fmt: skip


@rule("parameters.outside-command", WARNING)
def placeholders_in_commands_only(document: Document) -> Iterator[Problem]:
    """Ref:: is replaced only in the command; anywhere else it stays as written.

    Source: “Parameters”, AWS Batch User Guide; AWS's reply to issue 24 of the guide's repository.
    """
    for container in containers(document):
        for key in _UNREPLACED_KEYS:
            if key in container.value:
                for path, _ in _texts_with_placeholder((*container.path, key), container.value[key]):
                    # The text is not quoted: it may hold a secret beside the placeholder.
                    yield Problem(
                        join_pointer(*path), "Ref:: is replaced only in the command; here it stays as written."
                    )


@rule("parameters.inside-text", WARNING)
def placeholders_are_whole_words(document: Document) -> Iterator[Problem]:
    """Ref:: is replaced where it is a whole argument of the command; inside a longer string it stays as written.

    Source: “Parameters”, AWS Batch User Guide, whose examples only have whole words.
    """
    for container in containers(document):
        for path, word in command_words(container):
            if PLACEHOLDER_PREFIX in word and not WHOLE_WORD.fullmatch(word):
                message = (
                    f"Ref:: is replaced only where it is a whole argument of the command; {quote(word)} "
                    "stays as written. Make the whole argument a parameter."
                )
                yield Problem(join_pointer(*path), message)


@rule("parameters.no-default", WARNING)
def placeholders_have_defaults(document: Document) -> Iterator[Problem]:
    """A placeholder without a default needs a value in every submission, or AWS Batch refuses the job.

    Source: the response of AWS Batch: “Unable to substitute value. No parameter found for reference …”.
    """
    defaults = object_at(document, "parameters")
    for path, name in find_placeholders(document):
        if name not in defaults:
            message = f"Ref::{name} has no default in parameters, so every submission must set {quote(name)}."
            yield Problem(join_pointer(*path), message)


@rule("parameters.unused", WARNING)
def parameters_are_used(document: Document) -> Iterator[Problem]:
    """A parameter that the command does not use has no effect.

    Source: “Parameters”, AWS Batch User Guide.
    """
    names = {name for _, name in find_placeholders(document)} | {
        name for _, name in _unreplaced_placeholders(document)
    }
    for key in object_at(document, "parameters"):
        if key not in names:
            message = f"No argument of the command is Ref::{key}, so the parameter {quote(key)} has no effect."
            yield Problem(join_pointer("parameters", key), message)


@rule("parameters.no-value")
def placeholders_have_values(effective: Document) -> Iterator[Problem]:
    """A placeholder of the command needs a default in the definition or a value in the submission.

    Source: the response of AWS Batch: “Unable to substitute value. No parameter found for reference …”.
    """
    values = object_at(effective, "parameters")
    for name in dict.fromkeys(name for _, name in find_placeholders(effective)):
        if name not in values:
            message = f"The command has Ref::{name}, which has no default; set the parameter {quote(name)}."
            yield Problem(join_pointer("parameters", name), message)


@rule("parameters.not-in-command", WARNING)
def values_are_used(submission: Document, effective: Document) -> Iterator[Problem]:
    """A submission sets a parameter that the command does not use.

    Source: “Parameters”, AWS Batch User Guide.
    """
    values = object_at(submission, "parameters")
    if not values:
        return
    names = {name for _, name in find_placeholders(effective)} | {
        name for _, name in _unreplaced_placeholders(effective)
    }
    for key in values:
        if key not in names:
            message = f"No argument of the command is Ref::{key}, so the parameter {quote(key)} has no effect."
            here = join_pointer("parameters", key)
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


SHARED_RULES = (placeholders_in_commands_only, placeholders_are_whole_words)


def command_words(container: ContainerEntry) -> Iterator[tuple[Path, str]]:
    for key in ("command", "args") if container.type == "eks" else ("command",):
        for number, word in enumerate(list_at(container.value, key)):
            if isinstance(word, str):
                yield (*container.path, key, number), word


def find_placeholders(document: Document) -> list[tuple[Path, str]]:
    result = []
    for container in containers(document):
        for path, word in command_words(container):
            match = WHOLE_WORD.fullmatch(word) if word.startswith(PLACEHOLDER_PREFIX) else None
            if match:
                result.append((path, match[1]))
    return result


def replace_placeholders(command: list[Any], values: Mapping[str, Any]) -> list[Any]:
    return [
        values.get(word[len(PLACEHOLDER_PREFIX) :], word)
        if isinstance(word, str) and word.startswith(PLACEHOLDER_PREFIX)
        else word
        for word in command
    ]


def _unreplaced_placeholders(document: Document) -> Iterator[tuple[Path, str]]:
    """Yield placeholders where Batch replaces none; another rule reports them."""
    for container in containers(document):
        for path, word in command_words(container):
            if PLACEHOLDER_PREFIX in word:
                for match in PLACEHOLDER.finditer(word):
                    yield path, match[1]
        for key in _UNREPLACED_KEYS:
            if key in container.value:
                for path, text in _texts_with_placeholder((*container.path, key), container.value[key]):
                    for match in PLACEHOLDER.finditer(text):
                        yield path, match[1]


def _texts_with_placeholder(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if PLACEHOLDER_PREFIX in value:
            yield path, value
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _texts_with_placeholder((*path, number), entry)
    elif is_object(value):
        for key, member in value.items():
            yield from _texts_with_placeholder((*path, key), member)
