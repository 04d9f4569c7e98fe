"""Work that depends on a team or a definition."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet

from jobs.models import ApiToken, Approval, Definition, Job, Team
from jobs.states import ACTIVE_STATES, Delivery

IN_AWS = Q(delivery=Delivery.SENT, state__in=ACTIVE_STATES)
NOT_SENT = Q(delivery__in=[Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD])


def team_usage(teams: QuerySet[Team]) -> dict[int, list[str]]:
    keys = list(teams.values_list("pk", flat=True))
    requests = _counts(Approval.objects.waiting().filter(team__in=keys), "team")
    tokens = _counts(ApiToken.objects.valid().filter(team__in=keys), "team")
    usage = _job_usage(Job.objects.filter(team__in=keys), "team")
    for key in keys:
        usage[key] = [
            *usage.get(key, ()),
            *_phrases({"approval request": requests.get(key, 0), "valid API token": tokens.get(key, 0)}),
        ]
    return usage


def definition_usage(definitions: QuerySet[Definition]) -> dict[int, list[str]]:
    keys = list(definitions.values_list("pk", flat=True))
    return _job_usage(Job.objects.filter(definition__in=keys), "definition")


def _job_usage(jobs: QuerySet[Job], group: str) -> dict[int, list[str]]:
    rows = (
        jobs.filter(IN_AWS | NOT_SENT, ended_at=None)
        .order_by()
        .values_list(group)
        .annotate(in_aws=Count("pk", filter=IN_AWS), not_sent=Count("pk", filter=NOT_SENT))
    )
    return {
        key: _phrases({"active job": in_aws, "job not sent to AWS yet": not_sent}) for key, in_aws, not_sent in rows
    }


def _counts(rows: QuerySet[Any], group: str) -> Mapping[int, int]:
    return dict(rows.order_by().values_list(group).annotate(count=Count("pk")))


def _phrases(counts: Mapping[str, int]) -> list[str]:
    return [_count_text(count, noun) for noun, count in counts.items() if count]


def _count_text(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    head, separator, rest = noun.partition(" not ")
    return f"{count} {head}s{separator}{rest}"
