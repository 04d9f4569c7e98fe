"""Permissions, and access to objects by them.

What a user may not see is a 404, what they may not do a 403. Staff see everything, approve in every team, and
otherwise act only as members.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model, OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404

from jobs.models import (
    ApiToken,
    Approval,
    ArrayChild,
    BulkAction,
    Definition,
    Draft,
    FormPreset,
    Job,
    LaunchForm,
    LaunchFormVersion,
    Membership,
    Revision,
    Role,
    SavedView,
    Source,
    Submission,
    Team,
    TemplateVersion,
    User,
    WorkflowTemplate,
)
from jobs.models.ids import from_text

TeamPermission = Literal[
    "view",
    "submit",
    "stop",
    "register",
    "share",
    "tokens",
    "own_tokens",
    "lead",
    "audit",
    "approve",
    "reveal",
    "members",
]

ROLES_BY_PERMISSION: Mapping[TeamPermission, frozenset[str]] = MappingProxyType(
    {
        "view": frozenset({Role.VIEWER, Role.ANALYST, Role.LEAD}),
        "submit": frozenset({Role.ANALYST, Role.LEAD}),
        "stop": frozenset({Role.ANALYST, Role.LEAD}),
        "register": frozenset({Role.ANALYST, Role.LEAD}),
        "share": frozenset({Role.LEAD}),
        "tokens": frozenset({Role.LEAD}),
        "own_tokens": frozenset({Role.VIEWER, Role.ANALYST, Role.LEAD}),
        "lead": frozenset({Role.LEAD}),
        "audit": frozenset({Role.LEAD}),
        "approve": frozenset({Role.LEAD}),
        "reveal": frozenset({Role.ANALYST, Role.LEAD}),
        "members": frozenset({Role.LEAD}),
    }
)

MANAGED_ROLES = (Role.VIEWER, Role.ANALYST)
"""Roles that leads may give and take. Only administrators make leads."""

READ_PERMISSIONS: frozenset[TeamPermission] = frozenset({"view", "audit"})
"""Permissions that change nothing: also held in an inactive team."""

OBSERVER_PERMISSIONS: frozenset[TeamPermission] = READ_PERMISSIONS | {"reveal"}
"""What is possible with jobs that were submitted outside the portal."""

STAFF_PERMISSIONS: frozenset[TeamPermission] = READ_PERMISSIONS | {"approve"}

PERMISSION_LABELS: Mapping[TeamPermission, str] = MappingProxyType(
    {
        "view": "view jobs, definitions and costs",
        "submit": "submit jobs",
        "stop": "stop jobs",
        "register": "register definitions, save workflow templates and launch forms",
        "share": "share and deactivate definitions, archive workflow templates and launch forms",
        "tokens": "view or create API tokens",
        "own_tokens": "create personal API tokens, if administrators allow it",
        "lead": "release held jobs",
        "audit": "view the audit log",
        "approve": "approve submissions",
        "reveal": "show masked values (recorded in the audit log)",
        "members": "manage viewers and analysts, if administrators allow it",
    }
)


@dataclass(frozen=True)
class Member:
    """Staff who are not members have no role."""

    user: User
    team: Team
    role: str

    def can(self, permission: TeamPermission) -> bool:
        allowed = self.role in ROLES_BY_PERMISSION[permission] or (
            permission in STAFF_PERMISSIONS and self.user.is_staff
        )
        if permission == "members" and not self.team.leads_manage_members:
            return False
        if permission == "own_tokens" and not self.team.personal_token_days:
            return False
        return allowed and (self.team.active or permission in READ_PERMISSIONS)

    def can_manage(self, membership: Membership) -> bool:
        user = membership.user
        is_managed = membership.role in MANAGED_ROLES and not (user.is_staff or user.is_superuser)
        return is_managed and user != self.user and membership.team_id == self.team.pk and self.can("members")

    def require(self, permission: TeamPermission) -> None:
        if not self.can(permission):
            raise PermissionDenied(self.refusal_message(permission))

    def refusal_message(self, permission: TeamPermission) -> str:
        if not self.team.active:
            return f"Team {self.team} is inactive. You can view its history, but you can't submit or change anything."
        label = PERMISSION_LABELS[permission]
        if not self.role and not self.user.is_staff:
            return f"Only members of {self.team} can {label}. You can use the definitions that it shares with you."
        if not self.role:
            return f"Administrators can view {self.team}. Only members can {label}."
        if permission == "members" and self.role == Role.LEAD:
            return f"Administrators manage the members of {self.team}. Ask one to allow it to leads."
        if permission == "own_tokens":
            return f"Administrators don't allow personal API tokens in {self.team}."
        return f"Your role in {self.team} ({self.role}) can't {label}. Ask an administrator to change it."


def visible_teams(user: User) -> QuerySet[Team]:
    return Team.objects.visible_to(user)


def membership(user: User, slug: str, permission: TeamPermission = "view") -> Member:
    """Raise Http404 without sight of the team, PermissionDenied without the permission."""
    own = Membership.objects.select_related("team").filter(user=user, team__slug=slug).first()
    if own:
        member = Member(user, own.team, own.role)
    else:
        team = Team.objects.visible_to(user).filter(slug=slug).first() if user.is_staff else None
        if team is None:
            raise Http404("This team doesn't exist, or you aren't a member.")
        member = Member(user, team, "")
    member.require(permission)
    return member


def member_of(user: User, team: Team) -> Member:
    return _require_member(user, team, "view")


def members_of(user: User) -> list[Member]:
    rows = Membership.objects.filter(user=user).select_related("team").order_by("team__name")
    return [Member(user, row.team, row.role) for row in rows]


def default_member(user: User, slug: str = "") -> Member | None:
    """Return the team of this name if the user sees it, else the first."""
    teams = visible_teams(user)
    team = (slug and teams.filter(slug=slug).first()) or teams.first()
    return member_of(user, team) if team else None


def token(member: Member, text_id: str) -> ApiToken:
    return _get_or_404(ApiToken.objects.filter(team=member.team), text_id)


def own_token(user: User, text_id: str) -> ApiToken:
    """Return also a token for a team they have left."""
    return _get_or_404(ApiToken.objects.filter(person=user).select_related("team"), text_id)


def teammate(member: Member, text_id: str) -> Membership:
    try:
        public_id = from_text(text_id)
    except ValueError:
        raise Http404("Invalid ID.") from None
    rows = Membership.objects.filter(team=member.team, user__public_id=public_id).select_related("user", "team")
    membership_row = rows.first()
    if membership_row is None:
        raise Http404("This user doesn't exist, or isn't a member of the team.")
    return membership_row


def job(user: User, text_id: str, permission: TeamPermission = "view") -> tuple[Job, Member]:
    """Read the person's role in the same query."""
    related = (
        "team",
        "account__status",
        "queue",
        "submission__person",
        "submission__form_version__form",
        "revision__definition",
        "stop_requested_by",
    )
    rows = Job.objects.visible_to(user).select_related(*related).annotate(role=_own_role(user))
    rows = rows.defer("submission__form_version__text", "submission__form_version__document")
    row = _get_or_404(rows, text_id)
    member = Member(user, row.team, vars(row)["role"] or "")
    member.require(permission)
    require_own(row, permission)
    return row, member


