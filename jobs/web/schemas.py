"""The JSON Schemas of documents. Public: they repeat AWS's API."""

import hashlib
import json
from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import condition, require_safe

from jobs.spec.documents import DocumentKind
from jobs.spec.schema.botocore_schema import json_schema

IMMUTABLE = "public, max-age=31536000, immutable"
SHORT_LIVED = "public, max-age=300"


@cache
def _content(kind: DocumentKind) -> tuple[bytes, str]:
    content = json.dumps(json_schema(kind), ensure_ascii=False, separators=(",", ":")).encode()
    return content, hashlib.sha256(content).hexdigest()[:32]


def schema_version(kind: DocumentKind) -> str:
    """Return the hash for `?v=…`, with which the URL is cached permanently."""
    return _content(kind)[1]


def schema_url(kind: DocumentKind) -> str:
    return f"{reverse('schema', args=[kind.value])}?v={schema_version(kind)}"


def _etag(_: HttpRequest, kind: str) -> str | None:
    return f'"{_content(DocumentKind(kind))[1]}"' if kind in list(DocumentKind) else None


@require_safe
@condition(etag_func=_etag)
def serve_schema(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in list(DocumentKind):
        raise Http404
    content, version = _content(DocumentKind(kind))
    answer = HttpResponse(content, content_type="application/schema+json")
    answer["Cache-Control"] = IMMUTABLE if request.GET.get("v") == version else SHORT_LIVED
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
