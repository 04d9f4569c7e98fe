"""The start pages."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.actions import drafts, poll_hint
from jobs.reports import attention
from jobs.reports import dashboard as reports
from jobs.reports.administration import administration_summary
from jobs.search import Search, Term
from jobs.states import ACTIVE_STATES, Delivery, State
from jobs.web import getting_started
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

# Searches for the jobs that the dashboard counts.
ACTIVE_JOBS = Search((Term("status", tuple(sorted(ACTIVE_STATES))),))
FAILED_JOBS = Search(
    (
        Term("status", (State.FAILED, Delivery.REFUSED, State.LOST)),
        Term("after", (f"-{attention.RECENT_PERIOD.days}d",)),
    )
)


@require_safe
@login_required
def home(request: SignedInRequest) -> HttpResponse:
    """Show all teams, to staff also what needs an administrator. People of one team go to its home."""
    cards = reports.team_cards(request.user)
    if len(cards) == 1 and not request.user.is_staff:
        return redirect("team_home", cards[0].team.slug)
    is_partial = polling.is_partial(request)
    jobs = reports.own_active_jobs(request.user)
    page = {
        "cards": cards,
        "max_cards": reports.MAX_CARDS,
        "max_rows": attention.MAX_ROWS,
        "active_jobs": jobs,
        "summary": administration_summary(request.user) if request.user.is_staff else None,
        "is_live": bool(jobs) or any(card.active_jobs for card in cards),
        "current_page": "home",
    }
    poll_hint.hint_poll([line.job for line in jobs])
    return render(request, "jobs/dashboard/home.html" + "#live" * is_partial, page)


@require_safe
@login_required
def team_home(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    # People who may not submit have no jobs of their own here.
    person = request.user if member.can("submit") else None
    running = reports.active_jobs(member.team, None if _leads(member) else person)
    counts = attention.job_counts(member.team)
    ended = reports.recently_ended_jobs(member.team, person)
    # Outside of the part that is polled.
    own = person if not polling.is_partial(request) else None
    page = {
        "member": member,
        "team": member.team,
        "is_own_jobs": person is not None,
        "leads": _leads(member),
        "active_jobs": running,
        "max_rows": attention.MAX_ROWS,
        "ended_jobs": ended,
        "counts": counts,
        "active_query": urlencode({"search": str(ACTIVE_JOBS)}),
        "spending": reports.spending(member.team),
        "action_items": attention.action_items(member.team, counts, request.user) if _leads(member) else None,
        "definitions": reports.used_definitions(member.team, own) if own else [],
        "failed_query": urlencode({"search": str(FAILED_JOBS)}),
        "drafts": drafts.recent_drafts(member) if own else [],
        "first_steps": getting_started.first_steps(request, [line.job for line in [*running, *ended]])
        if own
        else None,
        "is_live": bool(running or counts.active),
        "current_page": "home",
    }
    poll_hint.hint_poll([line.job for line in running])
    return render(request, "jobs/dashboard/team.html" + "#live" * polling.is_partial(request), page)


def _leads(member: Member) -> bool:
    """Return whether the page is for the whole team: leads, and staff of no role."""
    return member.can("lead") or not member.role
