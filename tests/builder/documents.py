"""Documents with every field of the schema, with some that nobody knows, laid out in every way people do."""

import json
import random
from collections.abc import Mapping
from typing import Any

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.schema.botocore_schema import json_schema

LARGE = "12345678901234567890123"
"""A number that no JavaScript and no database keeps: a text must."""
_LARGE = 987_654_321_000
WORDS = [
    *("a", "x y", "é中", "s3://bucket/key", 'say "hi"', "back\\slash", "two\nlines"),
    *("", "-", "//", "#", "/*", "${a}", "0"),
]
MARKERS = {
    "jobDefinition": ["train", "train:3", "arn:aws:batch:us-west-2:123456789012:job-definition/train:3"],
    "jobId": ["00000000-0000-4000-8000-000000000001", "${other}"],
    "type": ["VCPU", "MEMORY", "GPU"],
}


def document(kind: DocumentKind, number: int) -> tuple[Document, str]:
    """The document of a number and how it is written. Every third has all that its schema knows."""
    dice = random.Random(number)
    made = _Maker(dice, json_schema(kind)["$defs"], everything=number % 3 == 0)
    whole = made.value(json_schema(kind), "")
    if kind is DocumentKind.DEFINITION:
        # Of one container, as the form is.
        for key in ("ecsProperties", "eksProperties", "nodeProperties"):
            whole.pop(key, None)
        whole["type"] = "container"
    return whole, random_json(whole, dice)


def random_json(whole: Document, dice: random.Random) -> str:
    indent = dice.choice([None, 1, 2, 4, "\t"])
    text = json.dumps(whole, indent=indent, ensure_ascii=dice.random() < 0.3)
    text = text.replace(str(_LARGE), LARGE)
    if dice.random() < 0.4 and indent:
        lines = text.split("\n")
        for _ in range(3):
            lines[dice.randrange(len(lines) - 1)] += dice.choice(["  // why", " # so", " /* or */"])
        text = "\n".join(lines)
    return text + dice.choice(["", "\n", "\n\n  "])


class _Maker:
    def __init__(self, dice: random.Random, definitions: Mapping[str, Any], *, everything: bool) -> None:
        self.dice = dice
        self.definitions = definitions
        self.everything = everything

    def value(self, shape: Mapping[str, Any], name: str) -> Any:
        if "$ref" in shape:
            return self.value(self.definitions[shape["$ref"].removeprefix("#/$defs/")], name)
        if name in MARKERS and shape.get("type") == "string":
            return self.dice.choice(MARKERS[name])
        if "enum" in shape:
            return self.dice.choice(shape["enum"])
        match shape["type"]:
            case "object" if "properties" in shape:
                return self._object(shape)
            case "object":
                words = self.dice.sample(WORDS[:5], 2)
                return {word: self.value(shape["additionalProperties"], "") for word in words}
            case "array":
                return [self.value(shape["items"], name) for _ in range(self.dice.choice([1, 1, 2, 3]))]
            case "integer" | "number":
                return self.dice.choice([0, 1, 60, 3600, 5400, 16384, -1, 999_999_999])
            case "boolean":
                return self.dice.random() < 0.5
            case _:
                return self.dice.choice([*WORDS, "2048", "512"])

    def _object(self, shape: Mapping[str, Any]) -> Document:
        required = shape.get("required", [])
        keys = [key for key in shape["properties"] if self.everything or key in required or self.dice.random() < 0.35]
        self.dice.shuffle(keys)
        made = {key: self.value(shape["properties"][key], key) for key in keys}
        if self.dice.random() < 0.15:
            made["unknownKey"] = self.dice.choice([None, [1, {"a": 1.5e300}], _LARGE, "new"])
        return made


def members(kind: DocumentKind) -> set[tuple[str, str]]:
    """Every member that the schema of a kind knows, with what it is a member of."""
    fields: set[tuple[str, str]] = set()
    whole = json_schema(kind)
    waiting = [("", whole)]
    while waiting:
        owner, shape = waiting.pop()
        for key, member in shape.get("properties", {}).items():
            if (owner, key) in fields or (kind is DocumentKind.DEFINITION and not owner and key in _OTHERS):
                continue
            fields.add((owner, key))
            inner = member
            while "items" in inner or isinstance(inner.get("additionalProperties"), dict):
                inner = inner.get("items") or inner["additionalProperties"]
            if "$ref" in inner:
                name = inner["$ref"].removeprefix("#/$defs/")
                waiting.append((name, whole["$defs"][name]))
    return fields


_OTHERS = ("ecsProperties", "eksProperties", "nodeProperties")


def fields_in(kind: DocumentKind, whole: Document) -> set[tuple[str, str]]:
    """Which of them a document has."""
    fields: set[tuple[str, str]] = set()

    def look(value: Any, shape: Mapping[str, Any], owner: str) -> None:
        if "$ref" in shape:
            name = shape["$ref"].removeprefix("#/$defs/")
            look(value, json_schema(kind)["$defs"][name], name)
        elif isinstance(value, list):
            for entry in value:
                look(entry, shape["items"], owner)
        elif isinstance(value, dict) and "properties" in shape:
            for key, member in value.items():
                if key in shape["properties"]:
                    fields.add((owner, key))
                    look(member, shape["properties"][key], owner)

    look(whole, json_schema(kind), "")
    return fields
