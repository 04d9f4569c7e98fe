"""Admin of AWS accounts."""

from datetime import UTC, datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from jobs import audit
from jobs.actions import account as account_actions
from jobs.admin.fields import DurationField
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import Account, User
from jobs.reports import iam_policies
from jobs.reports.costs import explorer_spending

OBSERVED_TIMES = ("polled_at", "synced_at", "connection_tested_at")
CONNECTION_FIELDS = ("region", "number", "access", "role_arn", "endpoint_url", "cost_export")


class AccountForm(forms.ModelForm):
    quarantine_seconds = DurationField(
        label="Quarantine",
        help_text="How long to look for a submission whose response was lost before it is sent again, like 10 min.",
    )
    poll_seconds = DurationField(
        label="Poll interval",
        help_text="Longest time between two polls of a job that runs, like 15 s. Many are polled sooner.",
    )


def _time_text(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "never"


@admin.register(Account)
class AccountAdmin(NoDeleteAdmin):
    """Only superusers set where the portal's credentials are used."""

    form = AccountForm
    list_display = ["name", "region", "number", "access", "active", *OBSERVED_TIMES]
    list_filter = ["active", "region", "access"]
    search_fields = ["name", "number", "region"]
    readonly_fields = [
        *OBSERVED_TIMES,
        "last_error",
        "external_id",
        "calls",
        "prices",
        "costs_read_at",
        "costs_error",
        "cost_explorer",
    ]
    fieldsets = [
        (None, {"fields": ["name", "region", "number", "active"]}),
        (
            "Access",
            {
                "fields": ["access", "role_arn", "external_id", "endpoint_url"],
                "description": "“Test connection” shows the policies to paste and the permissions that are missing.",
            },
        ),
        ("Delivery and polling", {"fields": ["quarantine_seconds", "poll_seconds", "submits_per_second"]}),
        (
            "Actual costs",
            {"fields": ["cost_export", "costs_read_at", "costs_error", "cost_explorer_requests", "cost_explorer"]},
        ),
        ("Other jobs", {"fields": ["adopts_outside_jobs"]}),
        ("Prices", {"fields": ["refreshes_prices", "prices"]}),
        ("Status", {"fields": ["calls", *OBSERVED_TIMES, "last_error"]}),
    ]

    @admin.display(description="connection")
    def calls(self, account: Account) -> str:
        return iam_policies.breaker_summary(account)

    @admin.display(description="prices last read")
    def prices(self, account: Account) -> str:
        status = account.status
        return ". ".join(filter(None, [_time_text(status.prices_read_at), status.prices_error]))

    @admin.display(description="last poll", ordering="status__polled_at")
    def polled_at(self, account: Account) -> str:
        return _time_text(account.status.polled_at)

    @admin.display(description="queues last applied", ordering="status__synced_at")
    def synced_at(self, account: Account) -> str:
        return _time_text(account.status.synced_at)

    @admin.display(description="connection last tested", ordering="status__connection_tested_at")
    def connection_tested_at(self, account: Account) -> str:
        return _time_text(account.status.connection_tested_at)

    @admin.display(description="cost export last read")
    def costs_read_at(self, account: Account) -> str:
        return _time_text(account.status.costs_read_at)

    @admin.display(description="error of the cost export")
    def costs_error(self, account: Account) -> str:
        return account.status.costs_error

    @admin.display(description="Cost Explorer last read")
    def cost_explorer(self, account: Account) -> str:
        status = account.status
        return ". ".join(
            filter(
                None,
                [_time_text(status.cost_explorer_read_at), explorer_spending(account), status.cost_explorer_error],
            )
        )

    @admin.display(description="last error")
    def last_error(self, account: Account) -> str:
        return account.status.last_error

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).select_related("status")

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> list[str]:
        return [*self.readonly_fields, *(() if request.user.is_superuser else CONNECTION_FIELDS)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def get_urls(self) -> list[URLPattern]:
        urls = [
            path("<int:pk>/queues/", self.admin_site.admin_view(self.queues), name="jobs_account_queues"),
            path("<int:pk>/connection/", self.admin_site.admin_view(self.connection), name="jobs_account_connection"),
        ]
        return [*urls, *super().get_urls()]

    def connection(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = self._get_account(request, pk)
        url = reverse("admin:jobs_account_connection", args=[pk])
        if request.method == "POST":
            if not account_actions.wait_for_connection_test(
                account, account_actions.request_connection_test(account)
            ):
                messages.warning(request, "AWS has not answered within 10 seconds. Reload the page in a moment.")
            return HttpResponseRedirect(url)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Connection to {account}",
            "account": account,
            "opts": self.opts,
            "connection_report": iam_policies.connection_report(account),
        }
        return TemplateResponse(request, "admin/jobs/account/connection.html", context)

    def _get_account(self, request: HttpRequest, pk: int) -> Account:
        account = get_object_or_404(Account.objects.select_related("status"), pk=pk)
        may = self.has_change_permission if request.method == "POST" else self.has_view_permission
        if not may(request, account):
            raise PermissionDenied
        return account

    def queues(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = self._get_account(request, pk)
        url = reverse("admin:jobs_account_queues", args=[pk])
        if request.method == "POST" and "read" in request.POST:
            if not account_actions.wait_for_queue_snapshot(account, account_actions.request_queue_snapshot(account)):
                messages.warning(request, "AWS has not answered within 10 seconds. Reload the page in a moment.")
            return HttpResponseRedirect(url)
        if request.method == "POST":
            self._apply(request, account)
            return HttpResponseRedirect(url)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"Queues of {account}",
            "account": account,
            "opts": self.opts,
            "changes": account_actions.queue_changes(account) if account.status.queue_snapshot_at else [],
        }
        return TemplateResponse(request, "admin/jobs/account/queues.html", context)

    def _apply(self, request: HttpRequest, account: Account) -> None:
        snapshot_at = account.status.queue_snapshot_at
        if snapshot_at is None or request.POST.get("reading_at") != snapshot_at.isoformat():
            messages.warning(request, "The queues have been read again. Review the changes, then apply them.")
            return
        with transaction.atomic():
            changes = account_actions.apply_queue_snapshot(account)
            audit.record(
                "apply",
                person=cast("User", request.user),
                target=account,
                before={
                    change.name: {key: old_value for key, (old_value, _) in change.fields.items()}
                    for change in changes
                },
                after={change.name: {"queue": change.kind, **_values_after(change)} for change in changes},
            )
        messages.success(request, f"Queues changed: {len(changes)}.")


def _values_after(change: account_actions.QueueChange) -> dict[str, Any]:
    return {key: new_value for key, (_, new_value) in change.fields.items()}
