"""What the editor completes and explains, with the schema that the portal serves to it."""

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.schema.botocore_schema import json_schema
from tests import node

pytestmark = pytest.mark.process

SCHEMA: Document = json_schema(DocumentKind.DEFINITION)


def test_the_schema_completes_keys_and_values() -> None:
    text = '{"containerProperties": {"image": "x", "j'
    values = '{"containerProperties": {"resourceRequirements": [{"type": "'
    keys, types = node.call(
        "complete", {"shape": SCHEMA, "asked": [[text, len(text)], [values + '"}]}}', len(values)]]}
    )

    assert '"jobRoleArn"' in keys
    assert '"image"' not in keys
    assert types == ['"GPU"', '"VCPU"', '"MEMORY"']


def test_the_schema_explains_keys() -> None:
    text = '{"retryStrategy": {"attempts": 3}}'
    description = node.call("explain", {"shape": SCHEMA, "whole": text, "at": text.index("attempts")})

    assert description["kind"] == "integer, at least 1, at most 10"
    assert "RUNNABLE" in description["help"]
