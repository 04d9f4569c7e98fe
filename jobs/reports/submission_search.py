"""Submissions of jobs that a search finds."""

from django.db.models import Exists, OuterRef, Q

from jobs.access import Member
from jobs.models.pagination import KeysetPage
from jobs.reports.job_search import Scope, search_jobs
from jobs.reports.job_search.conditions import RARE_LIMIT
from jobs.reports.submissions import SubmissionRow, submission_page
from jobs.search import Search


def search_submission_page(
    member: Member, search: Search, before: str = "", *, mine: bool = False
) -> KeysetPage[SubmissionRow]:
    """Return the team's submissions with a job that is found, the newest first. Raise InvalidPageCursorError."""
    jobs = search_jobs(Scope(member.user, member.team, mine), search)
    keys = list(jobs.values_list("submission", flat=True)[: RARE_LIMIT + 1])
    # Few are looked up; of many, some are soon found in the order of the submissions.
    is_rare = len(keys) <= RARE_LIMIT
    condition = Q(pk__in=set(keys)) if is_rare else Q(Exists(jobs.filter(submission=OuterRef("pk"))))
    return submission_page(member.team, before, condition=condition)
