"""Messages for schema errors, with a fix where it is unambiguous."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jobs.spec.documents import Path
from jobs.spec.problems import Fix, Problem, Severity, describe, join_pointer, join_words, quote, truncate
from jobs.spec.rules.registry import rule
from jobs.spec.suggestions import SuggestionBudget

Error = Any
"""A ValidationError of jsonschema, whose stubs declare each attribute as possibly unset."""

FREE_NAME_PATHS = (("jobName",), ("jobDefinitionName",))
MAX_NAME_LENGTH = 128

_TYPE_LABELS = {
    "string": "a string in double quotes",
    "integer": "a whole number, without quotes",
    "number": "a number, without quotes",
    "boolean": "true or false, without quotes",
    "array": "a list in [ ]",
    "object": "an object in { }",
}


_ENTRY_KEYS = ("name", "type")
"""Keys that name an entry of a list."""


@dataclass(frozen=True)
class MisplacedKey:
    """A message and a fix for a key that is valid elsewhere."""

    message: str
    fix: Fix = ()


@dataclass(frozen=True)
class MessageContext:
    pattern_descriptions: Mapping[str, str]
    suggestions: SuggestionBudget
    find_misplaced_key: Callable[[Path, str], MisplacedKey | None] | None = None


def explain_schema_error(error: Error, path: Path, context: MessageContext) -> Iterator[Problem]:
    if "propertyNames" in error.schema_path:
        yield from (key_too_long if error.validator == "maxLength" else key_empty)(error, path, context)
        return
    yield from MESSAGES[str(error.validator)](error, path, context)


@rule("schema.missing-key")
def missing_key(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A key that AWS Batch requires is missing.

    Source: the required members of botocore's service model of AWS Batch.
    """
    # The library yields one error per key, and only its message names the key.
    key = _missing_key_of(error.message)
    yield Problem(join_pointer(*path), f"{key} is missing{_in_parent(path)}; add it.")


def unknown_keys(error: Error, path: Path, context: MessageContext) -> Iterator[Problem]:
    properties = error.schema["properties"] if isinstance(error.schema, Mapping) else {}
    for key in error.instance:
        if key in properties:
            continue
        misplaced = context.find_misplaced_key(path, key) if context.find_misplaced_key else None
        if misplaced:
            yield from misplaced_key(path, key, misplaced)
        else:
            suggestion = context.suggestions.nearest(key, properties)
            if suggestion and not _may_have_type(error.instance[key], properties[suggestion]):
                suggestion = None
            yield from unknown_key(path, key, suggestion, error.instance)


@rule("schema.unknown-key")
def unknown_key(path: Path, key: str, suggestion: str | None, siblings: Mapping[str, Any]) -> Iterator[Problem]:
    """AWS Batch has no such key in this place.

    The nearest known key is suggested. Source: botocore refuses unknown keys before it sends anything.
    """
    here = join_pointer(*path, key)
    message = f"{quote(key)} is not a key that AWS Batch knows here"
    if suggestion and suggestion not in siblings:
        fix = {"op": "move", "from": here, "path": join_pointer(*path, suggestion)}
        yield Problem(here, f"{message}; did you mean {suggestion}?", fix=(fix,))
    else:
        also = f" ({suggestion} is there already)" if suggestion else ""
        yield Problem(here, f"{message}; remove it{also}.", fix=({"op": "remove", "path": here},))


@rule("schema.belongs-elsewhere")
def misplaced_key(path: Path, key: str, misplaced: MisplacedKey) -> Iterator[Problem]:
    """A key is where it can't be set: it belongs in another object of the document, or only in the other kind.

    Source: RegisterJobDefinition, SubmitJob and ContainerOverrides, AWS Batch API reference.
    """
    yield Problem(join_pointer(*path, key), misplaced.message, fix=misplaced.fix)


