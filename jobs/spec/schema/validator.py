"""Validation with `jsonschema` (Draft 2020-12), extended.

90.0 is no integer (botocore refuses it), a pattern has to match the whole string (`$` also matches before a final
newline), and subschemas are compiled once.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from jobs.spec.documents import Path, is_integer
from jobs.spec.problems import Problem
from jobs.spec.schema import messages, quick_check
from jobs.spec.suggestions import SuggestionBudget

FindMisplacedKey = Callable[[Path, str], messages.MisplacedKey | None]
"""Takes the path of an object and an unknown key; returns where the key belongs."""

SUPPORTED_KEYWORDS = messages.MESSAGES.keys() | {
    "$schema", "$defs", "$ref", "title", "description", "properties", "items", "propertyNames",
}  # fmt: skip
"""A schema with any other keyword can't be compiled: its error would have no message."""

_ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description"})
_CHECKED_FIRST = ("type", "required")
_ANY_TEXT = {"type": "string"}


def _check_properties(_: Any, ready: Mapping[str, Any], instance: Any, __: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for key, value in instance.items():
        if key in ready:
            yield from _iter_errors(ready[key], value, key)


def _check_additional_properties(
    _: Any, ready: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    properties = schema.get("properties", ())
    others = [key for key in instance if key not in properties]
    if ready is False:
        if others:
            yield ValidationError("unknown keys")
        return
    for key in others:
        yield from _iter_errors(ready, instance[key], key)


def _check_property_names(_: Any, ready: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for key in instance:
            for error in _prepend_path(ready.iter_errors(key), key):
                error.schema_path.appendleft("propertyNames")
                yield error


def _check_items(_: Any, ready: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, list):
        for number, entry in enumerate(instance):
            yield from _iter_errors(ready, entry, number)


def _check_pattern(_: Any, pattern: "re.Pattern[str]", instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not pattern.fullmatch(instance):
        yield ValidationError("pattern")


def _iter_errors(ready: Any, value: Any, key: str | int) -> Iterator[ValidationError]:
    # Half of what a large workflow has are such texts, and each would cost a pass through jsonschema.
    if type(value) is str and ready.schema == _ANY_TEXT:
        return iter(())
    return _prepend_path(ready.iter_errors(value), key)


def _prepend_path(errors: Iterator[ValidationError], key: str | int) -> Iterator[ValidationError]:
    for error in errors:
        error.path.appendleft(key)
        yield error


_Validator: Any = extend(  # type: ignore[no-untyped-call] # untyped in the stubs
    Draft202012Validator,
    validators={
        "properties": _check_properties,
        "additionalProperties": _check_additional_properties,
        "propertyNames": _check_property_names,
        "items": _check_items,
        "pattern": _check_pattern,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: is_integer(value)),
)


@dataclass(frozen=True)
class CompiledSchema:
    validator: Any
    is_surely_valid: quick_check.Check


def compile_schema(schema: Mapping[str, Any]) -> CompiledSchema:
    """Raise ValueError for a keyword without a message."""
    return CompiledSchema(_SchemaCompiler(schema.get("$defs", {})).compile(schema), quick_check.build_check(schema))


class _SchemaCompiler:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.by_name: dict[str, Any] = {}

    def compile(self, part: Mapping[str, Any]) -> Any:
        if "$ref" not in part:
            return _Validator(self._compile_keywords(part))
        name = part["$ref"].removeprefix("#/$defs/")
        if name not in self.by_name:
            self.by_name[name] = None  # a recursive shape would return None here: Batch has none
            self.by_name[name] = _Validator(self._compile_keywords(self.definitions[name]))
        return self.by_name[name]

    def _compile_keywords(self, part: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := part.keys() - SUPPORTED_KEYWORDS:
            raise ValueError(f"Keywords that are not understood: {sorted(unknown)}")
        keywords = [*(keyword for keyword in _CHECKED_FIRST if keyword in part)]
        keywords += [keyword for keyword in part if keyword not in _CHECKED_FIRST and keyword not in _ANNOTATIONS]
        return {keyword: self._compile_value(keyword, part[keyword]) for keyword in keywords}

    def _compile_value(self, keyword: str, value: Any) -> Any:
        if keyword == "properties":
            return {name: self.compile(member) for name, member in value.items()}
        if keyword == "pattern":
            return re.compile(value)
        return self.compile(value) if isinstance(value, Mapping) else value


def check_conformity(
    document: Any,
    shape: CompiledSchema,
    *,
    pattern_descriptions: Mapping[str, str],
    at: Path = (),
    suggestions: SuggestionBudget | None = None,
    find_misplaced_key: FindMisplacedKey | None = None,
) -> Iterator[Problem]:
    if shape.is_surely_valid(document):
        return
    context: messages.MessageContext | None = None
    for error in shape.validator.iter_errors(document):
        context = context or messages.MessageContext(
            pattern_descriptions, suggestions or SuggestionBudget(), find_misplaced_key
        )
        yield from messages.explain_schema_error(error, (*at, *error.absolute_path), context)
