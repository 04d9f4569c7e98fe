"""Stopping is a request: what is not yet sent never will be, and AWS is told of the rest."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models import Approval, Decision, Job, StateChange, Submission, Team
from jobs.states import FINAL_STATES, Delivery
from jobs.task_queue import ring

UNSENT = (Delivery.AWAITING, Delivery.ACCEPTED, Delivery.HELD)


def stop(job: Job, member: Member) -> bool:
    """Ask for a job to end, in whatever state it is. False: it had ended already, or was asked before."""
    member.must("stop")
    return _stop(job, Job.objects.filter(pk=job.pk), member) > 0


def stop_all(submission: Submission, member: Member) -> int:
    """Ask for every job of a submission to end. How many had not ended before."""
    member.must("stop")
    return _stop(submission, Job.objects.filter(submission=submission), member)


def _stop(stop_target: Job | Submission, jobs: QuerySet[Job], member: Member) -> int:
    """Stop the jobs of what someone wants to end, in as many statements for thousands as for one."""
    with transaction.atomic():
        awaiting_submissions = set(
            jobs.filter(delivery=Delivery.AWAITING).order_by().values_list("submission", flat=True)
        )
        if awaiting_submissions:
            # As whoever decides on a request does, so that the two take their turns.
            Team.objects.select_for_update().get(pk=member.team.pk)
        # Locked as a delivery locks them, the last steps first; from here to the commit none of them moves on.
        candidates = jobs.filter(stop_requested_at=None, ended_at=None).order_by("-pk").select_for_update()
        rows = candidates.only("public_id", "name", "account_id", "delivery", "state")
        stoppable = [job for job in rows if not job.status.final]
        _withdraw(jobs, [job for job in stoppable if job.delivery in UNSENT], member)
        _ask(jobs, member)
        _close(awaiting_submissions, member)
        for account in {job.account_id for job in stoppable}:
            ring("stop", account, bell="ask")
        if stoppable:
            entries = [{"job": job.text_id, "name": job.name, "status": job.status.name} for job in stoppable]
            audit.record(
                "stop", person=member.user, team=member.team, about=stop_target, before=audit.listed("going", entries)
            )
    return len(stoppable)


def _close(submissions: Iterable[int], member: Member) -> None:
    """Requests of which nothing is left need nobody's word any more."""
    awaiting_jobs = Job.objects.filter(submission=OuterRef("submission"), delivery=Delivery.AWAITING)
    Approval.objects.waiting().filter(~Exists(awaiting_jobs), submission__in=submissions).update(
        decision=Decision.WITHDRAWN, decided_by=member.user, decided_at=now()
    )


def _withdraw(jobs: QuerySet[Job], unsent: Sequence[Job], member: Member) -> None:
    """A job that waits for its delivery, in a worker's hands or not, or for approval, is simply not sent."""
    if not unsent:
        return
    note = f"Stopped by {member.user.display_name} before it was sent."
    current_time = now()
    jobs.filter(stop_requested_at=None, delivery__in=UNSENT).update(
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


def _ask(jobs: QuerySet[Job], member: Member) -> None:
    """With AWS, or perhaps: write the wish down, so that it is told to AWS until the end is seen."""
    with_aws = jobs.filter(delivery__in=[Delivery.SENDING, Delivery.SENT], stop_requested_at=None, ended_at=None)
    with_aws.exclude(state__in=FINAL_STATES).update(
        stop_requested_at=now(),
        stop_requested_by=member.user,
        stop_reason=f"Stopped in the portal by {member.user.username}.",
    )
