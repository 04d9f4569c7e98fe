"""Admin of job definitions."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.actions import catalog_details, definitions
from jobs.admin.confirm import ConfirmMixin
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import Definition, Team, User
from jobs.reports.usage import definition_usage

MAX_REVISIONS_SHOWN = 20


class TransferForm(forms.Form):
    team = forms.ModelChoiceField(
        Team.objects.filter(active=True),
        widget=AutocompleteSelect(Definition._meta.get_field("team"), admin.site),  # noqa: SLF001 - Django documents no public name for it
    )


class InUseFilter(admin.SimpleListFilter):
    title = "in use"
    parameter_name = "in_use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "In use"), ("no", "Deactivated")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Definition]) -> QuerySet[Definition]:
        return queryset.filter(archived_at__isnull=self.value() == "yes") if self.value() else queryset


@admin.register(Definition)
class DefinitionAdmin(ConfirmMixin, NoDeleteAdmin):
    list_display = ["name", "account", "team", "shared", "standard", "in_use", "description", "created_at"]
    list_filter = [InUseFilter, "shared", "standard", "account"]
    list_select_related = ["account", "team"]
    search_fields = ["name", "description", "team__name"]
    search_help_text = "Name, description or team"
    fields = [
        "name",
        "account",
        "team",
        "shared",
        "standard",
        "description",
        "deprecated_at",
        "successor",
        "archived_at",
        "archived_by",
        "created_at",
        "newest",
    ]
    readonly_fields = [
        *("name", "account", "team", "shared", "standard", "deprecated_at", "successor"),
        *("archived_at", "archived_by", "created_at", "newest"),
    ]
    actions = ["transfer", "share", "unshare", "mark_standard", "unmark_standard", "deactivate", "activate"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Definition]:
        return super().get_queryset(request).select_related("account", "team", "successor", "archived_by")

    @admin.display(description="in use", boolean=True)
    def in_use(self, definition: Definition) -> bool:
        return definition.archived_at is None

    @admin.display(description="newest revisions")
    def newest(self, definition: Definition) -> SafeString:
        revisions = definition.revisions.defer("document").select_related("registered_by")[:MAX_REVISIONS_SHOWN]
        rows = (
            (
                revision.number or "…",
                "Deactivated" if revision.deactivated_at else revision.get_registration_display(),
                revision.registered_by.display_name if revision.registered_by else "—",
                f"{revision.created_at:%Y-%m-%d %H:%M}",
                revision.refusal,
            )
            for revision in revisions
        )
        table_rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            '<table><tr><th scope="col">Revision</th><th scope="col">State</th><th scope="col">By</th>'
            '<th scope="col">Requested (UTC)</th><th scope="col">Refusal</th></tr>{}</table>',
            table_rows,
        )

    @admin.action(description="Transfer to another team…", permissions=["change"])
    def transfer(self, request: HttpRequest, queryset: QuerySet[Definition]) -> HttpResponse | None:
        form = TransferForm(request.POST if "team" in request.POST else None)
        if form.is_valid():
            team: Team = form.cleaned_data["team"]
            count = self._apply_to_each(
                request, queryset, lambda definition, user: definitions.transfer(definition, team, user)
            )
            self.message_user(request, f"Definitions transferred to {team}: {count}.")
            return None
        page = {
            **self.admin_site.each_context(request),
            "title": "Transfer definitions to another team",
            "opts": self.opts,
            "definitions": queryset,
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/jobs/definition/transfer.html", page)

    @admin.action(description="Share with all teams", permissions=["change"])
    def share(self, request: HttpRequest, queryset: QuerySet[Definition]) -> None:
        changed = self._apply_to_each(
            request, queryset, lambda definition, user: definitions.share(definition, user, shared=True)
        )
        self.message_user(request, f"Definitions shared with all teams: {changed}.")

    @admin.action(description="Stop sharing (only its own team can use it)", permissions=["change"])
    def unshare(self, request: HttpRequest, queryset: QuerySet[Definition]) -> None:
        changed = self._apply_to_each(
            request, queryset, lambda definition, user: definitions.share(definition, user, shared=False)
        )
        self.message_user(request, f"Definitions no longer shared: {changed}.")

    @admin.action(description="Mark as standard (recommended in the catalog)", permissions=["change"])
    def mark_standard(self, request: HttpRequest, queryset: QuerySet[Definition]) -> None:
        changed = self._apply_to_each(
            request, queryset, lambda definition, user: catalog_details.mark_standard(definition, user, standard=True)
        )
        self.message_user(request, f"Definitions marked as standard: {changed}.")

    @admin.action(description="Stop marking as standard", permissions=["change"])
    def unmark_standard(self, request: HttpRequest, queryset: QuerySet[Definition]) -> None:
        changed = self._apply_to_each(
            request,
            queryset,
            lambda definition, user: catalog_details.mark_standard(definition, user, standard=False),
        )
        self.message_user(request, f"Definitions no longer marked as standard: {changed}.")

    @admin.action(description="Deactivate… (no new jobs, keeps its history)", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Definition]) -> HttpResponse | None:
        question = self.ask(
            request,
            queryset,
            title="Deactivate definitions",
            consequences=[
                "New jobs can’t use them. Jobs that were submitted before still run.",
                "All revisions are deregistered in AWS, which can’t be undone.",
                "To use a definition again, activate it and register a new revision.",
            ],
            facts=definition_usage(queryset),
            button="Deactivate",
        )
        if question is None:
            count = self._apply_to_each(request, queryset, definitions.archive)
            self.message_user(request, f"Deactivated definitions: {count}.")
        return question

    @admin.action(description="Activate (can be registered and run again)", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Definition]) -> None:
        self.message_user(
            request, f"Activated definitions: {self._apply_to_each(request, queryset, definitions.unarchive)}."
        )

    def _apply_to_each(
        self, request: HttpRequest, queryset: QuerySet[Definition], action: Callable[[Definition, User], bool]
    ) -> int:
        user = cast("User", request.user)
        return sum(action(definition, user) for definition in queryset.order_by("pk"))