def jobs(user: User, text_ids: Iterable[str], *, with_documents: bool = False) -> list[tuple[Job, Member]]:
    """Return those that the person may see, in the order of the ids, in one query. Others are left out."""
    positions = {public_id: number for number, text_id in enumerate(text_ids) if (public_id := _parse_id(text_id))}
    related = ("team", "account", "queue", "submission", "revision__definition", "person")
    rows = Job.objects.visible_to(user).filter(public_id__in=list(positions)).select_related(*related)
    documents = () if with_documents else ("document", "submission__document", "revision__document")
    rows = rows.defer("raw", "submission__text", "queue__raw", "queue__environments", *documents)
    rows = rows.annotate(role=_own_role(user)).order_by()
    return [
        (row, Member(user, row.team, vars(row)["role"] or ""))
        for row in sorted(rows, key=lambda row: positions[row.public_id])
    ]


def child(user: User, text_id: str, index: int) -> tuple[ArrayChild, Job, Member]:
    job_row, member = job(user, text_id)
    child_row = job_row.children.filter(index=index).first()
    if child_row is None:
        raise Http404("This child job doesn't exist, or it isn't loaded yet.")
    return child_row, job_row, member


def submission(user: User, text_id: str, permission: TeamPermission = "view") -> tuple[Submission, Member]:
    """Read the person's role in the same query."""
    approvals = Approval.objects.select_related("rerun", "requester", "decided_by").defer("rerun__text")
    related = ("team", "account__status", "person", "template_version__template", "form_version__form")
    rows = Submission.objects.visible_to(user).select_related(*related).annotate(role=_own_role(user))
    rows = rows.defer(
        "template_version__text", "template_version__document", "form_version__text", "form_version__document"
    )
    row = _get_or_404(rows.prefetch_related(Prefetch("approvals", approvals)), text_id)
    member = Member(user, row.team, vars(row)["role"] or "")
    member.require(permission)
    require_own(row, permission)
    return row, member


def bulk_action(user: User, text_id: str) -> BulkAction:
    """Return one's own; staff see all."""
    return _get_or_404(BulkAction.objects.visible_to(user).select_related("person"), text_id)


def approval(user: User, text_id: str, permission: TeamPermission = "approve") -> tuple[Approval, Member]:
    row = _get_or_404(Approval.objects.visible_to(user).with_request(), text_id)
    return row, _require_member(user, row.team, permission)


