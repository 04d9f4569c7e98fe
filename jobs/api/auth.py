"""Authentication by token, with its person's current role in one team.

Personal tokens share the rate limits of their person, who could otherwise multiply them.
"""

from dataclasses import dataclass

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from ninja.security import HttpBearer

from jobs import access, audit
from jobs.access import Member, TeamPermission
from jobs.actions import tokens
from jobs.models import ApiToken, Job, LaunchForm, Submission, WorkflowTemplate
from jobs.rate_limit import RateLimit, spend

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SEARCH_BUDGETS = {"/api/v1/costs": RateLimit.SEARCHES, "/api/v1/jobs": RateLimit.SEARCHES}


@dataclass(frozen=True)
class Caller:
    token: ApiToken
    member: Member

    def submission(self, text_id: str, permission: TeamPermission = "view") -> Submission:
        """Raise Http404, or PermissionDenied."""
        submission, _ = access.submission(self.member.user, text_id)
        self._check(submission, permission)
        return submission

    def job(self, text_id: str, permission: TeamPermission = "view") -> Job:
        """Raise Http404, or PermissionDenied."""
        job, _ = access.job(self.member.user, text_id)
        self._check(job, permission)
        return job

    def template(self, text_id: str) -> WorkflowTemplate:
        """Raise Http404."""
        template, _ = access.template(self.member.user, text_id)
        self._check_team(template.team_id)
        return template

    def launch_form(self, text_id: str) -> LaunchForm:
        """Raise Http404."""
        form, _ = access.launch_form(self.member.user, text_id)
        self._check_team(form.team_id)
        return form

    def _check(self, row: Job | Submission, permission: TeamPermission) -> None:
        self._check_team(row.team_id)
        self.member.require(permission)
        access.require_own(row, permission)

    def _check_team(self, team_id: int) -> None:
        if team_id != self.member.team.pk:
            raise Http404("This doesn't exist, or you don't have access to it.")


class CallerRequest(HttpRequest):
    auth: Caller


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Return None for a 401. Raise PermissionDenied for a read-only token, or TooManyRequestsError."""
        api_token = tokens.use_token(token.strip())
        if api_token is None:
            return None
        caller = Caller(api_token, access.member_of(api_token.person, api_token.team))
        # The log must name the token's owner, whatever cookie was sent along.
        request.user = api_token.person
        structlog.contextvars.bind_contextvars(user_id=api_token.person.pk, token_prefix=api_token.prefix)
        audit.set_token(api_token.public_id)
        if request.method not in READ_METHODS and not api_token.may_submit:
            advice = "Create" if api_token.is_personal else "Ask a team lead for"
            raise PermissionDenied(f"The token {api_token.name} is read-only. {advice} one that can submit.")
        budget = RateLimit.DOCUMENTS if request.method not in READ_METHODS else _SEARCH_BUDGETS.get(request.path_info)
        if budget:
            spender = f"person:{api_token.person_id}" if api_token.is_personal else f"token:{api_token.pk}"
            spend(budget, spender, int(request.META.get("CONTENT_LENGTH") or 0))
        return caller
