"""Admin of teams with their members and grants, and of tag rules."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from jobs.admin.audit_mixin import AuditedModelAdmin, update_and_record
from jobs.admin.fields import DurationField, LinesField, fixed_field_form
from jobs.admin.privileges import MembershipInlineMixin
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import Feature, ImageGrant, Membership, QueueGrant, RoleGrant, TagRule, Team

MIN_TIME_LIMIT_SECONDS, MAX_TIME_LIMIT_SECONDS = 60, 2**31 - 1
ALLOWED_VALUES_HELP = "One value a line; empty: any."


class MemberInline(MembershipInlineMixin, admin.TabularInline):
    model = Membership
    form = fixed_field_form("user")
    autocomplete_fields = ["user"]
    ordering = ["user__username"]
    extra = 0
    verbose_name = "member"
    verbose_name_plural = "members"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user", "team")


class QueueGrantInline(admin.TabularInline):
    model = QueueGrant
    form = fixed_field_form("queue")
    autocomplete_fields = ["queue"]
    ordering = ["queue__name"]
    extra = 0
    verbose_name = "queue"
    verbose_name_plural = "queues the team may submit to, and how much of each (empty: no ceiling)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("queue", "team")


class RoleGrantInline(admin.TabularInline):
    model = RoleGrant
    extra = 0
    verbose_name = "role"
    verbose_name_plural = "roles in IAM that its jobs may take on"


class ImageGrantInline(admin.TabularInline):
    model = ImageGrant
    extra = 0
    verbose_name = "image"
    verbose_name_plural = "images that its jobs may run"


class TagRuleForm(forms.ModelForm):
    allowed = LinesField(rows=2, label="Allowed values", help_text=ALLOWED_VALUES_HELP)


class TagRuleInline(admin.TabularInline):
    model = TagRule
    form = TagRuleForm
    extra = 0
    verbose_name = "tag rule"
    verbose_name_plural = "tags of its jobs (rules for all teams are on a page of their own)"


class TeamForm(forms.ModelForm):
    features = forms.MultipleChoiceField(
        choices=Feature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What its jobs may do beyond running a program in a container of their own. Nothing is the rule.",
    )
    further_fields = LinesField(
        help_text="Fields of AWS Batch that the portal does not know and the team may use all the same, one a line, "
        "as an objection names them: containerProperties.newField"
    )
    default_time_limit_seconds = DurationField(
        label="Default time limit",
        required=False,
        min_value=MIN_TIME_LIMIT_SECONDS,
        max_value=MAX_TIME_LIMIT_SECONDS,
        error_messages={
            "min_value": "AWS Batch takes no time limit below 60 s.",
            "max_value": "AWS Batch takes no time limit this long.",
        },
        help_text="Like 24 h. Filled in where neither the definition nor the submission has one, or the queue’s own "
        "limit if that is less. Without a time limit, what a job costs at most is unknown, and it waits for approval "
        "wherever cost or vCPU-hours do.",
    )


@admin.register(Team)
class TeamAdmin(NoDeleteAdmin):
    """A team on one page: its members and its grants."""

    form = TeamForm
    list_display = ["name", "slug", "active", "may_register", "created_at"]
    list_filter = ["active", "may_register", "queue_grants__queue__account"]
    search_fields = ["name", "slug", "memberships__user__username", "queue_grants__queue__name"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "active"]}),
        ("What it may do", {"fields": ["may_register", "features", "further_fields", "default_time_limit_seconds"]}),
        (
            "What waits for approval",
            {
                "fields": ["approval_usd", "approval_vcpu_hours", "approval_gpus", "approval_array_size"],
                "description": "A submission above one of these, alone or with what else its person has active or "
                "had end today (UTC), waits until a lead of the team or an administrator approves it, never whoever "
                "asked. Cost and vCPU-hours are what it takes at most: time limit × attempts × runs. Empty: it does "
                "not wait for that.",
            },
        ),
    ]
    inlines = [MemberInline, QueueGrantInline, RoleGrantInline, ImageGrantInline, TagRuleInline]
    actions = ["switch_off", "switch_on"]

    @admin.action(description="Switch off: keeps its history, submits nothing", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        self.message_user(
            request, f"Switched off: {update_and_record(request, queryset.filter(active=True), active=False)}."
        )

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        self.message_user(
            request, f"Switched on: {update_and_record(request, queryset.filter(active=False), active=True)}."
        )


@admin.register(TagRule)
class TagRuleAdmin(AuditedModelAdmin):
    """Tag rules of one team or of all. Accepted jobs keep their tags."""

    form = TagRuleForm
    list_display = ["key", "of", "required", "filled_by", "default", "pattern"]
    list_filter = ["required", "filled_by"]
    list_select_related = ["team"]
    search_fields = ["key", "team__name"]
    autocomplete_fields = ["team"]

    @admin.display(description="team", ordering="team__name")
    def of(self, rule: Model) -> str:
        team = getattr(rule, "team", None)
        return str(team) if team else "All teams"
