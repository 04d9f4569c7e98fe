from typing import Any, cast

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from jobs import audit
from jobs.admin.fields import fixed_once_saved
from jobs.admin.readonly import KeptAdmin
from jobs.intake import queues
from jobs.models import Account, Queue, QueueGrant, User


@admin.register(Account)
class AccountAdmin(KeptAdmin):
    """How the portal gets into an AWS account; "Read queues from AWS" shows the difference before it is applied."""

    list_display = ["name", "region", "number", "access", "active", "polled_at", "synced_at"]
    list_filter = ["active", "region", "access"]
    search_fields = ["name", "number", "region"]
    readonly_fields = ["polled_at", "synced_at", "trouble", "external_id"]
    fieldsets = [
        (None, {"fields": ["name", "region", "number", "active"]}),
        ("Way in", {"fields": ["access", "role_arn", "external_id", "endpoint_url"]}),
        ("Delivery and polling", {"fields": ["quarantine_seconds", "poll_seconds", "submits_per_second"]}),
        ("Seen last", {"fields": ["polled_at", "synced_at", "trouble"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/queues/", self.admin_site.admin_view(self.queues), name="jobs_account_queues")
        return [own, *super().get_urls()]

    def queues(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read (POST), look at the difference (GET), and apply exactly what was looked at (POST)."""
        account = get_object_or_404(Account, pk=pk)
        here = reverse("admin:jobs_account_queues", args=[pk])
        if request.method == "POST" and "read" in request.POST:
            if not queues.await_reading(account, queues.ask_reading(account)):
                messages.warning(request, "AWS has not answered within 10 seconds. Look again in a moment.")
            return HttpResponseRedirect(here)
        if request.method == "POST":
            self._apply(request, account)
            return HttpResponseRedirect(here)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Queues of {account}",
            "account": account,
            "opts": self.opts,
            "changes": queues.difference(account) if account.reading_at else [],
        }
        return TemplateResponse(request, "admin/jobs/account/queues.html", context)

    def _apply(self, request: HttpRequest, account: Account) -> None:
        shown = request.POST.get("reading_at")
        if account.reading_at is None or shown != account.reading_at.isoformat():
            messages.warning(request, "The queues were read again meanwhile. Look at the difference, then apply it.")
            return
        with transaction.atomic():
            changes = queues.apply_reading(account)
            audit.record(
                "apply",
                person=cast("User", request.user),
                about=account,
                before={each.name: {key: was for key, (was, _) in each.fields.items()} for each in changes},
                after={each.name: {"queue": each.kind, **_became(each)} for each in changes},
            )
        messages.success(request, f"Applied: {len(changes)} queues differed from AWS.")


def _became(change: queues.QueueChange) -> dict[str, Any]:
    return {key: is_now for key, (_, is_now) in change.fields.items()}


MIRROR = (
    "name",
    "account",
    "arn",
    "state",
    "status",
    "status_reason",
    "priority",
    "platform",
    "seen_at",
    "vanished_at",
)


class Grants(admin.TabularInline):
    model = QueueGrant
    form = fixed_once_saved("team")
    autocomplete_fields = ["team"]
    ordering = ["team__name"]
    extra = 0
    verbose_name = "team"
    verbose_name_plural = "teams that may submit to it, and how much of it each has (empty: no ceiling)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("queue", "team")


@admin.register(Queue)
class QueueAdmin(KeptAdmin):
    """A queue of AWS, and the teams it is given to. What AWS says of it is read, never edited."""

    list_display = ["name", "account", "state", "status", "platform", "vanished_at"]
    list_filter = ["account", "state", "platform"]
    list_select_related = ["account"]
    search_fields = ["name", "account__name"]
    inlines = [Grants]
    fields = MIRROR
    readonly_fields = MIRROR

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
