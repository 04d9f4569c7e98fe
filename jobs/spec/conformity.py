"""Compares a document with a JSON Schema, by the library `jsonschema`.

The comparing is the library's (Draft 2020-12); what its errors mean to a person is told in `wording`. Three things
are laid over it, all by its own means of extension: a whole number is no 90.0 (botocore refuses it), a pattern has to
fit all of a text (`$` also stands before a last line end), and each part of the schema is made ready once, so that
a document costs no look-up of references.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from jobs.spec import wording
from jobs.spec.documents import Path, is_whole_number
from jobs.spec.guesses import Guesses
from jobs.spec.problems import Problem

Elsewhere = Callable[[Path, str], "wording.Elsewhere | None"]
"""Asked about an unknown key and the path of its object: whether the key is known in another place."""

KEYWORDS = wording.SENTENCES.keys() | {
    "$schema", "$defs", "$ref", "title", "description", "properties", "items", "propertyNames",
}  # fmt: skip
"""The keywords whose errors can be told; `compiled` refuses a schema with any other."""

_ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description"})
_CHECKED_FIRST = ("type", "required")


def _check_properties(_: Any, ready: Mapping[str, Any], instance: Any, __: Any) -> Iterator[ValidationError]:
    """`properties`, in the order of the document."""
    if not isinstance(instance, dict):
        return
    for key, value in instance.items():
        if key in ready:
            yield from _prepend_path(ready[key].iter_errors(value), key)


def _check_additional_properties(
    _: Any, ready: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """`additionalProperties`: false, or the schema of each."""
    if not isinstance(instance, dict):
        return
    properties = schema.get("properties", ())
    others = [key for key in instance if key not in properties]
    if ready is False:
        if others:
            yield ValidationError("unknown keys")
        return
    for key in others:
        yield from _prepend_path(ready.iter_errors(instance[key]), key)


def _check_property_names(_: Any, ready: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    """`propertyNames`; the path of the error leads to the key itself."""
    if isinstance(instance, dict):
        for key in instance:
            for error in _prepend_path(ready.iter_errors(key), key):
                error.schema_path.appendleft("propertyNames")
                yield error


def _check_items(_: Any, ready: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    """`items`."""
    if isinstance(instance, list):
        for number, entry in enumerate(instance):
            yield from _prepend_path(ready.iter_errors(entry), number)


def _check_pattern(_: Any, pattern: "re.Pattern[str]", instance: Any, __: Any) -> Iterator[ValidationError]:
    """`pattern`, of all of the text."""
    if isinstance(instance, str) and not pattern.fullmatch(instance):
        yield ValidationError("pattern")


def _prepend_path(errors: Iterator[ValidationError], key: str | int) -> Iterator[ValidationError]:
    for error in errors:
        error.path.appendleft(key)
        yield error


_Validator: Any = extend(  # type: ignore[no-untyped-call] # the stubs leave it without types
    Draft202012Validator,
    validators={
        "properties": _check_properties,
        "additionalProperties": _check_additional_properties,
        "propertyNames": _check_property_names,
        "items": _check_items,
        "pattern": _check_pattern,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: is_whole_number(value)),
)


@dataclass(frozen=True)
class Shape:
    """A schema made ready for comparing."""

    validator: Any


def compiled(schema: Mapping[str, Any]) -> Shape:
    """Make a schema ready. Raises ValueError when it holds a keyword that nobody could put into words."""
    return Shape(_SchemaCompiler(schema.get("$defs", {})).compile(schema))


class _SchemaCompiler:
    """Turns every schema within a schema into a validator of its own; those of `$defs` are shared."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.by_name: dict[str, Any] = {}

    def compile(self, part: Mapping[str, Any]) -> Any:
        if "$ref" not in part:
            return _Validator(self._compile_keywords(part))
        name = part["$ref"].removeprefix("#/$defs/")
        if name not in self.by_name:
            self.by_name[name] = None  # a shape that holds itself would come back here: Batch has none
            self.by_name[name] = _Validator(self._compile_keywords(self.definitions[name]))
        return self.by_name[name]

    def _compile_keywords(self, part: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := part.keys() - KEYWORDS:
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


def problems(
    document: Any,
    shape: Shape,
    *,
    pattern_descriptions: Mapping[str, str],
    at: Path = (),
    suggestions: Guesses | None = None,
    find_misplaced_key: Elsewhere | None = None,
) -> Iterator[Problem]:
    """Where a document, which stands at a path of a larger one, departs from a shape.

    `in_words` puts patterns into words.
    """
    context: wording.Told | None = None
    for error in shape.validator.iter_errors(document):
        context = context or wording.Told(pattern_descriptions, suggestions or Guesses(), find_misplaced_key)
        yield from wording.problems(error, (*at, *error.absolute_path), context)
