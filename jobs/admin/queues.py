"""Admin of queues, and of the teams that may submit to them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from jobs.admin.fields import fixed_field_form
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import Queue, QueueGrant

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


class TeamGrantInline(admin.TabularInline):
    model = QueueGrant
    form = fixed_field_form("team")
    autocomplete_fields = ["team"]
    ordering = ["team__name"]
    extra = 0
    verbose_name = "team"
    verbose_name_plural = "teams that can submit to it, with their limits (empty: no limit)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("queue", "team")


@admin.register(Queue)
class QueueAdmin(NoDeleteAdmin):
    """An AWS queue, and the teams it is granted to. What AWS says about it is never edited."""

    list_display = ["name", "account", "state", "status", "platform", "removed_at"]
    list_filter = ["account", "state", "platform"]
    list_select_related = ["account"]
    search_fields = ["name", "account__name"]
    inlines = [TeamGrantInline]
    fields = AWS_FIELDS
    readonly_fields = AWS_FIELDS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="scheduling policy")
    def shares_by(self, queue: Queue) -> str:
        return str(queue.scheduling_policy.get("name") or queue.scheduling_policy.get("arn") or "First in, first out")
