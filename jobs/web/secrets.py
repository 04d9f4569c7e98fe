"""Values that should not be read over a shoulder: those of variables whose names look secret.

It is a courtesy, not a safe: who may see a job may see its environment in AWS. Secrets belong into AWS Secrets
Manager, named in the definition.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from jobs.access import Member
from jobs.spec.documents import Document
from jobs.spec.reading import NotADocument, read

MASK = "••••"
_SECRET = re.compile(r"PASS(WORD|WD|PHRASE)?|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)
_TOO_SHORT = 4
"""Masking “1” wherever it stands in a text would hide the text and protect nothing."""


def looks_secret(name: str) -> bool:
    return bool(_SECRET.search(name))


def masked(document: Any) -> Any:
    """A copy in which the values of secret-looking variables are hidden, wherever an environment stands."""
    return _hidden(document, lambda *_: MASK)


def masked_apart(before: Document, after: Document) -> tuple[Document, Document]:
    """Copies of two documents for comparing: what is hidden differs in them where it differs."""
    earlier = set(_secret_pairs(before))
    names = {name for name, _ in earlier}
    return (
        _hidden(before, lambda *_: MASK),
        _hidden(after, lambda *each: f"{MASK} (another one)" if each[0] in names and each not in earlier else MASK),
    )


def _hidden(document: Any, mask: Callable[[str, str], str]) -> Any:
    if isinstance(document, list):
        return [_hidden(entry, mask) for entry in document]
    if not isinstance(document, dict):
        return document
    if _is_secret_variable(document):
        return {**document, "value": mask(document["name"], document["value"])}
    return {key: _hidden(value, mask) for key, value in document.items()}


def masked_text(text: str, document: Document) -> str:
    """A person's own text with the same values hidden."""
    hidden = {value for _, value in _secret_pairs(document) if len(value) >= _TOO_SHORT}
    for value in sorted(hidden, key=len, reverse=True):
        for spelling in {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
            text = text.replace(spelling, MASK)
    return text


def unmasked_text(text: str, document: Document) -> str:
    """A text that was written over a masked one, with the values of `document` where they are still hidden.

    Raises NotADocument where something is hidden and cannot be told what it was.
    """
    if MASK not in text:
        return text
    asked = read(text).document
    known: dict[str, list[str]] = {}
    for variable in _secret_variables(document):
        known.setdefault(variable["name"], []).append(variable["value"])
    hidden: dict[str, list[dict[str, Any]]] = {}
    for variable in _secret_variables(asked):
        if variable["value"] == MASK:
            hidden.setdefault(variable["name"], []).append(variable)
    for name, variables in hidden.items():
        values = known.get(name, [])
        if len(set(values)) == 1:
            values = values[:1] * len(variables)
        if len(values) == len(variables):
            for variable, value in zip(variables, values, strict=True):
                variable["value"] = value
    whole = json.dumps(asked, indent=2, ensure_ascii=False)
    if MASK in whole:
        raise NotADocument(f"What stands here as {MASK} is hidden from you, and it is not clear what it was.")
    return whole


def for_editor(document: Document, owner: Member) -> Document:
    """A document to be sent again: whole for whoever may submit in the team that owns it, masked for anyone else.

    Someone else has it from a team that shares it, or only looks there and is more in another team.
    """
    whole: Document = document if owner.may("submit") else masked(document)
    return whole


def environment(document: Document) -> list[tuple[str, str]]:
    """Names and values that the job was asked to run with, secret-looking ones masked."""
    overrides = document.get("containerOverrides")
    variables = overrides.get("environment") if isinstance(overrides, dict) else None
    return [
        (str(variable.get("name", "")), MASK if _is_secret_variable(variable) else str(variable.get("value", "")))
        for variable in (variables if isinstance(variables, list) else [])
        if isinstance(variable, dict)
    ]


def _is_secret_variable(value: dict[str, Any]) -> bool:
    return isinstance(value.get("name"), str) and isinstance(value.get("value"), str) and looks_secret(value["name"])


def _secret_pairs(document: Any) -> Iterator[tuple[str, str]]:
    """Names and values."""
    return ((variable["name"], variable["value"]) for variable in _secret_variables(document))


def _secret_variables(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if _is_secret_variable(document):
            yield document
        for value in document.values():
            yield from _secret_variables(value)
    elif isinstance(document, list):
        for entry in document:
            yield from _secret_variables(entry)
