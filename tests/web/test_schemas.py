"""The schemas that editors ask for."""

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from jobs.spec.documents import DocumentKind
from jobs.spec.schema.botocore_schema import json_schema
from jobs.web.schemas import schema_version


@pytest.mark.parametrize("kind", DocumentKind)
def test_each_schema_is_served_to_everybody_and_is_a_schema(kind):
    answer = Client().get(f"/schemas/{kind.value}.json")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/schema+json")
    assert answer.json() == json_schema(kind)
    Draft202012Validator.check_schema(answer.json())


def test_a_schema_is_sent_once_and_known_by_its_hash():
    first = Client().get("/schemas/definition.json")
    again = Client().get("/schemas/definition.json", headers={"if-none-match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert "max-age=300" in first["Cache-Control"]
    version = schema_version(DocumentKind.DEFINITION)
    assert "immutable" in Client().get(f"/schemas/definition.json?v={version}")["Cache-Control"]
    assert "immutable" not in Client().get("/schemas/definition.json?v=old")["Cache-Control"]


def test_there_are_no_other_schemas_and_nothing_can_be_posted():
    assert Client().get("/schemas/job.json").status_code == 404
    assert Client().post("/schemas/definition.json").status_code == 405
