"""Masking of secrets in a person's own text, and their restoration."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from jobs.spec.documents import Document
from jobs.spec.parsing.parser import DocumentParseError, parse
from jobs.spec.redaction import (
    MASK,
    NAME_KEYS,
    has_secrets,
    is_secret_name,
    name_of_member,
    redact,
    redact_text,
    redacted_values,
)

MIN_UNQUOTED_LENGTH = 4
"""Shorter values are replaced with their quotes only: “1” occurs in many texts."""


def mask_source(text: str, document: Document) -> str:
    masked = mask_mentions(text, document)
    try:
        document = parse(masked).document
    except DocumentParseError:
        return masked if _parse_or_none(text) is None else _masked_json(document)
    return _masked_json(document) if has_secrets(document) else masked


def mask_mentions(text: str, document: Any) -> str:
    [masked] = mask_texts([text], document)
    return masked


def mask_texts(texts: Iterable[str], document: Any) -> list[str]:
    """Mask what is secret in the document wherever the texts repeat it."""
    values = {(_as_text(secret.value), str(secret.masked)) for secret in redacted_values(document)}
    longest_first = sorted(values, key=lambda pair: len(pair[0]), reverse=True)
    return [_mask_text(text, longest_first) for text in texts]


def _mask_text(text: str, values: Iterable[tuple[str, str]]) -> str:
    for value, mask in values:
        plain = json.dumps(mask, ensure_ascii=False)
        for literal in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
            text = text.replace(literal, plain)
            if len(value) >= MIN_UNQUOTED_LENGTH:
                text = text.replace(literal[1:-1], plain[1:-1])
        if len(value) >= MIN_UNQUOTED_LENGTH:
            text = text.replace(value, mask)
    return redact_text(text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _parse_or_none(text: str) -> Document | None:
    try:
        return parse(text).document
    except DocumentParseError:
        return None


def _masked_json(document: Document) -> str:
    return json.dumps(redact(document), indent=2, ensure_ascii=False) + "\n"


def restore_secrets(text: str, document: Document) -> str:
    """Put masked values of `document` back. Raise DocumentParseError.

    What can't be identified stays masked, which `secrets.masked-value` refuses.
    """
    if MASK not in text:
        return text
    edited = parse(text).document
    whole = _restore_values(edited, redact(document), document, _secret_values_by_name(document))
    return text if whole == edited else json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _restore_values(edited: Any, masked: Any, whole: Any, by_name: dict[str, set[str]], name: str = "") -> Any:
    if isinstance(edited, dict):
        return {
            key: _restore_values(
                item,
                masked.get(key) if isinstance(masked, dict) else None,
                whole.get(key) if isinstance(whole, dict) else None,
                by_name,
                name_of_member(key, edited),
            )
            for key, item in edited.items()
        }
    if isinstance(edited, list):
        return [
            _restore_values(item, *_counterpart(item, number, edited, masked, whole), by_name, name)
            for number, item in enumerate(edited)
        ]
    if not isinstance(edited, str) or MASK not in edited:
        return edited
    if edited == masked and isinstance(whole, str):
        return whole
    values = by_name.get(name, set())
    return next(iter(values)) if edited == MASK and len(values) == 1 else edited


def _counterpart(item: Any, number: int, edited: list[Any], masked: Any, whole: Any) -> tuple[Any, Any]:
    if not isinstance(masked, list) or not isinstance(whole, list):
        return None, None
    name = _entry_name(item)
    if name:
        masked_positions = [place for place, entry in enumerate(masked) if _entry_name(entry) == name]
        edited_positions = [place for place, entry in enumerate(edited) if _entry_name(entry) == name]
        if len(masked_positions) != len(edited_positions):
            return None, None
        place = masked_positions[edited_positions.index(number)]
        return masked[place], whole[place]
    if isinstance(item, str) and MASK in item:
        masked_positions = [place for place, entry in enumerate(masked) if entry == item]
        edited_positions = [place for place, entry in enumerate(edited) if entry == item]
        if len(masked_positions) != len(edited_positions):
            return None, None
        place = masked_positions[edited_positions.index(number)]
        return masked[place], whole[place]
    if len(masked) != len(edited):
        return None, None
    return masked[number], whole[number]


def _entry_name(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    return next((entry[key] for key in (*NAME_KEYS, "jobName") if isinstance(entry.get(key), str)), "")


def _secret_values_by_name(document: Any) -> dict[str, set[str]]:
    values: dict[str, set[str]] = {}
    for name, value in _named_values(document, ""):
        if is_secret_name(name):
            values.setdefault(name, set()).add(value)
    return values


def _named_values(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _named_values(member, name_of_member(key, value))
    elif isinstance(value, list):
        for member in value:
            yield from _named_values(member, name)
    elif isinstance(value, str):
        yield name, value
