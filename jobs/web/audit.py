"""The audit log, for leads and staff."""

from datetime import date
from functools import partial
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.audit import ACTION_LABELS
from jobs.reports import audit as reports
from jobs.reports.audit import AuditFilter
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.shell.paging import page_at
from jobs.web.shell.text_input import search_text

MAX_FILTER_LENGTH = 200


@require_safe
@login_required
def audit(request: SignedInRequest, slug: str) -> HttpResponse:
    return _audit_page(request, access.membership(request.user, slug, permission="audit"))


@require_safe
@login_required
def audit_all(request: SignedInRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied(
            "Only administrators can see the audit of all teams. Team leads see their team's audit."
        )
    return _audit_page(request, None)


def _audit_page(request: SignedInRequest, member: Member | None) -> HttpResponse:
    team = member.team if member else None
    values = {name: search_text(request.GET, name, MAX_FILTER_LENGTH) for name in _FILTER_NAMES}
    days, problems = _days(request)
    filters = AuditFilter(**values, since=days.get("from"), until=days.get("to"))
    values |= {name: day.isoformat() for name, day in days.items()}
    page = {
        "member": member,
        "team": team,
        "audit_filter": filters,
        "filter_problems": problems,
        "query_string": urlencode({name: value for name, value in values.items() if value}),
        "action_labels": ACTION_LABELS,
        "people": reports.member_usernames(team) if team else [],
        "teams": () if team else access.visible_teams(request.user),
        "portal_value": reports.PORTAL,
        "listing": page_at(request, partial(reports.audit_page, team, filters), before=request.GET.get("before", "")),
        "current_page": "audit",
    }
    return render(request, "jobs/audit.html", page)


def _days(request: SignedInRequest) -> tuple[dict[str, date], list[str]]:
    """Return the days of the filter by their parameters, and what is wrong with others."""
    days, problems = {}, []
    for name in ("from", "to"):
        text = search_text(request.GET, name, MAX_FILTER_LENGTH)
        try:
            if text:
                days[name] = date.fromisoformat(text)
        except ValueError:
            problems.append(f"“{text[:40]}” isn't a valid date; write it like 2026-11-22.")
    return days, problems


_FILTER_NAMES = ("team", "person", "act", "about")
