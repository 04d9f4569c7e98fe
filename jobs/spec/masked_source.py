"""A person's own text with its secrets masked, and such a text made whole again.

The text keeps its layout and comments where its values are spelled as JSON spells them; otherwise it is written anew.
"""

import json
from collections.abc import Iterator
from typing import Any

from jobs.spec.documents import Document
from jobs.spec.reading import NotADocument, read
from jobs.spec.redaction import MASK, has_secrets, is_secret_name, redact, redact_text, secret_texts

SHORTEST = 4
"""A shorter value is looked for with its quotes only: “1” stands in many a text."""


def masked_source(text: str, document: Document) -> str:
    """A text with the secrets masked that stand in it or in the document that was read from it."""
    masked = mention_masked(text, document)
    try:
        document = read(masked).document
    except NotADocument:
        return masked if _reads(text) is None else _written(document)
    return _written(document) if has_secrets(document) else masked


def mention_masked(text: str, document: Any) -> str:
    """Any text that may tell of a document, such as a message, with the document's secrets masked."""
    for value, shown in sorted(set(secret_texts(document)), key=lambda pair: len(pair[0]), reverse=True):
        plain = json.dumps(shown, ensure_ascii=False)
        for spelled in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
            text = text.replace(spelled, plain)
            if len(value) >= SHORTEST:
                text = text.replace(spelled[1:-1], plain[1:-1])
        if len(value) >= SHORTEST:
            text = text.replace(value, shown)
    return redact_text(text)


def _reads(text: str) -> Document | None:
    try:
        return read(text).document
    except NotADocument:
        return None


def _written(document: Document) -> str:
    return json.dumps(redact(document), indent=2, ensure_ascii=False) + "\n"


def restored(text: str, document: Document) -> str:
    """A text that was written over a masked one, with the values of `document` where they are still masked.

    A value is known by the name it stands under, and a word of a command by what stands around it. What cannot be
    told stays masked, and `secrets.masked-value` refuses it. Raises NotADocument.
    """
    if MASK not in text:
        return text
    asked = read(text).document
    whole = _filled(asked, redact(document), document, _by_name(document))
    return text if whole == asked else json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _filled(asked: Any, masked: Any, whole: Any, by_name: dict[str, set[str]], name: str = "") -> Any:
    """`asked` with what `masked` hides of `whole`, place by place, and else name by name."""
    if isinstance(asked, dict):
        here = _entry_name(asked)
        return {
            key: _filled(
                each,
                masked.get(key) if isinstance(masked, dict) else None,
                whole.get(key) if isinstance(whole, dict) else None,
                by_name,
                here if key == "value" and here else key,
            )
            for key, each in asked.items()
        }
    if isinstance(asked, list):
        return [
            _filled(each, *_counterpart(each, number, asked, masked, whole), by_name, name)
            for number, each in enumerate(asked)
        ]
    if not isinstance(asked, str) or MASK not in asked:
        return asked
    if asked == masked and isinstance(whole, str):
        return whole
    values = by_name.get(name, set())
    return next(iter(values)) if asked == MASK and len(values) == 1 else asked


def _counterpart(each: Any, number: int, asked: list[Any], masked: Any, whole: Any) -> tuple[Any, Any]:
    """The entry of the masked list that an entry stands for, and the whole one: the one of its name, or its place."""
    if not isinstance(masked, list) or not isinstance(whole, list):
        return None, None
    name = _entry_name(each)
    if name:
        same = [place for place, entry in enumerate(masked) if _entry_name(entry) == name]
        twins = [place for place, entry in enumerate(asked) if _entry_name(entry) == name]
        if len(same) != len(twins):
            return None, None
        place = same[twins.index(number)]
        return masked[place], whole[place]
    if isinstance(each, str) and MASK in each:
        same = [place for place, entry in enumerate(masked) if entry == each]
        twins = [place for place, entry in enumerate(asked) if entry == each]
        if len(same) != len(twins):
            return None, None
        place = same[twins.index(number)]
        return masked[place], whole[place]
    if len(masked) != len(asked):
        return None, None
    return masked[number], whole[number]


def _entry_name(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    return next((entry[key] for key in ("name", "jobName", "key") if isinstance(entry.get(key), str)), "")


def _by_name(document: Any) -> dict[str, set[str]]:
    """The values of every secret name, wherever it stands."""
    found: dict[str, set[str]] = {}
    for name, value in _named_values(document, ""):
        if is_secret_name(name):
            found.setdefault(name, set()).add(value)
    return found


def _named_values(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        here = _entry_name(value)
        for key, each in value.items():
            yield from _named_values(each, here if key == "value" and here else key)
    elif isinstance(value, list):
        for each in value:
            yield from _named_values(each, name)
    elif isinstance(value, str):
        yield name, value
