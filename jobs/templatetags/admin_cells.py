"""Cells of the admin's lists."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.filter
def named_cells(cells: Iterable[SafeString], headers: Iterable[Mapping[str, Any]]) -> Iterator[SafeString]:
    """Yield the cells that Django rendered, each with its column's name; the box to select a row has none."""
    for cell, header in zip(cells, headers, strict=True):
        tag = cell[:3]
        if tag not in ("<td", "<th") or "action-checkbox" in str(header.get("class_attrib", "")):
            yield cell
        else:
            label = format_html(' data-label="{}"', capfirst(header["text"]))
            yield mark_safe(f"{tag}{label}{cell[3:]}")  # noqa: S308 - Django rendered the cell
