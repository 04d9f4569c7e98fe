"""Stop and release of jobs."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.actions.approval import StaleApprovalError, withdraw
from jobs.dispatch.stop_request import lock_stoppable, request_stop, withdraw_unsent
from jobs.models import Approval, Decision, Job, Submission, Team
from jobs.states import Delivery
from jobs.task_queue import enqueue_on_commit


def stop(job: Job, member: Member) -> bool:
    """Stop a job and the steps of its workflow that can't run without it.

    False if it has ended or is stopping already: nothing else is stopped then.
    """
    member.require("stop")
    dependents, _ = Job.objects.stopped_with(job)
    jobs = Job.objects.filter(pk__in=[job.pk, *(dependent.pk for dependent in dependents)])
    return _stop_jobs(job, jobs, member, first=job) > 0


def stop_all(submission: Submission, member: Member) -> int:
    """Stop its jobs, and withdraw a request for some to run again. Return the number of jobs."""
    member.require("stop")
    for request in Approval.objects.waiting().filter(submission=submission, rerun__isnull=False):
        with suppress(StaleApprovalError):  # decided meanwhile: its jobs are stopped with the others
            withdraw(request, member)
    return _stop_jobs(submission, Job.objects.filter(submission=submission), member)


def _stop_jobs(stop_target: Job | Submission, jobs: QuerySet[Job], member: Member, first: Job | None = None) -> int:
    """Say in the notes of the others that they depend on `first`; if it can't be stopped, they aren't either."""
    with transaction.atomic():
        awaiting_submissions = set(
            jobs.filter(delivery=Delivery.AWAITING).order_by().values_list("submission", flat=True)
        )
        if awaiting_submissions:
            # As decisions on an approval do, so that the two are serialized.
            Team.objects.select_for_update().get(pk=member.team.pk)
        stoppable = lock_stoppable(jobs)
        if first is not None and first not in stoppable:
            return 0
        _withdraw(jobs, stoppable, member, first)
        request_stop(jobs, f"Stopped in the portal by {member.user.username}.", user=member.user)
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


def _withdraw(jobs: QuerySet[Job], stoppable: Sequence[Job], member: Member, first: Job | None) -> None:
    name = member.user.display_name
    if first is None:
        withdraw_unsent(jobs, stoppable, f"Withdrawn by {name}.", user=member.user, source="person")
        return
    first_rows = [job for job in stoppable if job.pk == first.pk]
    others = [job for job in stoppable if job.pk != first.pk]
    reason = f"Withdrawn because {name} stopped {first.name}."
    withdraw_unsent(jobs.filter(pk=first.pk), first_rows, f"Withdrawn by {name}.", user=member.user, source="person")
    withdraw_unsent(jobs.exclude(pk=first.pk), others, reason, user=member.user, source="person")


def _withdraw_approvals(submissions: Iterable[int], member: Member) -> None:
    awaiting_jobs = Job.objects.filter(submission=OuterRef("submission"), delivery=Delivery.AWAITING)
    Approval.objects.waiting().filter(~Exists(awaiting_jobs), submission__in=submissions).update(
        decision=Decision.WITHDRAWN, decided_by=member.user, decided_at=now()
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
