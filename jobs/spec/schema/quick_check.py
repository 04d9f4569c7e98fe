"""A quick check for values without errors, which most are: jsonschema, which finds errors, takes far longer."""

import re
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

Check = Callable[[Any], bool]
"""Return True for a value without errors; False if it may have some."""

_ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description"})
_KEYWORDS = {
    "string": frozenset({"type", "minLength", "maxLength", "pattern", "enum"}),
    "integer": frozenset({"type", "minimum", "maximum"}),
    "boolean": frozenset({"type"}),
    "array": frozenset({"type", "items", "minItems", "maxItems"}),
    "object": frozenset(
        {"type", "properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"}
    ),
}


def build_check(schema: Mapping[str, Any]) -> Check:
    return _CheckBuilder(schema.get("$defs", {})).build(schema)


class _CheckBuilder:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._by_name: dict[str, Check] = {}

    def build(self, part: Mapping[str, Any]) -> Check:
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            if name not in self._by_name:
                self._by_name[name] = self.build(self._definitions[name])
            return self._by_name[name]
        keywords = part.keys() - _ANNOTATIONS
        if not keywords:
            return lambda _: True
        kind = part.get("type", "")
        if not keywords <= _KEYWORDS.get(kind, frozenset()):
            return lambda _: False
        if kind == "string":
            return _string_check(part)
        if kind == "integer":
            lower, upper = part.get("minimum", -inf), part.get("maximum", inf)
            return lambda value: type(value) is int and lower <= value <= upper
        if kind == "boolean":
            return lambda value: type(value) is bool
        return self._array_check(part) if kind == "array" else self._object_check(part)

    def _array_check(self, part: Mapping[str, Any]) -> Check:
        entry_check = self.build(part.get("items", {}))
        lower, upper = part.get("minItems", 0), part.get("maxItems", inf)
        return lambda value: isinstance(value, list) and lower <= len(value) <= upper and all(map(entry_check, value))

    def _object_check(self, part: Mapping[str, Any]) -> Check:
        members = {key: self.build(member) for key, member in part.get("properties", {}).items()}
        others = part.get("additionalProperties", {})
        check_other = self.build(others) if isinstance(others, Mapping) else lambda _: bool(others)
        check_name = self.build({"type": "string", **part.get("propertyNames", {})})
        required = frozenset(part.get("required", ()))
        lower, upper = part.get("minProperties", 0), part.get("maxProperties", inf)

        def check(value: Any) -> bool:
            if not isinstance(value, dict) or not required <= value.keys() or not lower <= len(value) <= upper:
                return False
            for key, member in value.items():
                if not members.get(key, check_other)(member):
                    return False
            return all(map(check_name, value))

        return check


def _string_check(part: Mapping[str, Any]) -> Check:
    if part.keys() - _ANNOTATIONS == {"type"}:
        return lambda value: type(value) is str
    lower, upper = part.get("minLength", 0), part.get("maxLength", inf)
    matches = re.compile(part.get("pattern", ".*"), 0 if "pattern" in part else re.DOTALL).fullmatch
    choices = part.get("enum")

    def check(value: Any) -> bool:
        if type(value) is not str or not lower <= len(value) <= upper:
            return False
        return matches(value) is not None and (choices is None or value in choices)

    return check
