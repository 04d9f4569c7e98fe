"""Reading of costs by tag from Cost Explorer, within the account's number of requests a day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from jobs import audit
from jobs.audit import AuditTarget
from jobs.aws.cost_explorer import COST_EXPLORER_REGION, CostScope, active_tags, costs_by_tags
from jobs.aws.errors import AwsError, MalformedResponseError
from jobs.aws.session import Purpose, client_in_region
from jobs.models import Account, AccountStatus, CostExplorerMonth, CostTagKey, Team
from jobs.models.cost_explorer import TEAM_TAG, Cell, count_request, replace_months
from jobs.pricing import exact_sum

log = structlog.get_logger(__name__)

NEVER = datetime.min.replace(tzinfo=UTC)
INTERRUPTED = "The reading was interrupted."


class RequestLimitError(Exception):
    """The account has made its requests of the day."""


@dataclass
class ExplorerReading:
    """Keys of tags whose costs were read, and those that wait for another day. `problem` is "" if all went well."""

    keys: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    inactive: list[str] = field(default_factory=list)
    requests: int = 0
    problem: str = ""


@dataclass
class _ExplorerClient:
    account: Account
    client: Any
    scope: CostScope
    read_at: datetime
    result: ExplorerReading

    def spend(self) -> None:
        """Count a request. Raise RequestLimitError."""
        day = now().astimezone(UTC).date()
        if not count_request(self.account, day, self.account.cost_explorer_requests):
            raise RequestLimitError
        self.result.requests += 1

    def read_key(self, key: str, *, by_team: bool) -> None:
        """Replace the costs of a key. Raise AwsError or RequestLimitError, with nothing changed."""
        keys = [TEAM_TAG, key] if by_team else [key]
        teams = dict(Team.objects.values_list("slug", "pk"))
        units: defaultdict[Cell, int] = defaultdict(int)
        for (day, values), usd in costs_by_tags(self.client, self.spend, self.scope, keys).items():
            team, value = teams.get(values[0]) if by_team else None, values[-1][:256]
            if team or value:  # the rest is of no job of the portal
                units[day, team, value] += exact_sum.units(usd)
        with transaction.atomic():
            replace_months([self._month(month, key, by_team=by_team) for month in self._months()], units)

    def _months(self) -> list[date]:
        last = self.scope.end - timedelta(days=1)
        return sorted({self.scope.first, last.replace(day=1)})

    def _month(self, month: date, key: str, *, by_team: bool) -> CostExplorerMonth:
        following = (month + timedelta(days=31)).replace(day=1)
        return CostExplorerMonth(
            account=self.account,
            key=key,
            month=month,
            read_at=self.read_at,
            data_through=min(following, self.scope.end) - timedelta(days=1),
            is_by_team=by_team,
        )


def read_cost_explorer(account: Account) -> ExplorerReading:
    """Replace costs by tag of this month and the one before, up to yesterday. The account has the problem, if any."""
    time = now()
    status = AccountStatus.objects.filter(pk=account.pk)
    status.update(cost_explorer_read_at=time, cost_explorer_error=INTERRUPTED)
    today = time.astimezone(UTC).date()
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    scope = CostScope(account.number, account.region, first, today)
    client = client_in_region(account, COST_EXPLORER_REGION, "ce", Purpose.BILLED)
    reader = _ExplorerClient(account, client, scope, time, ExplorerReading())
    _read(reader, status)
    result = reader.result
    status.update(cost_explorer_error=result.problem[:1_000])
    if result.problem:
        log.warning("cost_explorer_unread", account=account.name, error=result.problem)
    if result.keys:
        audit.record(
            "change",
            person=None,
            target=AuditTarget("actual costs", label=f"Cost Explorer, {account.name}"),
            after={"tags": result.keys, "data through": f"{today - timedelta(days=1)}", "requests": result.requests},
        )
    return result


def _read(reader: _ExplorerClient, status: Any) -> None:
    result, names = reader.result, _keys(reader.account)
    result.waiting = names
    try:
        active = active_tags(reader.client, reader.spend, reader.scope)
        status.update(cost_explorer_keys=sorted(active))
        result.inactive = [key for key in names if key not in active]
        result.waiting = [key for key in names if key in active]
        for key in list(result.waiting):
            try:
                reader.read_key(key, by_team=TEAM_TAG in active)
            except MalformedResponseError as error:  # another key may be readable
                result.problem = result.problem or f"{key}: {error}"
            else:
                result.keys.append(key)
            result.waiting.remove(key)
    except RequestLimitError:
        result.problem = result.problem or _limit_text(reader.account, result.waiting)
    except AwsError as error:
        result.problem = str(error) or type(error).__name__


def _limit_text(account: Account, waiting: Sequence[str]) -> str:
    unread = f" Not read: {', '.join(waiting)}. The next reading begins with them." if waiting else ""
    return f"The {account.cost_explorer_requests:,} requests of the day (UTC) have been made.{unread}"


def _keys(account: Account) -> list[str]:
    """Return keys of tags with costs, in teams that use the account: those that wait longest first."""
    keys = CostTagKey.objects.filter(team__queue_grants__queue__account=account).order_by()
    months = CostExplorerMonth.objects.filter(account=account).order_by().values_list("key")
    times = dict(months.annotate(time=Max("read_at")))
    names = set(keys.values_list("key", flat=True)) - {TEAM_TAG}
    return sorted(names, key=lambda name: (times.get(name, NEVER), name))
