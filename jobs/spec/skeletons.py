"""CLI skeletons, `aws batch … --generate-cli-skeleton`, that were filled in here and there: the rest is left out.

A skeleton has every key there is, with "" and 0 as values, true for every switch and some word for every enum, so
that only a text or a number says that somebody was here. A switch that is true may be the skeleton's own
(privileged is one), so it goes too, and its name is said.
"""

from collections.abc import Mapping
from typing import Any

from jobs.spec import schema
from jobs.spec.documents import Document, Kind, is_object
from jobs.spec.keys import Fitted
from jobs.spec.problems import Change, escape, listed

PLACEHOLDER = "KeyName"
"""The key that a skeleton gives to every free map."""

_BLOCKS = (
    ("containerProperties", "nodeProperties", "eksProperties"),
    ("containerOverrides", "nodeOverrides", "eksPropertiesOverride"),
)
"""Where all of these stand together, nobody meant all of them."""


def filled_in(document: Document, kind: Kind) -> Fitted | None:
    """What somebody wrote into a skeleton, or None if the document is none."""
    if kind is Kind.WORKFLOW or not _is_skeleton(document):
        return None
    pruning = _Pruning(schema.schema(kind)["$defs"])
    kept = pruning.object(document, schema.schema(kind), "", "")
    changes = [Change("", "The empty parts of the skeleton were left out.")]
    if pruning.switches:
        names = listed(pruning.switches)
        message = f"Switches that a skeleton sets were left out ({names}); write them again if they are meant."
        changes.append(Change("", message))
    return Fitted(kept, changes, pruning.origins)


def _is_skeleton(document: Document) -> bool:
    if any(all(block in document for block in blocks) for blocks in _BLOCKS):
        return True
    maps = [document.get(key) for key in ("parameters", "tags")]
    return any(is_object(found) and found.get(PLACEHOLDER) == "" for found in maps)


class _Pruning:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.origins: dict[str, str] = {}
        self.switches: list[str] = []

    def object(self, value: Document, shape: Mapping[str, Any], here: str, there: str) -> Document:
        """The members that say something, and with them the switches and enums beside them."""
        known = shape.get("properties", {})
        kept: Document = {}
        for key, member in value.items():
            inner = self._shape(known.get(key, shape.get("additionalProperties")))
            if key == PLACEHOLDER and member in ("", None):
                continue
            if member is True:
                self.switches.append(key)
                continue
            left = self._value(member, inner, f"{here}/{escape(key)}", f"{there}/{escape(key)}")
            if left is not None:
                kept[key] = left
        return kept

    def _value(self, value: Any, shape: Mapping[str, Any], here: str, there: str) -> Any:
        if is_object(value):
            return self.object(value, shape, here, there) if self._says(value, shape) else None
        if isinstance(value, list):
            return self._list(value, shape, here, there) or None
        return None if value in ("", None) or (value == 0 and not isinstance(value, bool)) else value

    def _list(self, value: list[Any], shape: Mapping[str, Any], here: str, there: str) -> list[Any]:
        entries = self._shape(shape.get("items"))
        kept: list[Any] = []
        for number, entry in enumerate(value):
            new, old = f"{here}/{len(kept)}", f"{there}/{number}"
            kept_word = isinstance(entry, str) and "enum" in entries
            left = self._value(entry, entries, new, old) if kept_word or self._says(entry, entries) else None
            if left is not None:
                self.origins[new] = old
                kept.append(left)
        return kept

    def _says(self, value: Any, shape: Mapping[str, Any]) -> bool:
        """Whether a text or number in it was typed by somebody."""
        if is_object(value):
            known = shape.get("properties", {})
            others = shape.get("additionalProperties")
            return any(
                self._says(member, self._shape(known.get(key, others)))
                for key, member in value.items()
                if key != PLACEHOLDER or member
            )
        if isinstance(value, list):
            return any(self._says(entry, self._shape(shape.get("items"))) for entry in value)
        if isinstance(value, str):
            return bool(value) and "enum" not in shape
        return not isinstance(value, bool) and value not in (0, None)

    def _shape(self, shape: Any) -> Mapping[str, Any]:
        if not isinstance(shape, Mapping):
            return {}
        return self.definitions[shape["$ref"].removeprefix("#/$defs/")] if "$ref" in shape else shape
