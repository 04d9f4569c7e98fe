"""What a delivery writes down of several jobs at once is what it would have written of each."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.aws.batch import SubmittedJob
from jobs.dispatch import delivery_log
from jobs.dispatch.delivery_log import Acceptance, DeliveryLog
from jobs.models import DeliveryAttempt, Job
from jobs.states import Delivery
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def lease_fields() -> dict[str, Any]:
    return {"epoch": 1, "lease_until": now() + timedelta(minutes=5)}


def acceptance_of(job: Job, batch_id: str) -> Acceptance:
    intent = DeliveryAttempt.objects.create(job=job, epoch=job.epoch, marked_at=now())
    return Acceptance(job, intent, SubmittedJob(batch_id, f"request-{batch_id}"))


def test_intents_and_answers_of_several_jobs_are_written_together(django_assert_num_queries):
    submission = make.submission()
    going = [make.job(submission, **lease_fields()) for _ in range(5)]
    told = [
        acceptance_of(make.job(submission, delivery=Delivery.SENDING, **lease_fields()), f"j-{number}")
        for number in range(5)
    ]
    with django_assert_num_queries(9):  # as many as for one of each
        written = delivery_log._write_entries([*going, *told])

    assert [intent.job_id for intent in written[:5]] == [job.pk for job in going]
    assert written[5:] == [True] * 5
    assert {job.delivery for job in Job.objects.filter(pk__in=[job.pk for job in going])} == {Delivery.SENDING}
    sent = Job.objects.filter(delivery=Delivery.SENT).order_by("pk")
    assert list(sent.values_list("batch_id", flat=True)) == [f"j-{number}" for number in range(5)]
    assert [job.deliveries.get().request_id for job in sent] == [f"request-j-{number}" for number in range(5)]
    assert {job.history.get().state for job in sent} == {"SUBMITTED"}


def test_each_is_asked_for_itself_whether_it_is_still_so():
    submission = make.submission()
    fine, stopped, lapsed, given_back, taken, sent = (make.job(submission, **lease_fields()) for _ in range(6))
    Job.objects.filter(pk=stopped.pk).update(stop_requested_at=now())
    Job.objects.filter(pk=lapsed.pk).update(lease_until=now() - timedelta(seconds=1))
    Job.objects.filter(pk=given_back.pk).update(lease_until=None)
    Job.objects.filter(pk=taken.pk).update(epoch=2)
    Job.objects.filter(pk=sent.pk).update(delivery=Delivery.SENDING)
    answered, known, retaken = (make.job(submission, delivery=Delivery.SENDING, **lease_fields()) for _ in range(3))
    told = [acceptance_of(job, f"j-{job.pk}") for job in (answered, known, retaken)]
    known.adopt("j-known", source="reconcile")
    Job.objects.filter(pk=retaken.pk).update(epoch=2)
    written = delivery_log._write_entries([fine, stopped, lapsed, given_back, taken, sent, *told])

    assert [bool(each) for each in written] == [True, *[False] * 5, True, False, False]
    assert Job.objects.get(pk=known.pk).batch_id == "j-known"
    assert Job.objects.get(pk=retaken.pk).batch_id is None


def test_an_intent_begins_the_lease_and_the_quarantine_anew():
    job = make.job(epoch=1, lease_until=now() + timedelta(seconds=1), sent_at=now() - timedelta(hours=1))
    assert DeliveryLog().record_intent(job)
    job.refresh_from_db()

    assert job.lease_until > now() + timedelta(seconds=30)
    assert now() - job.sent_at < timedelta(seconds=30)
