"""Admin of the audit log, read-only."""

import json
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from jobs.admin.readonly import ReadOnlyMixin
from jobs.audit import ACTION_LABELS, CHANNEL_LABELS, Channel
from jobs.models import AuditEntry, Team, User
from jobs.reports.audit import PORTAL, audit_rows, entries_between

MAX_COUNTED = 1_000


class CappedPaginator(Paginator):
    """Counts up to a limit."""

    @property
    def max_count(self) -> int:
        return MAX_COUNTED

    @cached_property
    def count(self) -> int:
        return len(cast("QuerySet[Any]", self.object_list).values_list("pk")[: self.max_count])


class ChoiceFilter(admin.SimpleListFilter):
    fixed_choices: ClassVar[Mapping[str, str]]
    field_name: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.fixed_choices.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{self.field_name: value}) if value else queryset


class ActionFilter(ChoiceFilter):
    title = field_name = "action"
    parameter_name = "act"
    fixed_choices: ClassVar[Mapping[str, str]] = ACTION_LABELS


class ChannelFilter(ChoiceFilter):
    title = field_name = "channel"
    parameter_name = "door"
    fixed_choices: ClassVar[Mapping[str, str]] = CHANNEL_LABELS


class AuditTeamFilter(admin.SimpleListFilter):
    """By the names that the portal's page has in its URL."""

    title = parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(PORTAL, "Portal"), *Team.objects.values_list("slug", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(team=None) if value == PORTAL else queryset.filter(team__slug=value)


class PeriodFilter(admin.SimpleListFilter):
    title, parameter_name = "time", "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Today (UTC)"), ("7", "Last 7 days"), ("30", "Last 30 days"), ("365", "Last 365 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        value = self.value()
        if value is None or value not in dict(self.lookup_choices):
            return queryset
        return entries_between(queryset, now().date() - timedelta(days=int(value) - 1))


class AuditChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries: Any = list(self.result_list)
        for entry, row in zip(entries, audit_rows(entries), strict=True):
            entry.row = row
        self.result_list = entries


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyMixin, admin.ModelAdmin):
    list_display = ["time", "of", "who", "what", "by_channel", "address"]
    list_display_links = ["time", "what"]
    list_filter = [AuditTeamFilter, PeriodFilter, ActionFilter, ChannelFilter]
    list_select_related = ["team"]
    list_per_page = 50
    search_fields = ["=object_id", "=label"]
    search_help_text = "Username, or full ID or name of the changed object"
    show_full_result_count = False
    sortable_by = ()
    paginator = CappedPaginator
    fields = [
        "team",
        "number",
        "time",
        "who",
        "with_token",
        "by_channel",
        "address",
        "what",
        "object_id",
        "was",
        "became",
        "previous",
        "digest",
    ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        slug = request.GET.get("team", "")
        has_page = slug and slug != PORTAL and Team.objects.filter(slug=slug).exists()
        url = reverse("audit", args=[slug]) if has_page else f"{reverse('audit_all')}?{urlencode({'team': slug})}"
        context = {"title": "Audit log", "portal_audit_url": url, **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[AuditChangeList]:
        return AuditChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        entry: Any = super().get_object(request, object_id, from_field)
        if entry:
            entry.row = audit_rows([entry])[0]
        return cast("AuditEntry | None", entry)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        person = User.objects.filter(username=search_term).values_list("public_id", flat=True).first()
        return (rows | queryset.filter(person=person) if person else rows), may_repeat

    @admin.display(description="time (UTC)")
    def time(self, entry: AuditEntry) -> str:
        return f"{entry.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

    @admin.display(description="team", ordering="team")
    def of(self, entry: AuditEntry) -> SafeString | str:
        if entry.team is None:
            return "Portal"
        return format_html('<a href="{}">{}</a>', reverse("audit", args=[entry.team.slug]), entry.team)

    @admin.display(description="user")
    def who(self, entry: Any) -> str:
        return entry.row.person or ("Command line" if entry.channel == Channel.COMMAND else "Unknown user")

    @admin.display(description="API token")
    def with_token(self, entry: Any) -> str:
        return str(entry.row.token)

    @admin.display(description="channel")
    def by_channel(self, entry: Any) -> str:
        return str(entry.row.channel_label)

    @admin.display(description="action")
    def what(self, entry: Any) -> str:
        return f"{entry.row.phrase} {entry.row.label}".rstrip()

    @admin.display(description="before")
    def was(self, entry: AuditEntry) -> SafeString:
        return _indented(entry.before)

    @admin.display(description="after")
    def became(self, entry: AuditEntry) -> SafeString:
        return _indented(entry.after)


def _indented(text: str) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else "–")
