"""The table of fields against the documents that AWS takes."""

from typing import Any

import pytest

from jobs.models import Feature
from jobs.policy.capabilities import IMAGE, ROLE, SHAPES, UNKNOWN_FIELD, capability_uses
from jobs.spec.documents import DocumentKind
from jobs.spec.schema.botocore_schema import json_schema


def full_document(node: dict[str, Any], whole: dict[str, Any], depth: int = 0) -> Any:
    """A document with every field that a schema knows."""
    if "$ref" in node:
        return full_document(whole["$defs"][node["$ref"].rsplit("/", 1)[-1]], whole, depth)
    if "properties" in node:
        return {key: full_document(member, whole, depth + 1) for key, member in node["properties"].items()}
    if node.get("type") == "array":
        return [full_document(node["items"], whole, depth + 1)]
    return {"type": "x", "object": {"a": "b"}, "boolean": True, "integer": 1}.get(node.get("type", ""), "x")


@pytest.mark.parametrize("kind", [DocumentKind.DEFINITION, DocumentKind.SUBMISSION])
def test_every_field_of_the_installed_botocore_is_named(kind):
    document = full_document(json_schema(kind), json_schema(kind))

    assert len(document) > 10
    assert [use.name for use in capability_uses(document, kind) if use.capability == UNKNOWN_FIELD] == []


def test_every_feature_is_the_power_of_some_field_and_every_power_is_known():
    powers = {field.capability for fields in SHAPES.values() for field in fields.values()} - {""}

    assert powers == {*Feature.values, IMAGE, ROLE}


def test_every_shape_that_is_named_is_there():
    inner = {field.shape for fields in SHAPES.values() for field in fields.values()} - {""}

    assert inner | {"definition", "submission"} == set(SHAPES)


@pytest.mark.parametrize("odd", [None, [], "x", 4, {"containerProperties": [1, "x", None]}, {"eksProperties": "x"}])
def test_no_odd_shape_breaks_the_reading(odd):
    capability_uses(odd, DocumentKind.DEFINITION)
