"""The start pages."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from jobs import access
from jobs.actions import drafts, poll_hint
from jobs.reports import dashboard as reports
from jobs.states import ACTIVE_STATES, Delivery, State
from jobs.web import getting_started
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

# What the history shows of the jobs that the dashboard counts as active.
ACTIVE_QUERY = urlencode([("status", str(state)) for state in sorted(ACTIVE_STATES)])
FAILED_STATUSES = (State.FAILED, Delivery.REFUSED, State.LOST)


@require_safe
@login_required
def home(request: SignedInRequest) -> HttpResponse:
    cards = reports.team_cards(access.visible_teams(request.user))
    if len(cards) == 1:
        return redirect("team_home", cards[0].team.slug)
    return render(
        request, "jobs/dashboard/teams.html", {"cards": cards, "max_cards": reports.MAX_CARDS, "current_page": "home"}
    )


@require_safe
@login_required
def team_home(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    # People who may not submit have no jobs of their own here.
    person = request.user if member.can("submit") else None
    running = reports.active_jobs(member.team, person)
    counts = reports.job_counts(member.team)
    ended = reports.recently_ended_jobs(member.team, person)
    leads = member.can("lead") or not member.role
    page = {
        "member": member,
        "team": member.team,
        "is_own_jobs": person is not None,
        "active_jobs": running,
        "max_rows": reports.MAX_ROWS,
        "ended_jobs": ended,
        "active_count": counts.active,
        "active_query": ACTIVE_QUERY,
        "spending": reports.spending(member.team),
        "action_items": reports.action_items(member.team, counts, request.user) if leads else None,
        "failed_query": urlencode(
            [("status", str(status)) for status in FAILED_STATUSES]
            + [("from", (now() - reports.RECENT_PERIOD).date().isoformat())]
        ),
        "drafts": drafts.recent_drafts(member) if person and not polling.is_partial(request) else [],
        "first_steps": getting_started.first_steps(request, [*running, *ended]) if person else None,
        "is_live": bool(running or counts.active),
        "current_page": "home",
    }
    poll_hint.hint_poll(running)
    return render(request, "jobs/dashboard/team.html" + "#live" * polling.is_partial(request), page)