def definition(user: User, text_id: str, permission: TeamPermission | None = None) -> tuple[Definition, Member]:
    """Return a member without a role if the definition is only shared with them."""
    row = _get_or_404(
        Definition.objects.visible_to(user).select_related("team", "account", "owner", "successor", "archived_by"),
        text_id,
    )
    member = Member(user, row.team, _role(user, row.team))
    if permission:
        member.require(permission)
    return row, member


def revision(
    user: User, text_id: str, revision_id: str, permission: TeamPermission | None = None
) -> tuple[Revision, Member]:
    definition_row, member = definition(user, text_id, permission)
    row = _get_or_404(Revision.objects.filter(definition=definition_row), revision_id)
    row.definition = definition_row
    return row, member


def template(user: User, text_id: str, permission: TeamPermission = "view") -> tuple[WorkflowTemplate, Member]:
    row = _get_or_404(
        WorkflowTemplate.objects.visible_to(user).select_related("team", "owner", "successor", "archived_by"), text_id
    )
    return row, _require_member(user, row.team, permission)


def template_version(user: User, text_id: str, permission: TeamPermission = "view") -> tuple[TemplateVersion, Member]:
    """Find a version by its own id."""
    rows = TemplateVersion.objects.filter(template__in=WorkflowTemplate.objects.visible_to(user))
    row = _get_or_404(rows.select_related("template__team", "created_by"), text_id)
    return row, _require_member(user, row.template.team, permission)


def launch_form(user: User, text_id: str, permission: TeamPermission = "view") -> tuple[LaunchForm, Member]:
    row = _get_or_404(
        LaunchForm.objects.visible_to(user).select_related("team", "owner", "successor", "archived_by"), text_id
    )
    return row, _require_member(user, row.team, permission)


def launch_form_version(
    user: User, text_id: str, permission: TeamPermission = "view"
) -> tuple[LaunchFormVersion, Member]:
    """Find a version by its own id."""
    rows = LaunchFormVersion.objects.filter(form__in=LaunchForm.objects.visible_to(user))
    row = _get_or_404(rows.select_related("form__team", "created_by"), text_id)
    return row, _require_member(user, row.form.team, permission)


def form_preset(member: Member, form: LaunchForm, text_id: str) -> FormPreset:
    return _get_or_404(FormPreset.objects.visible_to(member.user).filter(form=form).select_related("form"), text_id)


def saved_view(member: Member, text_id: str) -> SavedView:
    return _get_or_404(SavedView.objects.visible_to(member.user).filter(team=member.team), text_id)


def draft(member: Member, text_id: str) -> Draft:
    drafts = Draft.objects.visible_to(member.user).unsent().filter(team=member.team)
    return _get_or_404(drafts.select_related("team", "revision__definition"), text_id)


def require_own(row: Job | Submission, permission: TeamPermission) -> None:
    """Raise PermissionDenied for what would change a job that was submitted outside the portal."""
    is_outside = row.outside if isinstance(row, Job) else row.source == Source.OUTSIDE
    if is_outside and permission not in OBSERVER_PERMISSIONS:
        message = f"{row.name} was submitted outside the portal. Stop it or run it again where it came from."
        raise PermissionDenied(message)


M = TypeVar("M", bound=Model)


def _parse_id(text: str) -> UUID | None:
    try:
        return from_text(text)
    except ValueError:
        return None


def _get_or_404(rows: QuerySet[M], text_id: str) -> M:
    try:
        public_id = from_text(text_id)
    except ValueError:
        raise Http404("Invalid ID.") from None
    # Without an order: Django compares each column with it, which for a job takes longer than the database does.
    row = next(iter(rows.filter(public_id=public_id).order_by()[:1]), None)
    if row is None:
        raise Http404("This doesn't exist, or you don't have access to it.")
    return row


def _role(user: User, team: Team) -> str:
    return Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first() or ""


def _own_role(user: User) -> Subquery:
    """Return the role, or NULL, in the team of a row."""
    return Subquery(Membership.objects.filter(user=user, team=OuterRef("team")).values("role"))


def _require_member(user: User, team: Team, permission: TeamPermission) -> Member:
    member = Member(user, team, _role(user, team))
    member.require(permission)
    return member


@dataclass(frozen=True)
class PermissionRule:
    permission: TeamPermission
    label: str
    allowed: tuple[bool, ...]


ACTORS = ("Viewer", "Analyst", "Lead", "Administrator")
"""Columns of the table. The administrator is staff, here of someone else's team."""


def permission_rules(*, active: bool = True) -> list[PermissionRule]:
    team = Team(active=active, leads_manage_members=True)
    actors = [*(Member(User(), team, role) for role in Role), Member(User(is_staff=True), team, "")]
    return [
        PermissionRule(permission, PERMISSION_LABELS[permission], tuple(actor.can(permission) for actor in actors))
        for permission in ROLES_BY_PERMISSION
    ]
