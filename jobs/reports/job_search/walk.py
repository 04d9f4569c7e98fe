"""The limit of jobs that a page reads in their order, where no index knows which of them match."""

from django.db.models import Q

from jobs.models import Job
from jobs.reports.job_search.scope import Scope

READ_LIMIT = 100_000
"""So many jobs are read for a page. It may have fewer rows then than it has room for, and the next one goes on."""


def last_key(scope: Scope, order: str, start: int | None = None) -> int | None:
    """Return the key of the last job that is read after `start`; None if all that follow are."""
    is_descending = order.startswith("-")
    jobs = Job.objects.order_by(order)
    if start is not None:
        jobs = jobs.filter(pk__lt=start) if is_descending else jobs.filter(pk__gt=start)
    keys = jobs.values_list("pk", flat=True)
    if scope.team_keys is None:
        first = keys.first()
        if first is None:
            return None
        limits = Q(pk__lte=first - READ_LIMIT) if is_descending else Q(pk__gte=first + READ_LIMIT)
        return keys.filter(scope.condition, limits).first()
    person = Q(person=scope.user) if scope.mine else Q()
    limit = READ_LIMIT // max(1, len(scope.team_keys))
    ends = [key for team in scope.team_keys for key in keys.filter(person, team=team)[limit : limit + 1]]
    return (max if is_descending else min)(ends, default=None)