@rule("schema.wrong-type")
def wrong_type(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A value has the wrong type: a number instead of a string, a list instead of an object.

    Source: the types of botocore's service model of AWS Batch.
    """
    here, value, type_name = join_pointer(*path), error.instance, str(error.validator_value)
    if value is None:
        take = ({"op": "remove", "path": here},) if path and isinstance(path[-1], str) else ()
        yield Problem(here, f"{_label(path)} is null; remove it, or use {_TYPE_LABELS[type_name]}.", fix=take)
        return
    new_value: Any
    match type_name:
        case "array":
            new_value = _to_list(value, error.schema)
        case "object":
            new_value = _to_object(value, error.schema)
        case _:
            new_value = convert_value(value, type_name)
    fix = () if new_value is None else ({"op": "replace", "path": here, "value": new_value},)
    yield Problem(here, f"{_label(path)} must be {_TYPE_LABELS[type_name]}; found {describe(value)}.", fix=fix)


def unlisted_value(error: Error, path: Path, context: MessageContext) -> Iterator[Problem]:
    value, values = error.instance, error.validator_value
    if not isinstance(value, str):
        return  # reported as a wrong type
    same = next((name for name in values if name.casefold() == value.casefold()), None)
    if same:
        yield from wrong_case(value, same, path)
    else:
        yield from unknown_value(value, values, path, context)


@rule("schema.value-case")
def wrong_case(value: str, suggestion: str, path: Path) -> Iterator[Problem]:
    """A value is written in another case than AWS Batch knows it: fargate for FARGATE.

    Source: the enums of botocore's service model of AWS Batch, which AWS compares by case.
    """
    here = join_pointer(*path)
    fix = ({"op": "replace", "path": here, "value": suggestion},)
    yield Problem(here, f"{_label(path)} must be {suggestion} (case-sensitive); found {quote(value)}.", fix=fix)


@rule("schema.unknown-value", Severity.WARNING)
def unknown_value(value: str, values: Sequence[str], path: Path, context: MessageContext) -> Iterator[Problem]:
    """A value is not one that AWS Batch is known to accept; AWS may have added it since.

    The nearest known value is suggested. Source: the enums of botocore's service model of AWS Batch.
    """
    suggestion = context.suggestions.nearest(value, values)
    hint = f"did you mean {suggestion}?" if suggestion else f"the known values are {_join_values(tuple(values))}."
    fix = ({"op": "replace", "path": join_pointer(*path), "value": suggestion},) if suggestion else ()
    yield Problem(join_pointer(*path), f"{_label(path)} has the unknown value {quote(value)}; {hint}", fix=fix)


@rule("schema.pattern")
def wrong_pattern(error: Error, path: Path, context: MessageContext) -> Iterator[Problem]:
    """A name or a condition has characters that AWS Batch does not accept.

    Source: the AWS Batch API reference, where it describes the member.
    """
    pattern = error.validator_value.pattern
    description = context.pattern_descriptions.get(pattern, f"of the form {pattern}")
    # Other names refer to something.
    is_free = path in FREE_NAME_PATHS and "$" not in error.instance  # a variable's name is no name of a job
    name = _sanitize_name(error.instance) if is_free else ""
    fix = (
        ({"op": "replace", "path": join_pointer(*path), "value": name},)
        if name and re.fullmatch(pattern, name)
        else ()
    )
    yield Problem(
        join_pointer(*path), f"{_label(path)} must be {description}; found {describe(error.instance)}.", fix=fix
    )


@rule("schema.too-long")
def too_long(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A string, list or map is longer than AWS Batch accepts.

    Source: the AWS Batch API reference, where it describes the member.
    """
    size, limit = len(error.instance), error.validator_value
    yield Problem(
        join_pointer(*path),
        f"{_label(path)} has {size:,} {_unit(error, size)}; the limit is {limit:,}.",
    )


@rule("schema.too-short")
def too_short(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A string, list or map is shorter than AWS Batch accepts, most often empty.

    Source: the AWS Batch API reference, where it describes the member.
    """
    size, minimum = len(error.instance), error.validator_value
    if size == 0:
        yield Problem(join_pointer(*path), f"{_label(path)} is empty; fill it in, or remove it.")
    else:
        message = f"{_label(path)} has {size:,} {_unit(error, 2)}; the minimum is {minimum:,}."
        yield Problem(join_pointer(*path), message)


@rule("schema.too-large")
def too_large(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A number is larger than AWS Batch accepts.

    Source: the AWS Batch API reference, where it describes the member.
    """
    yield Problem(join_pointer(*path), _bounds_message(error, path), fix=_nearest_bound_fix(error, path))


@rule("schema.too-small")
def too_small(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A number is smaller than AWS Batch accepts, such as a timeout under 60 seconds or an array of one job.

    Source: the AWS Batch API reference, where it describes the member.
    """
    if path[-2:] == ("arrayProperties", "size"):
        # An array of one is meant to be a plain job.
        fix: Fix = ({"op": "remove", "path": join_pointer(*path[:-1])},)
    else:
        fix = _nearest_bound_fix(error, path)
    yield Problem(join_pointer(*path), _bounds_message(error, path), fix=fix)


@rule("schema.key-too-long")
def key_too_long(error: Error, path: Path, _: MessageContext) -> Iterator[Problem]:
    """A tag key can have at most 128 characters.

    Source: TagKey in botocore's service model of AWS Batch.
    """
    key, limit = error.instance, error.validator_value
    yield Problem(join_pointer(*path), f"The key {quote(key)} has {len(key)} characters; the limit is {limit}.")


@rule("schema.key-empty")
def key_empty(_: Error, path: Path, __: MessageContext) -> Iterator[Problem]:
    """A tag key can't be empty.

    Source: TagKey in botocore's service model of AWS Batch.
    """
    yield Problem(join_pointer(*path), f"A key{_in_parent(path[:-1])} is empty; give it a name.")


MESSAGES: Mapping[str, Callable[[Error, Path, MessageContext], Iterator[Problem]]] = {
    "required": missing_key,
    "additionalProperties": unknown_keys,
    "type": wrong_type,
    "enum": unlisted_value,
    "pattern": wrong_pattern,
    "minimum": too_small,
    "maximum": too_large,
    "minLength": too_short,
    "maxLength": too_long,
    "minItems": too_short,
    "maxItems": too_long,
    "minProperties": too_short,
    "maxProperties": too_long,
}


@lru_cache(maxsize=256)
def _join_values(values: tuple[str, ...]) -> str:
    return join_words(values)


def convert_value(value: Any, type_name: str) -> Any:
    match type_name, value:
        case "string", bool():
            return "true" if value else "false"
        case "string", int():
            return str(value)
        case "string", float():
            return f"{value:.15g}"
        case "integer", str() if re.fullmatch(r"\s*-?[0-9]{1,9}\s*", value):
            return int(value)
        case "integer", float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case "boolean", str() if value.casefold() in ("true", "false"):
            return value.casefold() == "true"
        case _:
            return None


def _to_list(value: Any, schema: Any) -> list[Any] | None:
    """Convert {} to [], and {"A": "b"} to [{"name": "A", "value": "b"}]."""
    if not isinstance(value, dict):
        return None
    if not value:
        return []
    entries = schema["items"].schema if "items" in schema else {}
    properties = entries.get("properties", {})
    if value.keys() & properties.keys():
        return [value]
    names = [key for key in _ENTRY_KEYS if key in properties]
    if len(properties) != 2 or not names:
        return None
    (other,) = properties.keys() - {names[0]}
    texts = [inner if isinstance(inner, str) else convert_value(inner, "string") for inner in value.values()]
    if None in texts:
        return None
    return [{names[0]: key, other: text} for key, text in zip(value, texts, strict=True)]


def _to_object(value: Any, schema: Any) -> dict[str, Any] | None:
    """Convert [] to {}, and [{"Key": "a", "Value": "b"}] to {"a": "b"}."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return None
    if not value:
        return {}
    if "properties" in schema:
        return value[0] if len(value) == 1 and value[0].keys() & schema["properties"].keys() else None
    result: dict[str, Any] = {}
    for entry in value:
        members = {key.casefold(): inner for key, inner in entry.items()}
        name = members.get("key", members.get("name"))
        if len(members) != 2 or "value" not in members or not isinstance(name, str) or name in result:
            return None
        result[name] = members["value"]
    return result


def _may_have_type(value: Any, schema: Any) -> bool:
    expected_type = schema.schema.get("type")
    actual_type = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""
    return value is None or actual_type == (expected_type if expected_type in ("object", "array") else "")


def _missing_key_of(message: str) -> str:
    return message.rpartition(" is a required property")[0].strip("'\"")


def _unit(error: Error, size: int) -> str:
    one, many = ("character", "characters") if isinstance(error.instance, str) else ("entry", "entries")
    return one if size == 1 else many


def _bounds_message(error: Error, path: Path) -> str:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    if minimum is not None and maximum is not None:
        limits = f"{minimum:,} to {maximum:,}"
    else:
        limits = f"at most {maximum:,}" if minimum is None else f"at least {minimum:,}"
    return f"{_label(path)} must be {limits}; found the number {error.instance}."


def _nearest_bound_fix(error: Error, path: Path) -> Fix:
    return ({"op": "replace", "path": join_pointer(*path), "value": error.validator_value},)


def _sanitize_name(value: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", value).strip("-_")[:MAX_NAME_LENGTH]


def _label(path: Path) -> str:
    if not path:
        return "The document"
    last = path[-1]
    if isinstance(last, str):
        return truncate(last) or "The value with the empty key"
    owner = next((part for part in reversed(path) if isinstance(part, str)), "the list")
    return f"Entry {last + 1} of {truncate(owner)}"


def _in_parent(path: Path) -> str:
    if not path:
        return ""
    label = _label(path)
    return f" in {label[0].lower() + label[1:] if label.startswith('Entry ') else label}"
