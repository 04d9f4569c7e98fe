"""Parser of requests by botocore's service models."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from jobs.sandbox.context import Document
from jobs.sandbox.errors import ServiceError

# botocore has these in upper case; AWS documents that it accepts any case.
CASE_INSENSITIVE_ENUMS = {"RetryAction"}

ErrorFactory = Callable[[str], ServiceError]


class ApiModel:
    def __init__(self, service: str, make_error: ErrorFactory) -> None:
        description = _description(service)
        self._model = ServiceModel(description, service)
        self._make_error = make_error
        self._names = set(self._model.operation_names)
        self._fixed: dict[tuple[str, str], str] = {}
        self._patterns: list[tuple[str, re.Pattern[str], str]] = []
        if "rest" in description["metadata"]["protocol"]:
            for name in self._names:
                self._add_route(name)

    def _add_route(self, name: str) -> None:
        http = self._model.operation_model(name).http
        method, uri = http["method"], http["requestUri"]
        if "{" in uri:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>.+)", uri)
            self._patterns.append((method, re.compile(pattern), name))
        else:
            self._fixed[method, uri] = name

    def parse(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, Document]:
        operation, params = self._route(method, path, headers)
        shape = self._model.operation_model(operation).input_shape
        if body:
            params |= self._json(body)
        if query and isinstance(shape, StructureShape):
            params |= _parse_query(query, shape)
        if shape is not None:
            params = _without_empty(params, shape)
            self._check(params, shape)
        return operation, params

    def operation_name(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        return self._route(method, path, headers)[0]

    def _route(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[str, Document]:
        if not self._fixed:
            name = headers.get("X-Amz-Target", "").rpartition(".")[2]
            if name in self._names:
                return name, {}
        elif (method, path) in self._fixed:
            return self._fixed[method, path], {}
        for route_method, pattern, name in self._patterns:
            if route_method == method and (match := pattern.fullmatch(path)):
                return name, {key: unquote(value) for key, value in match.groupdict().items()}
        raise ServiceError(f"Unknown operation: {method} {path}", code="UnknownOperationException", status=404)

    def _json(self, body: bytes) -> Document:
        try:
            document = json.loads(body)
        except ValueError:
            raise ServiceError("The body is not JSON.", code="SerializationException") from None
        if not isinstance(document, dict):
            raise ServiceError("The body is not a JSON object.", code="SerializationException")
        return document

    def _check(self, params: Document, shape: Shape) -> None:
        report = ParamValidator().validate(params, shape)
        if report.has_errors():
            raise self._make_error(report.generate_report())
        for where, value, choices in _invalid_enum_values(params, shape, ""):
            raise self._make_error(
                f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(choices)}]"
            )


@cache
def _description(service: str) -> Document:
    description: Document = Loader().load_service_model(service, "service-2")
    return description


def _parse_query(query: str, shape: StructureShape) -> Document:
    names = {
        member.serialization.get("name", key): key
        for key, member in shape.members.items()
        if member.serialization.get("location") == "querystring"
    }
    params: Document = {}
    for name, values in parse_qs(query, keep_blank_values=True).items():
        if key := names.get(name):
            params[key] = values if isinstance(shape.members[key], ListShape) else values[0]
    return params


def _without_empty(value: Any, shape: Shape | None) -> Any:
    """Drop null and unknown empty members: AWS ignores both."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            key: _without_empty(inner, shape.members.get(key))
            for key, inner in value.items()
            if inner is not None and (key in shape.members or inner not in ("", [], {}))
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_without_empty(inner, shape.member) for inner in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _without_empty(inner, shape.value) for key, inner in value.items()}
    return value


def _invalid_enum_values(value: Any, shape: Shape, where: str) -> list[tuple[str, Any, list[str]]]:
    if isinstance(shape, StructureShape):
        return [
            problem
            for key, inner in value.items()
            for problem in _invalid_enum_values(inner, shape.members[key], f"{where}.{key}" if where else key)
        ]
    if isinstance(shape, ListShape):
        return [
            problem
            for number, inner in enumerate(value, start=1)
            for problem in _invalid_enum_values(inner, shape.member, f"{where}.{number}.member")
        ]
    if isinstance(shape, MapShape):
        return [
            problem
            for inner in value.values()
            for problem in _invalid_enum_values(inner, shape.value, f"{where}.value")
        ]
    if (
        isinstance(shape, StringShape)
        and shape.enum
        and shape.name not in CASE_INSENSITIVE_ENUMS
        and value not in shape.enum
    ):
        return [(where, value, shape.enum)]
    return []
