"""Requests to stop jobs. Call these in a transaction that has locked the rows, last ones first."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.timezone import now

from jobs.models import Job, StateChange
from jobs.states import FINAL_STATES, Delivery

if TYPE_CHECKING:
    from jobs.models import User

WITHDRAWABLE_DELIVERIES = (Delivery.AWAITING, Delivery.ACCEPTED, Delivery.HELD)


def lock_stoppable(jobs: QuerySet[Job]) -> list[Job]:
    """Lock in the order in which a delivery does, last steps first. None of them changes before the commit."""
    candidates = jobs.filter(stop_requested_at=None, ended_at=None).order_by("-pk").select_for_update()
    rows = candidates.filter(outside=False).only(
        "public_id", "name", "account_id", "delivery", "state", "submission_id"
    )
    return [job for job in rows if not job.status.is_final]


def withdraw_unsent(
    jobs: QuerySet[Job], stoppable: Iterable[Job], note: str, *, user: "User | None", source: str
) -> None:
    """`stoppable`: the locked rows of `jobs`."""
    unsent = [job for job in stoppable if job.delivery in WITHDRAWABLE_DELIVERIES]
    if not unsent:
        return
    current_time = now()
    jobs.filter(stop_requested_at=None, delivery__in=WITHDRAWABLE_DELIVERIES).update(
        delivery=Delivery.WITHDRAWN,
        delivery_note=note,
        lease_until=None,
        ended_at=current_time,
        stop_requested_at=current_time,
        stop_requested_by=user,
    )
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=Delivery.WITHDRAWN, note=note, source=source) for job in unsent
    )


def request_stop(jobs: QuerySet[Job], reason: str, *, user: "User | None") -> None:
    """Record a request, repeated until the job is observed to end."""
    with_aws = jobs.filter(delivery__in=[Delivery.SENDING, Delivery.SENT], stop_requested_at=None, ended_at=None)
    with_aws.filter(outside=False).exclude(state__in=FINAL_STATES).update(
        stop_requested_at=now(), stop_requested_by=user, stop_reason=reason
    )
