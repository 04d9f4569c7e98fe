"""Documents as other tools write them, for copying."""

import json
import pprint
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from jobs.spec.documents import Document, DocumentKind, is_object
from jobs.spec.schema import botocore_schema

_COMMANDS = {DocumentKind.DEFINITION: "register-job-definition", DocumentKind.SUBMISSION: "submit-job"}
_METHODS = {DocumentKind.DEFINITION: "register_job_definition", DocumentKind.SUBMISSION: "submit_job"}
_API_PATHS = {
    DocumentKind.DEFINITION: "/api/v1/definitions",
    DocumentKind.SUBMISSION: "/api/v1/submissions",
    DocumentKind.WORKFLOW: "/api/v1/submissions",
}

_TERRAFORM_JSON = ("containerProperties", "ecsProperties", "nodeProperties")
_TERRAFORM_BLOCKS = ("retryStrategy", "timeout", "eksProperties")
_TERRAFORM_NAMES = {"jobDefinitionName": "name", "imagePullSecrets": "image_pull_secret"}
_HCL_ESCAPES = {"b": "\\u0008", "f": "\\u000c"}
"""Escapes of JSON that HCL lacks."""
_FREE_MAPS = frozenset({"parameters", "tags", "labels", "annotations", "limits", "requests"})


@dataclass(frozen=True)
class CopyFormat:
    name: str
    label: str
    write: Callable[[Document, DocumentKind, "CopyTarget"], str]
    kinds: frozenset[DocumentKind] = frozenset(DocumentKind)


@dataclass(frozen=True)
class CopyTarget:
    region: str
    portal_url: str = ""


@dataclass(frozen=True)
class DocumentCopy:
    name: str
    label: str
    text: str


def copies(document: Document, kind: DocumentKind, target: CopyTarget) -> list[DocumentCopy]:
    return [
        DocumentCopy(copy_format.name, copy_format.label, copy_format.write(document, kind, target))
        for copy_format in FORMATS
        if kind in copy_format.kinds
    ]


def write_json(document: Document, _kind: DocumentKind, _target: CopyTarget) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write_cli_command(document: Document, kind: DocumentKind, target: CopyTarget) -> str:
    text = shlex.quote(json.dumps(document, indent=2, ensure_ascii=False))
    return f"aws batch {_COMMANDS[kind]} --region {shlex.quote(target.region)} --cli-input-json {text}"


def write_curl_command(document: Document, kind: DocumentKind, target: CopyTarget) -> str:
    text = shlex.quote(json.dumps(document, indent=2, ensure_ascii=False))
    url = shlex.quote(f"{target.portal_url}{_API_PATHS[kind]}")
    return f'curl -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" --data-binary {text} {url}\n'


def write_cloudformation(document: Document, kind: DocumentKind, _target: CopyTarget) -> str:
    schema = botocore_schema.json_schema(kind)
    properties = _pascal_case(document, schema, schema["$defs"])
    name = "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", str(document.get("jobDefinitionName"))))
    resource = {"Type": "AWS::Batch::JobDefinition", "Properties": properties}
    template = {"Resources": {name or "JobDefinition": resource}}
    text: str = yaml.safe_dump(template, sort_keys=False, allow_unicode=True, width=110)
    return text


def write_boto3(document: Document, kind: DocumentKind, target: CopyTarget) -> str:
    text = pprint.pformat(document, indent=1, width=100, sort_dicts=False)
    return (
        f'import boto3\n\nbatch = boto3.client("batch", region_name={json.dumps(target.region)})\n'
        f"request = {text}\nprint(batch.{_METHODS[kind]}(**request))\n"
    )


def write_terraform(document: Document, _kind: DocumentKind, _target: CopyTarget) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(document.get("jobDefinitionName") or "job_definition"))
    lines = [f'resource "aws_batch_job_definition" {_hcl_string(name)} {{']
    for key, member in document.items():
        attribute = _TERRAFORM_NAMES.get(key, _snake_case(key))
        if key in _TERRAFORM_JSON:
            lines.append(f"  {attribute} = jsonencode({_indent(_hcl_value(member), 1)})")
        elif key in _TERRAFORM_BLOCKS and is_object(member):
            lines += _hcl_block(attribute, member, 1)
        else:
            lines.append(f"  {attribute} = {_indent(_hcl_value(member), 1)}")
    return "\n".join([*lines, "}", ""])


DEFINITION_ONLY = frozenset({DocumentKind.DEFINITION})
FORMATS = (
    CopyFormat("json", "JSON", write_json),
    CopyFormat("aws", "AWS CLI", write_cli_command, frozenset(_COMMANDS)),
    CopyFormat("curl", "curl", write_curl_command),
    CopyFormat("cloudformation", "CloudFormation", write_cloudformation, DEFINITION_ONLY),
    CopyFormat("terraform", "Terraform", write_terraform, DEFINITION_ONLY),
    CopyFormat("boto3", "Python (boto3)", write_boto3, frozenset(_METHODS)),
)
"""In the order in which pages offer them."""


def _pascal_case(value: Any, shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    if "$ref" in shape:
        shape = definitions[shape["$ref"].removeprefix("#/$defs/")]
    if is_object(value) and "properties" in shape:
        return {
            f"{key[:1].upper()}{key[1:]}": _pascal_case(member, shape["properties"].get(key, {}), definitions)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_pascal_case(entry, shape.get("items", {}), definitions) for entry in value]
    return value


def _snake_case(key: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()


def _hcl_block(name: str, members: Document, depth: int) -> Iterator[str]:
    margin = "  " * depth
    yield f"{margin}{name} {{"
    for key, member in members.items():
        attribute = _TERRAFORM_NAMES.get(key, _snake_case(key))
        entries = member if isinstance(member, list) and member and all(map(is_object, member)) else [member]
        for entry in entries:
            if is_object(entry) and key not in _FREE_MAPS:
                yield from _hcl_block(attribute, entry, depth + 1)
            else:
                yield f"{margin}  {attribute} = {_indent(_hcl_value(entry), depth + 1)}"
    yield f"{margin}}}"


def _hcl_value(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = re.sub(r"\\(.)", lambda match: _HCL_ESCAPES.get(match[1], match[0]), text)
    return text.replace("${", "$${").replace("%{", "%%{")


def _hcl_string(text: str) -> str:
    return _hcl_value(text)


def _indent(text: str, depth: int) -> str:
    return text.replace("\n", "\n" + "  " * depth)
