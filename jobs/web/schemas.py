"""The JSON Schemas of documents. Public: they repeat AWS's API."""

import hashlib
import json
from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import condition, require_safe

from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms.file_format import form_schema
from jobs.spec.schema.botocore_schema import json_schema
from jobs.spec.template_format import template_schema

IMMUTABLE = "public, max-age=31536000, immutable"
SHORT_LIVED = "public, max-age=300"


TEMPLATE, FORM = "template", "form"
"""A workflow template and a launch form as files: no documents, but they have one."""
KINDS = (*DocumentKind, TEMPLATE, FORM)
_FILE_SCHEMAS = {TEMPLATE: template_schema, FORM: form_schema}


@cache
def _content(kind: str) -> tuple[bytes, str]:
    build = _FILE_SCHEMAS.get(kind)
    schema = build() if build else json_schema(DocumentKind(kind))
    content = json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode()
    return content, hashlib.sha256(content).hexdigest()[:32]


def schema_version(kind: str) -> str:
    """Return the hash for `?v=…`, with which the URL is cached permanently."""
    return _content(kind)[1]


def schema_url(kind: str) -> str:
    return f"{reverse('schema', args=[str(kind)])}?v={schema_version(kind)}"


def _etag(_: HttpRequest, kind: str) -> str | None:
    return f'"{_content(kind)[1]}"' if kind in KINDS else None


@require_safe
@condition(etag_func=_etag)
def serve_schema(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    content, version = _content(kind)
    answer = HttpResponse(content, content_type="application/schema+json")
    answer["Cache-Control"] = IMMUTABLE if request.GET.get("v") == version else SHORT_LIVED
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
