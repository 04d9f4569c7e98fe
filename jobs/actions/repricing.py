"""Correction of past costs in two steps: a preview, which changes nothing, and its application.

Both begin at once. What takes longer continues in a worker, batch by batch: the corrections of a batch and how far it
has come are committed together, so that none is made or counted twice.
"""

import time
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils.timezone import now

from jobs.actions.reprice import RepriceScope, reprice_batch
from jobs.audit import audit_context, get_context
from jobs.models import LeaseKeeper, Repricing, User
from jobs.models.ids import new_id, to_text
from jobs.pricing.corrections import RepriceResult
from jobs.pricing.rates import Rates, read_rates
from jobs.task_queue import enqueue_on_commit

REQUEST_SECONDS = 2.0
"""How long a page works on it before a worker goes on."""
PASS_SECONDS = 20.0
LEASE_DURATION = timedelta(seconds=60)


def start_repricing(repricing: Repricing, person: User) -> None:
    """Store a new one and begin its preview, once the transaction is committed."""
    context = get_context()
    repricing.person, repricing.channel, repricing.address = person, context.channel, context.address
    repricing.due_at = now()
    repricing.save(force_insert=True)
    transaction.on_commit(partial(run_repricing, repricing.pk, REQUEST_SECONDS))


def apply_repricing(repricing: Repricing, person: User) -> bool:
    """Begin to add the corrections. Return False if it has no preview yet, or was applied before."""
    context, time_now = get_context(), now()
    previewed = Repricing.objects.filter(pk=repricing.pk, applied_at=None).exclude(previewed_at=None)
    is_first = previewed.update(
        person=person,
        channel=context.channel,
        address=context.address,
        applied_at=time_now,
        due_at=time_now,
        newest_job=None,
    )
    if is_first:
        transaction.on_commit(partial(run_repricing, repricing.pk, REQUEST_SECONDS))
    return bool(is_first)


def run_repricing(pk: int, seconds: float = PASS_SECONDS) -> None:
    """Work on it for about so long, unless another does, and let a worker go on if that wasn't enough."""
    repricing = Repricing.objects.get(pk=pk)
    with audit_context(repricing.channel, repricing.address):
        _work(pk, seconds)


def _work(pk: int, seconds: float) -> None:
    lease = LeaseKeeper(f"repricing {pk}", to_text(new_id()), LEASE_DURATION)
    if not lease.keep():
        return
    try:
        rates, stop_at = read_rates(), time.monotonic() + seconds
        while lease.keep() and _work_on_batch(pk, rates):
            if time.monotonic() > stop_at:
                enqueue_on_commit("run_repricing", pk, queue="background")
                return
    finally:
        lease.release()


def _work_on_batch(pk: int, rates: Rates) -> bool:
    """Return whether there is more to do."""
    with transaction.atomic():
        repricing = Repricing.objects.select_for_update(of=("self",)).select_related("person", "team").get(pk=pk)
        if repricing.due_at is None:
            return False
        is_trial = repricing.applied_at is None
        result = RepriceResult.from_json(repricing.preview if is_trial else repricing.result)
        scope = RepriceScope(
            repricing.first, repricing.last, repricing.team, repricing.why, repricing.person, is_trial=is_trial
        )
        next_key = reprice_batch(scope, rates, repricing.newest_job, result)
        if next_key is None:
            repricing.due_at = None
            setattr(repricing, "previewed_at" if is_trial else "ended_at", now())
        else:
            repricing.newest_job = next_key
        setattr(repricing, "preview" if is_trial else "result", result.to_json())
        repricing.save()
    return next_key is not None
