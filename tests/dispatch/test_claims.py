"""What a worker believes of a job it took was true when it took it."""

import pytest
from django.db import connection

from jobs.aws.session import Purpose, client_for
from jobs.dispatch.book import Book
from jobs.dispatch.delivery import send
from jobs.dispatch.taking import take
from jobs.models import Job
from jobs.policy.grants import Grants
from jobs.states import Delivery
from tests import make, wire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def questions():
    """For each statement that names the jobs' table: its first word, and whether a transaction was open."""
    heard: list[tuple[str, bool]] = []

    def listen(execute, sql, params, many, context):
        if '"jobs_job"' in sql:
            heard.append((sql.split()[0], connection.in_atomic_block))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        yield heard


def test_a_claimed_job_is_read_back_before_anyone_else_can_take_it(questions):
    job = make.job()
    questions.clear()

    assert job.claim()
    taken_alone = list(questions)
    Job.objects.update(lease_until=None)
    questions.clear()
    assert take(job.account, 5) == [job]

    after_the_update = questions[[word for word, _ in questions].index("UPDATE") :]
    assert all(inside for _, inside in taken_alone)
    assert len(after_the_update) > 1
    assert all(inside for _, inside in after_the_update)


def test_a_copy_that_shows_somebody_elses_turn_is_not_sent():
    with wire.wire(wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)), delivery=Delivery.SENDING, epoch=2)
        send(job, client_for(job.account, "batch", Purpose.SUBMIT), Grants.of(job.team), Book())

    assert aws.requests == []
    assert Job.objects.get(pk=job.pk).delivery == Delivery.SENDING
