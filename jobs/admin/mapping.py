"""The mapping of queues to teams."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.admin.audit_mixin import record_changes, take_snapshots
from jobs.admin.fields import DurationField, MemoryField
from jobs.admin.formsets import DistinctFormSet
from jobs.models import Queue, QueueGrant, Team
from jobs.models.queue import GRANT_FIELDS, LIMIT_FIELDS

NO_LIMIT_HELP = "Leave empty for no limit."
MAX_NAMES_SHOWN = 6
"""In a cell of a list; the page of the row has all of them."""


class PrefetchedChangeList(ChangeList):
    """Fetches what its columns name: `list_prefetch` of its admin."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.prefetch_related(*cast("Any", self.model_admin).list_prefetch)


def link_names(rows: list[tuple[Model, str]], total: int) -> SafeString:
    links = [
        (reverse(f"admin:jobs_{row._meta.model_name}_change", args=[row.pk]), row, f" ({note})" if note else "")  # noqa: SLF001 - public in all but name
        for row, note in rows[:MAX_NAMES_SHOWN]
    ]
    more = f", {total - len(links)} more" if total > len(links) else ""
    return format_html("{}{}", format_html_join(", ", '<a href="{}">{}</a>{}', links), more)


class QueueGrantForm(forms.ModelForm):
    max_memory_mib = MemoryField(
        label="Max. memory", required=False, help_text=f"Per job. For example 16 GiB. {NO_LIMIT_HELP}"
    )
    max_run_seconds = DurationField(
        label="Max. time limit",
        required=False,
        help_text=f"For example 24 h. Each job then needs a time limit of at most this long. {NO_LIMIT_HELP}",
    )

    class Meta:
        model = QueueGrant
        fields = GRANT_FIELDS
        labels: ClassVar[dict[str, str]] = {"is_default": "Default"}
        help_texts: ClassVar[dict[str, str]] = dict.fromkeys(LIMIT_FIELDS, NO_LIMIT_HELP)


class TeamGrantFormSet(DistinctFormSet):
    distinct_field = "queue"

    def clean(self) -> None:
        super().clean()
        defaults = [form for form in self.forms if _is_default(form)]
        if len(defaults) > 1:
            for form in defaults:
                form.add_error("is_default", f"Select one default queue, not {len(defaults)}.")


class QueueGrantFormSet(DistinctFormSet):
    distinct_field = "team"

    def clean(self) -> None:
        super().clean()
        forms_by_team = {
            form.cleaned_data["team"]: form for form in self.forms if _is_default(form) and form.has_changed()
        }
        others = QueueGrant.objects.filter(team__in=forms_by_team, is_default=True).exclude(queue=self.instance)
        for other in others.select_related("team", "queue"):
            url = reverse("admin:jobs_team_change", args=[other.team_id])
            forms_by_team[other.team].add_error(
                "is_default",
                format_html(
                    'The default queue of {} is {}. Change it on the <a href="{}">page of the team</a>.',
                    *(other.team, other.queue, url),
                ),
            )


def _is_default(form: forms.ModelForm) -> bool:
    values = getattr(form, "cleaned_data", {})
    return bool(values.get("is_default") and values.get("team", True) and not values.get("DELETE"))


class GrantToTeamsForm(QueueGrantForm):
    team = forms.ModelMultipleChoiceField(
        Team.objects.all(),
        label="Teams",
        error_messages={"required": "Select at least one team."},
        widget=AutocompleteSelectMultiple(QueueGrant._meta.get_field("team"), admin.site),  # noqa: SLF001 - Django documents no public name for it
    )
    field_order = ("team", *GRANT_FIELDS)


class GrantQueuesForm(QueueGrantForm):
    queue = forms.ModelMultipleChoiceField(
        Queue.objects.all(),
        label="Queues",
        error_messages={"required": "Select at least one queue."},
        widget=AutocompleteSelectMultiple(QueueGrant._meta.get_field("queue"), admin.site),  # noqa: SLF001 - Django documents no public name for it
    )
    field_order = ("queue", *GRANT_FIELDS)


class GrantActionMixin:
    grant_form: type[QueueGrantForm]
    grant_title: str

    def has_grant_permission(self, request: HttpRequest) -> bool:
        """Return whether the action is offered (Django's naming)."""
        return bool(request.user.has_perm("jobs.add_queuegrant"))

    def ask_and_grant(self: Any, request: HttpRequest, selected: QuerySet[Any]) -> HttpResponse | None:
        form = self.grant_form(request.POST if "post" in request.POST else None)
        if form.is_valid():
            limits = {name: form.cleaned_data[name] for name in GRANT_FIELDS}
            queues = form.cleaned_data.get("queue", selected)
            teams = form.cleaned_data.get("team", selected)
            added, unchanged = grant_queues(request, queues, teams, limits)
            self.message_user(
                request,
                f"Grants added: {added}." + (f" {unchanged} existed and kept their limits." if unchanged else ""),
            )
            return None
        page = {
            **self.admin_site.each_context(request),
            "title": self.grant_title,
            "opts": self.opts,
            "selected": selected,
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/jobs/queuegrant/grant.html", page)


def grant_queues(
    request: HttpRequest, queues: QuerySet[Queue], teams: QuerySet[Team], limits: Mapping[str, int | str | None]
) -> tuple[int, int]:
    with transaction.atomic():
        before = QueueGrant.objects.filter(queue__in=queues, team__in=teams)
        existing = set(before.values_list("queue_id", "team_id"))
        rows = [
            QueueGrant(team=team, queue=queue, **limits)
            for team in teams
            for queue in queues
            if (queue.pk, team.pk) not in existing
        ]
        new_keys = [row.pk for row in QueueGrant.objects.bulk_create(rows)]
        snapshots = take_snapshots(QueueGrant.objects.filter(pk__in=new_keys))
        record_changes(request, [(None, snapshot) for snapshot in snapshots.values()])
    return len(rows), len(existing)
