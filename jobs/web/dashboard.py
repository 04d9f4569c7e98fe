"""The start pages."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.actions import drafts, poll_hint
from jobs.reports import attention, form_presets
from jobs.reports import dashboard as reports
from jobs.reports.administration import administration_summary
from jobs.reports.attention import ActionItems
from jobs.reports.budgets import budget_panel
from jobs.search import Search, Term
from jobs.states import ACTIVE_STATES
from jobs.web import getting_started
from jobs.web.failures import family_row
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required

# A search for the jobs that the dashboard counts.
ACTIVE_JOBS = Search((Term("status", tuple(sorted(ACTIVE_STATES))),))


@require_safe
@login_required
def home(request: SignedInRequest) -> HttpResponse:
    """Show all teams, to staff also what needs an administrator. People of one team go to its home."""
    if not request.user.is_staff and (team := reports.only_team(request.user)):
        return redirect("team_home", team.slug)
    cards = reports.team_cards(request.user)
    jobs = reports.own_active_jobs(request.user)
    poll_hint.hint_poll([line.job for line in jobs])
    etag = polling.etag(polling.minute(), [card.etag_fields for card in cards], [line.etag_fields for line in jobs])
    is_partial = polling.is_partial(request)
    if is_partial and polling.is_current(request, etag):
        return HttpResponse(status=204)
    page = {
        "cards": cards,
        "max_cards": reports.MAX_CARDS,
        "max_rows": attention.MAX_ROWS,
        "active_jobs": jobs,
        "summary": administration_summary(request.user) if request.user.is_staff else None,
        "etag": etag,
        "is_live": bool(jobs) or any(card.active_jobs for card in cards),
        "current_page": "home",
    }
    return render(request, "jobs/dashboard/home.html" + "#live" * is_partial, page)


@require_safe
@login_required
def team_home(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show jobs at once when they change, and what else changes with time once a minute."""
    member = access.membership(request.user, slug)
    team, leads = member.team, _leads(member)
    # People who may not submit have no jobs of their own here.
    person = request.user if member.can("submit") else None
    running = reports.active_jobs(team, None if leads else person)
    ended = reports.recently_ended_jobs(team, person)
    counts = attention.job_counts(team)
    poll_hint.hint_poll([line.job for line in running])
    etag = polling.etag(
        polling.minute(),
        counts,
        [line.etag_fields for line in (*running, *ended)],
        attention.last_request(team, request.user) if leads else None,
    )
    is_partial = polling.is_partial(request)
    if is_partial and polling.is_current(request, etag):
        return HttpResponse(status=204)
    live = attention.live_jobs(team) if leads else attention.LiveJobs()
    usual = live.statistics(team, [line.job for line in running])
    page = {
        "member": member,
        "team": team,
        "is_own_jobs": person is not None,
        "leads": leads,
        "active_jobs": reports.with_progress(running, usual),
        "max_rows": attention.MAX_ROWS,
        "ended_jobs": ended,
        "counts": counts,
        "active_query": urlencode({"search": str(ACTIVE_JOBS)}),
        "spending": reports.spending(team),
        "budgets": budget_panel(member),
        "etag": etag,
        "is_live": bool(running or counts.active),
        "current_page": "home",
        **(_action_items(member, attention.action_items(team, request.user, counts, live, usual)) if leads else {}),
    }
    if is_partial:
        return render(request, "jobs/dashboard/team.html#live", page)
    if person:
        page |= {
            "forms": form_presets.home_forms(team, person),
            "definitions": reports.used_definitions(team, person),
            "drafts": drafts.recent_drafts(member),
            "first_steps": getting_started.first_steps(request, [line.job for line in (*running, *ended)]),
        }
    return render(request, "jobs/dashboard/team.html", page)


def _action_items(member: Member, items: ActionItems) -> dict[str, Any]:
    days = attention.RECENT_PERIOD.days
    rows = [family_row(member.team, family, days) for family in items.failures.families]
    return {"action_items": items, "failure_rows": rows, "failure_days": days}


def _leads(member: Member) -> bool:
    """Return whether the page is for the whole team: leads, and staff of no role."""
    return member.can("lead") or not member.role
