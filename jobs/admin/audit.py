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

MAX_COUNTED = 1_000


class CappedPaginator(Paginator):
    """Counts up to a limit: older entries are found by a filter, or on the portal's own page."""

    @cached_property
    def count(self) -> int:
        return len(cast("QuerySet[Any]", self.object_list).values_list("pk")[:MAX_COUNTED])


class ChoiceFilter(admin.SimpleListFilter):
    """A filter whose options need no query."""

    fixed_choices: tuple[str, ...] = ()
    field_name: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(choice, choice) for choice in self.fixed_choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.field_name: value}) if value else queryset


class ActionFilter(ChoiceFilter):
    title = field_name = "action"
    parameter_name = "act"
    fixed_choices = AUDIT_ACTIONS


class ChannelFilter(ChoiceFilter):
    title = field_name = "channel"
    parameter_name = "door"
    fixed_choices = tuple(Channel)


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyMixin, admin.ModelAdmin):
    """The audit log. People are shown by public id; the portal's own page resolves names."""

    list_display = ["created_at", "team", "action", "noun", "label", "person", "channel", "address"]
    list_filter = [ActionFilter, ChannelFilter]
    list_select_related = ["team"]
    list_per_page = 50
    search_fields = ["=object_id", "=label"]
    search_help_text = "Full ID or name of the changed object"
    show_full_result_count = False
    sortable_by = ()
    paginator = CappedPaginator
    fields = [
        "team",
        "number",
        "created_at",
        "person",
        "token",
        "channel",
        "address",
        "action",
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
