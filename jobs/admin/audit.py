"""Admin of the audit log, read-only."""

import json
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.admin.readonly import ReadOnlyMixin
from jobs.audit import AUDIT_ACTIONS, Channel
from jobs.models import AuditEntry

MOST_COUNTED = 1_000


class FirstPages(Paginator):
    """Counts up to a limit: older entries are found by a filter, or on the portal's own page."""

    @cached_property
    def count(self) -> int:
        return len(cast("QuerySet[Any]", self.object_list).values_list("pk")[:MOST_COUNTED])


class OneOf(admin.SimpleListFilter):
    """A filter whose options need no query."""

    choices_known: tuple[str, ...] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(choice, choice) for choice in self.choices_known]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


class ByAct(OneOf):
    title = parameter_name = "act"
    choices_known = AUDIT_ACTIONS


class ByDoor(OneOf):
    title = parameter_name = "door"
    choices_known = tuple(Channel)


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """The audit log. People are shown by public id; the portal's own page resolves names."""

    list_display = ["created_at", "team", "act", "noun", "label", "person", "door", "address"]
    list_filter = [ByAct, ByDoor]
    list_select_related = ["team"]
    list_per_page = 50
    search_fields = ["=object_id", "=label"]
    search_help_text = "The id or the name of what it was done to, in full."
    show_full_result_count = False
    sortable_by = ()
    paginator = FirstPages
    fields = [
        "team",
        "number",
        "created_at",
        "person",
        "token",
        "door",
        "address",
        "act",
        "noun",
        "object_id",
        "label",
        "was",
        "became",
        "previous",
        "digest",
    ]

    @admin.display(description="before")
    def was(self, entry: AuditEntry) -> SafeString:
        return _indented(entry.before)

    @admin.display(description="after")
    def became(self, entry: AuditEntry) -> SafeString:
        return _indented(entry.after)


def _indented(text: str) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else "–")
