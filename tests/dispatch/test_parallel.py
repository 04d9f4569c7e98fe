"""Several threads deliver at once, each with a connection of its own, on a database that all of them see."""

import itertools
import threading
from http.server import BaseHTTPRequestHandler

import pytest
from django.conf import settings
from django.db import connection, transaction

from jobs.dispatch import submit_request
from jobs.dispatch.delivery import deliver_due
from jobs.models import Job, JobDependency
from tests import http_wire, make
from tests.eventually import eventually

in_memory = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(in_memory, reason="threads do not share a database in memory; test_processes has a file"),
]


def connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


class Crowd:
    """An answer that counts how many wait for it at the same time."""

    def __init__(self, seconds: float) -> None:
        self.answer = http_wire.accept_each(seconds)
        self.lock = threading.Lock()
        self.here = self.most = 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.here += 1
            self.most = max(self.most, self.here)
        self.answer(handler)
        with self.lock:
            self.here -= 1


def test_independent_jobs_go_side_by_side_and_each_once():
    crowd = Crowd(0.3)
    with http_wire.wire(crowd) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url, submits_per_second=500))
        for _ in range(16):
            make.job(submission)
        assert deliver_due(submission.account, threads=8) == 16

    assert crowd.most > 3
    assert len({request["jobName"] for _, request in aws.requests}) == len(aws.requests) == 16
    assert Job.objects.filter(delivery="SENT").count() == 16


def test_a_step_never_leaves_before_its_parents_have_ids():
    with http_wire.wire(http_wire.accept_each(0.05)) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url, submits_per_second=500))
        layers = [[make.job(submission, name=f"l{depth}") for _ in range(4)] for depth in range(3)]
        for above, below in itertools.pairwise(layers):
            JobDependency.objects.bulk_create(JobDependency(job=j, parent=p) for p in above for j in below)
        deliver_due(submission.account, threads=8)

    names = [request["jobName"][:2] for _, request in aws.requests]
    assert names == sorted(names)
    assert [len(request.get("dependsOn", [])) for _, request in aws.requests] == [0] * 4 + [4] * 8


def test_no_connection_outlives_the_delivery():
    before = connections()
    with http_wire.wire(http_wire.accept_each()) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url, submits_per_second=500))
        for _ in range(8):
            make.job(submission)
        deliver_due(submission.account, threads=8)

    eventually(lambda: connections() == before)  # the server takes a moment to see that they went


def test_one_job_that_breaks_a_delivery_leaves_the_others_alone(monkeypatch):
    def fail_if_bad(job):
        if job.name == "bad":
            raise RuntimeError("nobody thought of this")
        return original(job)

    original = submit_request.submit_request
    monkeypatch.setattr("jobs.dispatch.delivery.submit_request", fail_if_bad)
    with http_wire.wire(http_wire.accept_each()) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        bad = make.job(submission, name="bad")
        good = make.job(submission, name="good")
        deliver_due(submission.account, threads=4)

    assert Job.objects.get(pk=good.pk).delivery == "SENT"
    assert Job.objects.get(pk=bad.pk).lease_until is not None  # as if its worker had died


def test_several_rows_are_locked_last_ones_first():
    first, last = make.job(), make.job()
    updated: list[int] = []

    def update() -> None:
        updated.append(Job.objects.filter(pk__in=[first.pk, last.pk]).update_in_order(delivery_note="new"))
        connection.close()

    other = threading.Thread(target=update)
    with transaction.atomic():
        Job.objects.select_for_update().get(pk=last.pk)
        other.start()
        eventually(a_lock_is_awaited)
        assert Job.objects.select_for_update(nowait=True).get(pk=first.pk) == first
    other.join()

    assert updated == [2]
    assert set(Job.objects.values_list("delivery_note", flat=True)) == {"new"}


def a_lock_is_awaited() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None
