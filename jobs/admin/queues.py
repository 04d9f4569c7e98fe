"""Admin of queues."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.admin.fields import fixed_field_form
from jobs.admin.mapping import (
    GrantActionMixin,
    GrantToTeamsForm,
    PrefetchedChangeList,
    QueueGrantForm,
    QueueGrantFormSet,
    link_names,
)
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import Queue, QueueGrant, Team
from jobs.spec.placement import PLATFORM_NAMES

WITHOUT_TEAM = "none"
AWS_FIELDS = (
    "name",
    "account",
    "arn",
    "state",
    "status",
    "status_reason",
    "priority",
    "platform",
    "shares_by",
    "seen_at",
    "removed_at",
)


class TeamFilter(admin.SimpleListFilter):
    title = "team"
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        teams = Team.objects.filter(queue_grants__isnull=False).distinct()
        return [(WITHOUT_TEAM, "Without a team"), *((str(pk), name) for pk, name in teams.values_list("pk", "name"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Queue]) -> QuerySet[Queue]:
        value = self.value()
        if value == WITHOUT_TEAM:
            return queryset.filter(grants=None, removed_at=None)
        return queryset.filter(grants__team=int(value)) if value and value.isdecimal() else queryset


class PlatformFilter(admin.SimpleListFilter):
    title = parameter_name = "platform"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(PLATFORM_NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Queue]) -> QuerySet[Queue]:
        return queryset.filter(platform=self.value()) if self.value() else queryset


class TeamGrantInline(admin.TabularInline):
    model = QueueGrant
    form = fixed_field_form("team", QueueGrantForm)
    formset = QueueGrantFormSet
    fields = ["team", "is_default", *QueueGrantForm.Meta.fields]
    autocomplete_fields = ["team"]
    ordering = ["team__name"]
    extra = 0
    verbose_name = "team"
    verbose_name_plural = "team grants"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("queue", "team")


@admin.register(Queue)
class QueueAdmin(GrantActionMixin, NoDeleteAdmin):
    list_display = ["name", "teams", "account", "aws_state", "platform_name"]
    list_filter = [TeamFilter, "account", "state", PlatformFilter]
    list_select_related = ["account"]
    list_prefetch = [
        Prefetch("grants", QueueGrant.objects.select_related("team").order_by("team__name"), to_attr="team_grants")
    ]
    search_fields = ["name", "account__name", "grants__team__name"]
    inlines = [TeamGrantInline]
    fields = AWS_FIELDS
    readonly_fields = AWS_FIELDS
    actions = ["grant"]
    grant_form = GrantToTeamsForm
    grant_title = "Grant queues to teams"

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[PrefetchedChangeList]:
        return PrefetchedChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Grant to teams…", permissions=["grant"])
    def grant(self, request: HttpRequest, queryset: QuerySet[Queue]) -> HttpResponse | None:
        return self.ask_and_grant(request, queryset)

    @admin.display(description="teams")
    def teams(self, queue: Any) -> SafeString:
        grants = queue.team_grants
        if not grants:
            return format_html('<span class="missing">{}</span>', "No team")
        return link_names([(grant.team, "default" if grant.is_default else "") for grant in grants], len(grants))

    @admin.display(description="state in AWS", ordering="state")
    def aws_state(self, queue: Queue) -> str:
        if queue.removed_at:
            return f"Removed on {queue.removed_at:%Y-%m-%d}"
        return queue.state if queue.status == "VALID" else f"{queue.state}, {queue.status}"

    @admin.display(description="platform", ordering="platform")
    def platform_name(self, queue: Queue) -> str:
        return queue.platform_name

    @admin.display(description="scheduling policy")
    def shares_by(self, queue: Queue) -> str:
        return str(queue.scheduling_policy.get("name") or queue.scheduling_policy.get("arn") or "First in, first out")
