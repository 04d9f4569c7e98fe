"""Stop and release of jobs."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models import Approval, Decision, Job, StateChange, Submission, Team
from jobs.states import FINAL_STATES, Delivery
from jobs.task_queue import enqueue_on_commit

WITHDRAWABLE_DELIVERIES = (Delivery.AWAITING, Delivery.ACCEPTED, Delivery.HELD)


def stop(job: Job, member: Member) -> bool:
    member.require("stop")
    return _stop_jobs(job, Job.objects.filter(pk=job.pk), member) > 0


def stop_all(submission: Submission, member: Member) -> int:
    member.require("stop")
    return _stop_jobs(submission, Job.objects.filter(submission=submission), member)


def _stop_jobs(stop_target: Job | Submission, jobs: QuerySet[Job], member: Member) -> int:
    with transaction.atomic():
        awaiting_submissions = set(
            jobs.filter(delivery=Delivery.AWAITING).order_by().values_list("submission", flat=True)
        )
        if awaiting_submissions:
            # As decisions on an approval do, so that the two are serialized.
            Team.objects.select_for_update().get(pk=member.team.pk)
        # Lock in the order in which a delivery does, last steps first. None of them changes before the commit.
        candidates = jobs.filter(stop_requested_at=None, ended_at=None).order_by("-pk").select_for_update()
        rows = candidates.only("public_id", "name", "account_id", "delivery", "state")
        stoppable = [job for job in rows if not job.status.is_final]
        _withdraw_unsent(jobs, [job for job in stoppable if job.delivery in WITHDRAWABLE_DELIVERIES], member)
        _request_stop(jobs, member)
        _withdraw_approvals(awaiting_submissions, member)
        for account in {job.account_id for job in stoppable}:
            enqueue_on_commit("stop", account, queue="ask")
        if stoppable:
            entries = [{"job": job.text_id, "name": job.name, "status": job.status.name} for job in stoppable]
            audit.record(
                "stop",
                person=member.user,
                team=member.team,
                target=stop_target,
                before=audit.truncate_list("stopped jobs", entries),
            )
    return len(stoppable)


def _withdraw_approvals(submissions: Iterable[int], member: Member) -> None:
    awaiting_jobs = Job.objects.filter(submission=OuterRef("submission"), delivery=Delivery.AWAITING)
    Approval.objects.waiting().filter(~Exists(awaiting_jobs), submission__in=submissions).update(
        decision=Decision.WITHDRAWN, decided_by=member.user, decided_at=now()
    )


def _withdraw_unsent(jobs: QuerySet[Job], unsent: Sequence[Job], member: Member) -> None:
    if not unsent:
        return
    note = f"Withdrawn by {member.user.display_name}."
    current_time = now()
    jobs.filter(stop_requested_at=None, delivery__in=WITHDRAWABLE_DELIVERIES).update(
        delivery=Delivery.WITHDRAWN,
        delivery_note=note,
        lease_until=None,
        ended_at=current_time,
        stop_requested_at=current_time,
        stop_requested_by=member.user,
    )
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=Delivery.WITHDRAWN, note=note, source="person") for job in unsent
    )


def _request_stop(jobs: QuerySet[Job], member: Member) -> None:
    """Record a request, repeated until the job is observed to end."""
    with_aws = jobs.filter(delivery__in=[Delivery.SENDING, Delivery.SENT], stop_requested_at=None, ended_at=None)
    with_aws.exclude(state__in=FINAL_STATES).update(
        stop_requested_at=now(),
        stop_requested_by=member.user,
        stop_reason=f"Stopped in the portal by {member.user.username}.",
    )


def release(job: Job, member: Member) -> bool:
    member.require("lead")
    if job.delivery != Delivery.HELD:
        return False
    note = f"Released by {member.user.display_name}."
    before = {"delivery": job.delivery, "note": job.delivery_note}
    with transaction.atomic():
        is_released = job.advance(Delivery.ACCEPTED, source="person", note=note, lost_workers=0, next_try_at=None)
        enqueue_on_commit("deliver", job.account_id, queue="deliver")
        if is_released:
            after = {"delivery": Delivery.ACCEPTED}
            audit.record("release", person=member.user, team=member.team, target=job, before=before, after=after)
    return is_released
