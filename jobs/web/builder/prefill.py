"""Values that a link to a form brings along. They fill fields; the person still submits."""

import re

from django.http import QueryDict
from django.utils.http import urlencode

from jobs.spec import forms
from jobs.spec.documents import Document
from jobs.web.shell.text_input import drop_nul

MAX_QUEUE_LENGTH = 128
_PATTERNS = {
    "vcpus": re.compile(r"\d{1,4}(\.\d{1,4})?", re.ASCII),
    "memory": re.compile(r"\d{1,8}", re.ASCII),
    "time_limit": re.compile(r"\d{1,8}", re.ASCII),
}
"""Memory in MiB and the time limit in seconds, as AWS writes them."""
_NAMES = ("queue", *_PATTERNS)


def link_values(query: QueryDict) -> dict[str, str]:
    """Return the values of a link by their field's name, without those that no link of the portal has."""
    values = {name: drop_nul(query.get(name, "")) for name in _NAMES}
    return {name: value for name, value in values.items() if value and _is_valid(name, value)}


def _is_valid(name: str, value: str) -> bool:
    pattern = _PATTERNS.get(name)
    return bool(pattern.fullmatch(value)) if pattern else len(value) <= MAX_QUEUE_LENGTH


def link_suffix(query: QueryDict) -> str:
    """Return the values for another link, with a leading &, or nothing."""
    values = link_values(query)
    return f"&{urlencode(values)}" if values else ""


def prefill(job: Document, query: QueryDict) -> Document:
    """Return the job with the link's values in place of its own."""
    return forms.apply_changes(job, forms.JOB_FIELDS, link_values(query))
