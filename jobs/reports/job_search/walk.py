"""The limit of jobs that a page reads in their order, where no index knows which of them match."""

from django.core.cache import caches
from django.db.models import Q, QuerySet

from jobs.models import Job
from jobs.reports.job_search.scope import Scope

READ_LIMIT = 100_000
"""So many jobs are read for a page. It may have fewer rows then than it has room for, and the next one goes on."""
CACHE_SECONDS = 600

MAX_TEAMS = 8
"""Each takes a query. Of more teams, as of all, the jobs of others between theirs count too."""


def last_key(scope: Scope, order: str, start: int | None = None) -> int | None:
    """Return the key of the last job that is read after `start`; None if all that follow are."""
    is_descending = order.startswith("-")
    jobs = Job.objects.order_by(order)
    if start is not None:
        jobs = jobs.filter(pk__lt=start) if is_descending else jobs.filter(pk__gt=start)
    keys = jobs.values_list("pk", flat=True)
    if scope.team_keys is None or len(scope.team_keys) > MAX_TEAMS:
        first = keys.first()
        if first is None:
            return None
        limits = Q(pk__lte=first - READ_LIMIT) if is_descending else Q(pk__gte=first + READ_LIMIT)
        return keys.filter(scope.condition, limits).first()
    limit = READ_LIMIT // max(1, len(scope.team_keys))
    if start is None:
        ends = [_first_end(scope, keys, order, team, limit) for team in scope.team_keys]
    else:
        ends = [_end(scope, keys, team, limit) for team in scope.team_keys]
    return (max if is_descending else min)((end for end in ends if end is not None), default=None)


def _first_end(scope: Scope, keys: QuerySet[Job, int], order: str, team: int, limit: int) -> int | None:
    """Return the end of the first page's part as of the last `CACHE_SECONDS`: it lies as many rows away as the limit.

    Jobs that came since are read too, and the next page goes on after the same end.
    """
    name = f"walk-end:{order}:{team}:{scope.user.pk if scope.mine else 'all'}:{limit}"
    cached: tuple[int | None] | None = caches["memory"].get(name)
    if cached is None:
        cached = (_end(scope, keys, team, limit),)
        caches["memory"].set(name, cached, CACHE_SECONDS)
    return cached[0]


def _end(scope: Scope, keys: QuerySet[Job, int], team: int, limit: int) -> int | None:
    person = Q(person=scope.user) if scope.mine else Q()
    return keys.filter(person, team=team)[limit : limit + 1].first()
