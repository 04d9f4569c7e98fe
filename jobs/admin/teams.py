"""Admin of teams and tag rules."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse, reverse_lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.admin.audit_mixin import AuditedModelAdmin, update_and_record
from jobs.admin.confirm import ConfirmMixin
from jobs.admin.fields import MAX_INTEGER, DurationField, LinesField, MemoryField, fixed_field_form
from jobs.admin.formsets import distinct
from jobs.admin.mapping import (
    MAX_NAMES_SHOWN,
    GrantActionMixin,
    GrantQueuesForm,
    PrefetchedChangeList,
    QueueGrantForm,
    TeamGrantFormSet,
    link_names,
)
from jobs.admin.privileges import MembershipInlineMixin
from jobs.admin.readonly import NoDeleteAdmin
from jobs.models import Budget, Feature, ImageGrant, Membership, QueueGrant, Role, RoleGrant, TagRule, Team
from jobs.models.team import MAX_TOKEN_DAYS, UNASSIGNED_SLUG
from jobs.policy.tags import TagRequirement, rule_problems
from jobs.reports.usage import team_usage

MIN_TIME_LIMIT_SECONDS, MAX_TIME_LIMIT_SECONDS = 60, MAX_INTEGER
TOKENS_ALLOWED, TOKENS_FORBIDDEN = "allowed", "forbidden"
DEFAULT_TOKEN_DAYS = Team._meta.get_field("personal_token_days").get_default()  # noqa: SLF001 - public in all but name
MAX_TRIED = 4_000
ALLOWED_VALUES_HELP = "One value per line. Leave empty to allow any value."


class MemberInline(MembershipInlineMixin, admin.TabularInline):
    model = Membership
    distinct_field = "user"
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
    form = fixed_field_form("queue", QueueGrantForm)
    formset = TeamGrantFormSet
    fields = ["queue", "is_default", *QueueGrantForm.Meta.fields]
    autocomplete_fields = ["queue"]
    ordering = ["queue__name"]
    extra = 0
    verbose_name = "queue"
    verbose_name_plural = "queue grants"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("queue", "team")


class RoleGrantInline(admin.TabularInline):
    model = RoleGrant
    formset = distinct("pattern")
    extra = 0
    verbose_name = "role"
    verbose_name_plural = "IAM role grants"


class ImageGrantInline(admin.TabularInline):
    model = ImageGrant
    formset = distinct("pattern")
    extra = 0
    verbose_name = "image"
    verbose_name_plural = "image grants"


class TagRuleForm(forms.ModelForm):
    """Its script adds a field in which a value can be tried."""

    allowed = LinesField(rows=2, label="Allowed values", help_text=ALLOWED_VALUES_HELP)

    class Meta:
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "pattern": AdminTextInputWidget(attrs={"data-try-url": reverse_lazy("admin:jobs_tagrule_try")})
        }

    class Media:
        js = (Script("js/tag_rule.js", defer=True),)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        rule = TagRequirement(
            key="",
            allowed=tuple(values.get("allowed") or ()),
            pattern=values.get("pattern") or "",
            default=values.get("default") or "",
        )
        for field, message in rule_problems(rule):
            if field not in self.errors:
                self.add_error(field, message)
        return values


class SingleTagRuleForm(TagRuleForm):
    """A rule on a page of its own."""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        team, key = values.get("team"), values.get("key")
        rules = TagRule.objects.filter(team=team, key=key).exclude(pk=self.instance.pk)
        if "team" in values and (rule := rules.first()):
            url = reverse("admin:jobs_tagrule_change", args=[rule.pk])
            owner = f"{team} has" if team else "All teams have"
            self.add_error("key", format_html('{} a <a href="{}">rule for “{}”</a> already.', owner, url, key))
        return values


class TagRuleInline(admin.TabularInline):
    model = TagRule
    form = TagRuleForm
    formset = distinct("key")
    extra = 0
    verbose_name = "tag rule"
    verbose_name_plural = "tag rules of this team"


class TeamForm(forms.ModelForm):
    personal_tokens = forms.ChoiceField(
        choices=[(TOKENS_ALLOWED, "Allowed"), (TOKENS_FORBIDDEN, "Not allowed")],
        required=False,
        label="Personal tokens",
        help_text="API tokens that members create for themselves. If not allowed, existing ones stop working.",
    )
    personal_token_days = forms.IntegerField(
        min_value=0,
        max_value=MAX_TOKEN_DAYS,
        required=False,
        label="Max. days",
        help_text=f"Personal tokens expire within this many days, at most {MAX_TOKEN_DAYS}.",
    )
    features = forms.MultipleChoiceField(
        choices=Feature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Privileged features that its jobs can use. None by default.",
    )
    further_fields = LinesField(
        label="Additional AWS Batch fields",
        help_text="AWS Batch fields that the portal doesn't know yet but the team can use. One per line, as in the "
        "error message: containerProperties.newField",
    )
    default_memory_mib = MemoryField(
        label="Default memory",
        required=False,
        help_text="For example 2 GiB. Applies to definitions that the team registers without memory.",
    )
    default_time_limit_seconds = DurationField(
        label="Default time limit",
        required=False,
        min_value=MIN_TIME_LIMIT_SECONDS,
        max_value=MAX_TIME_LIMIT_SECONDS,
        error_messages={
            "min_value": "The shortest time limit in AWS Batch is 60 s.",
            "max_value": "This is above the longest time limit of AWS Batch.",
        },
        help_text="For example 24 h. Applies if neither the definition nor the submission has a time limit. A lower "
        "limit of the queue takes precedence. Without a time limit the maximum cost of a job is unknown and it needs "
        "approval if the team has a threshold for cost or vCPU-hours.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.personal_token_days:
            return
        self.initial.update(personal_tokens=TOKENS_FORBIDDEN, personal_token_days=DEFAULT_TOKEN_DAYS)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug == UNASSIGNED_SLUG and "slug" in self.changed_data:
            raise forms.ValidationError(
                "Jobs from outside the portal that belong to no team have this name. Choose another."
            )
        return slug

    def clean_time_zone(self) -> str:
        """Raise ValidationError for an unknown name."""
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError("Enter the name of a time zone, for example Europe/Zurich or UTC.")
        return name

    def clean_personal_token_days(self) -> int:
        """Return 0 if the team's members can't create any: so it is stored."""
        days: int | None = self.cleaned_data.get("personal_token_days")
        choice = self.cleaned_data.get("personal_tokens") or (TOKENS_ALLOWED if days else TOKENS_FORBIDDEN)
        if choice == TOKENS_FORBIDDEN:
            return 0
        if not days:
            raise forms.ValidationError(f"Enter the days until they expire, from 1 to {MAX_TOKEN_DAYS}.")
        return days

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        amounts = [values.get(name) for name in ("default_vcpus", "default_memory_mib")]
        if amounts.count(None) == 1 and not self.errors.keys() & {"default_vcpus", "default_memory_mib"}:
            name = "default_vcpus" if amounts[0] is None else "default_memory_mib"
            self.add_error(name, "Enter both vCPU and memory, or neither.")
        return values


class BudgetInline(admin.TabularInline):
    model = Budget
    extra = 0
    verbose_name_plural = "budgets"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("team")


class MissingFilter(admin.SimpleListFilter):
    title = "missing"
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("queue", "Without a queue"), ("lead", "Without a lead"), ("member", "Without members")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Team]) -> QuerySet[Team]:
        match self.value():
            case "queue":
                return queryset.filter(queue_grants=None)
            case "member":
                return queryset.filter(memberships=None)
            case "lead":
                leads = Membership.objects.filter(role=Role.LEAD, user__is_active=True)
                return queryset.exclude(memberships__in=leads)
        return queryset


class TeamChangeList(PrefetchedChangeList):
    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        counts = {
            "grant_count": _count_of(QueueGrant.objects.all()),
            "member_count": _count_of(Membership.objects.all()),
        }
        teams: QuerySet[Any] = super().get_queryset(request, exclude_parameters).annotate(**counts)
        return teams


def _count_of(rows: QuerySet[Any]) -> Coalesce:
    counts = rows.filter(team=OuterRef("pk")).order_by().values("team").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counts), 0)


@admin.register(Team)
class TeamAdmin(GrantActionMixin, ConfirmMixin, NoDeleteAdmin):
    form = TeamForm
    list_display = ["name", "queues", "members", "active", "may_register"]
    list_filter = ["active", MissingFilter, "may_register", "queue_grants__queue__account"]
    list_prefetch = [
        Prefetch(
            "queue_grants",
            QueueGrant.objects.select_related("queue").order_by("-is_default", "queue__name")[:MAX_NAMES_SHOWN],
            to_attr="first_grants",
        ),
        Prefetch(
            "memberships",
            Membership.objects.select_related("user").order_by("-role", "user__username")[:MAX_NAMES_SHOWN],
            to_attr="first_members",
        ),
    ]
    grant_form = GrantQueuesForm
    grant_title = "Grant queues to teams"
    search_fields = ["name", "slug", "memberships__user__username", "queue_grants__queue__name"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "active", "time_zone"]}),
        (
            "Permissions",
            {
                "fields": [
                    "may_register",
                    "leads_manage_members",
                    ("personal_tokens", "personal_token_days"),
                    "features",
                    "further_fields",
                    "default_time_limit_seconds",
                ]
            },
        ),
        ("Delivery", {"fields": ["resubmit_by_itself"]}),
        (
            "Default size",
            {
                "fields": ["default_vcpus", "default_memory_mib"],
                "description": "AWS Batch refuses a job definition without vCPU or memory. Both values are added to "
                "a definition that does not set them: on EC2 rounded up to whole vCPUs, on Fargate to the next pair "
                "that it offers. Leave both empty for the portal's default, if it has one.",
            },
        ),
        (
            "Approval thresholds",
            {
                "fields": ["approval_usd", "approval_vcpu_hours", "approval_gpus", "approval_array_size"],
                "description": "A submission above a threshold needs approval by another team lead or an "
                "administrator. It counts together with the person's active jobs and those that ended today (UTC). "
                "Cost and vCPU-hours are the maximum: time limit × attempts × runs. Leave empty for no threshold.",
            },
        ),
    ]
    inlines = [MemberInline, QueueGrantInline, RoleGrantInline, ImageGrantInline, TagRuleInline, BudgetInline]
    actions = ["grant", "switch_off", "switch_on"]

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[PrefetchedChangeList]:
        return TeamChangeList

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> list[str]:
        return ["active"] if obj else []  # the actions change it, after a question

    @admin.display(description="queues")
    def queues(self, team: Any) -> SafeString:
        if not team.grant_count:
            return format_html('<span class="missing">{}</span>', "No queue")
        grants = [(grant.queue, "default" if grant.is_default else "") for grant in team.first_grants]
        return link_names(grants, team.grant_count)

    @admin.display(description="members")
    def members(self, team: Any) -> SafeString:
        if not team.member_count:
            return format_html('<span class="missing">{}</span>', "No members")
        members = [(member.user, "" if member.role == Role.ANALYST else member.role) for member in team.first_members]
        return link_names(members, team.member_count)

    @admin.action(description="Grant queues…", permissions=["grant"])
    def grant(self, request: HttpRequest, queryset: QuerySet[Team]) -> HttpResponse | None:
        return self.ask_and_grant(request, queryset)

    @admin.action(description="Deactivate… (read-only, keeps its history)", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Team]) -> HttpResponse | None:
        question = self.ask(
            request,
            queryset,
            title="Deactivate teams",
            consequences=[
                "Members can view jobs, definitions and costs, but can’t submit, stop or change anything.",
                "Jobs in AWS keep running until they end. Administrators of AWS can stop them there.",
                "Jobs that were not sent to AWS yet are refused.",
                "API tokens stop working, and approval requests can’t be decided, until the team is activated again.",
            ],
            facts=team_usage(queryset),
            button="Deactivate",
        )
        if question is None:
            count = update_and_record(request, queryset.filter(active=True), active=False)
            self.message_user(request, f"Deactivated teams: {count}.")
        return question

    @admin.action(description="Activate", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        self.message_user(
            request, f"Activated teams: {update_and_record(request, queryset.filter(active=False), active=True)}."
        )


@admin.register(TagRule)
class TagRuleAdmin(AuditedModelAdmin):
    form = SingleTagRuleForm
    list_display = ["key", "of", "required", "filled_by", "default", "pattern"]
    list_filter = ["required", "filled_by"]
    list_select_related = ["team"]
    search_fields = ["key", "team__name"]
    autocomplete_fields = ["team"]

    def get_urls(self) -> list[URLPattern]:
        address = path("try/", self.admin_site.admin_view(self.try_value), name="jobs_tagrule_try")
        return [address, *super().get_urls()]

    def try_value(self, request: HttpRequest) -> HttpResponse:
        """Say what an unsaved rule does with a value, or what is wrong with it."""
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        fields = {name: request.GET.get(name, "")[:MAX_TRIED] for name in ("pattern", "default", "allowed", "value")}
        allowed = tuple(filter(None, (line.strip() for line in fields["allowed"].splitlines())))
        rule = TagRequirement(key="", allowed=allowed, pattern=fields["pattern"], default=fields["default"])
        problem = next((message for _, message in rule_problems(rule)), "")
        if problem or not fields["value"]:
            return HttpResponse(problem, content_type="text/plain")
        text = "Accepted" if rule.accepts(fields["value"]) else f"Refused. Values must be {rule.description}."
        return HttpResponse(text, content_type="text/plain")

    @admin.display(description="team", ordering="team__name")
    def of(self, rule: Model) -> str:
        team = getattr(rule, "team", None)
        return str(team) if team else "All teams"
