"""Names of the jobs that a search selects."""

from typing import Any

from jobs.models import (
    Submission,
)
from jobs.reports.job_search import Scope, search_page
from jobs.search import parse


def scope_of(submission: Submission) -> Scope:
    return Scope(submission.person, submission.team)


def names(submission: Submission, text: str | None, **more: Any) -> list[str]:
    return [row.job.name for row in search_page(scope_of(submission), parse(text or ""), **more).rows]
