"""Stopping is a request: what is not yet sent never will be, and AWS is told of the rest."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models import Approval, Decision, Job, StateChange, Submission, Team
from jobs.ring import ring
from jobs.states import Delivery


def stop(job: Job, member: Member) -> bool:
    """Ask for a job to end, in whatever state it is. False: it had ended already, or was asked before."""
    member.must("stop")
    return _stop_each(job, [job], member) > 0


def stop_all(submission: Submission, member: Member) -> int:
    """Ask for every job of a submission to end. How many had not ended before."""
    member.must("stop")
    # The last steps first, so that none is released by a parent's end while its own turn comes.
    return _stop_each(submission, list(submission.jobs.select_related("account").order_by("-position")), member)


def _stop_each(what: Job | Submission, jobs: list[Job], member: Member) -> int:
    """Stop the jobs of what someone wants to end."""
    stopped = []
    with transaction.atomic():
        asked_for = {job.submission_id for job in jobs if job.delivery == Delivery.AWAITING}
        if asked_for:
            # As whoever decides on a request does, so that the two take their turns.
            Team.objects.select_for_update().get(pk=member.team.pk)
        for job in jobs:
            was = job.status
            if job.stop_requested_at is not None or was.final:
                continue
            # Twice: a delivery may put it back between the two.
            if any(_withdraw(job, member) or _ask(job, member) for _ in range(2)):
                stopped.append({"job": job.text_id, "name": job.name, "status": was.name})
        _close(asked_for, member)
        for account in {job.account_id for job in jobs}:
            ring("stop", account, bell="ask")
        if stopped:
            audit.record("stop", person=member.user, team=member.team, about=what, before={"going": stopped})
    return len(stopped)


def _close(submissions: Iterable[int], member: Member) -> None:
    """Requests of which nothing is left need nobody's word any more."""
    left = Job.objects.filter(submission=OuterRef("submission"), delivery=Delivery.AWAITING)
    Approval.objects.waiting().filter(~Exists(left), submission__in=submissions).update(
        decision=Decision.WITHDRAWN, decided_by=member.user, decided_at=now()
    )


def _withdraw(job: Job, member: Member) -> bool:
    """A job that waits for its delivery, in a worker's hands or not, or for approval, is simply not sent."""
    asked = {"stop_requested_at": now(), "stop_requested_by": member.user}
    unsent = Job.objects.filter(pk=job.pk, delivery__in=[Delivery.AWAITING, Delivery.ACCEPTED, Delivery.HELD])
    note = f"Stopped by {member.user.display_name} before it was sent."
    gone = unsent.update(delivery=Delivery.WITHDRAWN, delivery_note=note, lease_until=None, ended_at=now(), **asked)
    if gone:
        StateChange.objects.create(job=job, delivery=Delivery.WITHDRAWN, note=note, source="person")
    return bool(gone)


def _ask(job: Job, member: Member) -> bool:
    """With AWS, or perhaps: write the wish down, so that it is told to AWS until the end is seen."""
    on_its_way = Job.objects.filter(pk=job.pk, delivery__in=[Delivery.SENDING, Delivery.SENT])
    asked = on_its_way.filter(stop_requested_at=None, ended_at=None).update(
        stop_requested_at=now(),
        stop_requested_by=member.user,
        stop_reason=f"Stopped in the portal by {member.user.username}.",
    )
    return bool(asked)
