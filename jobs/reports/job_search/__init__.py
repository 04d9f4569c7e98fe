"""Jobs that a search finds, of those that a person may see.

scope        whose jobs are searched
conditions   a search to conditions of queries
charged      jobs by their cost lines
pages        pages, counts and rows
walk         how far a page reads the jobs
suggestions  keys and values for what is being typed
"""

from jobs.reports.job_search.conditions import NO_INSTANCE
from jobs.reports.job_search.pages import (
    EXPORT_LIMIT,
    PAGE_SIZE,
    SORTS,
    JobRow,
    StatusCounts,
    search_counts,
    search_jobs,
    search_page,
    search_rows,
)
from jobs.reports.job_search.scope import Scope
from jobs.reports.job_search.suggestions import Suggestion, suggest

__all__ = [
    "EXPORT_LIMIT",
    "NO_INSTANCE",
    "PAGE_SIZE",
    "SORTS",
    "JobRow",
    "Scope",
    "StatusCounts",
    "Suggestion",
    "search_counts",
    "search_jobs",
    "search_page",
    "search_rows",
    "suggest",
]
