"""After a backup was restored nothing is sent until the portal knows again what AWS has."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.utils.timezone import now

from jobs.dispatch.delivery import deliver_due
from jobs.models import AccountStatus, DatabaseGeneration, Discrepancy, DiscrepancyKind, Job, Queue
from jobs.models.database_generation import enter_recovery, finish_recovery, recovering_since, rotate
from jobs.states import Delivery
from jobs.sync.compare import compare_queues
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def rotate_later() -> None:
    """Time for the next name."""
    DatabaseGeneration.objects.update(rotated_at=now() - timedelta(minutes=1))
    rotate()


def test_a_new_portal_and_one_that_goes_on_hold_nothing_back():
    rotate()
    for _ in range(3):
        rotate_later()

    assert recovering_since() is None


def test_a_restored_backup_is_noticed():
    rotate()
    rotate_later()
    backup = DatabaseGeneration.objects.get()
    rotate_later()
    rotate_later()
    backup.save()
    rotate_later()

    assert recovering_since() is not None


def test_a_worker_notices_it_before_the_clock_does():
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        rotate()
        Path(settings.INCARNATION_FILE).write_text("of another life")
        deliver_due(job.account)

    assert aws.requests == []
    assert recovering_since() is not None


def test_a_crash_between_the_row_and_the_file_is_no_restore():
    rotate()
    before = Path(settings.INCARNATION_FILE).read_text()
    rotate_later()
    Path(settings.INCARNATION_FILE).write_text(before)
    rotate_later()

    assert recovering_since() is None


def test_a_missing_file_is_taken_for_a_restore_on_another_machine():
    rotate()
    Path(settings.INCARNATION_FILE).unlink()
    rotate_later()

    assert recovering_since() is not None


def test_an_empty_database_beside_a_file_is_held_back():
    Path(settings.INCARNATION_FILE).write_text("of another life")
    rotate()

    assert recovering_since() is not None


def test_a_recovery_that_begins_while_another_ends_goes_on(monkeypatch):
    enter_recovery("a test")
    since = recovering_since()
    DatabaseGeneration.objects.update(recovering_since=now() + timedelta(minutes=1))
    monkeypatch.setattr("jobs.models.database_generation.recovering_since", lambda: since)

    assert not finish_recovery()
    assert DatabaseGeneration.objects.get().recovering_since is not None


@pytest.mark.parametrize(
    ("queue", "where", "ends"),
    [
        ({"compared_at": None}, {}, False),
        ({"compared_at": now() - timedelta(hours=1)}, {}, False),
        ({"removed_at": now()}, {}, True),
        ({}, {"active": False}, True),
    ],
    ids=["never compared", "compared before", "gone", "of an account that is not used"],
)
def test_recovery_lasts_until_every_queue_that_is_used_was_compared(queue, where, ends):
    make.queue(of=make.account(**where), **queue)
    enter_recovery("a test")
    DatabaseGeneration.objects.update(recovering_since=now() - timedelta(minutes=30))

    assert finish_recovery() is ends


def test_a_queue_that_was_compared_too_early_is_compared_again_as_soon_as_it_is_safe():
    with http_wire.wire(http_wire.lists()) as aws:
        queue = make.queue(of=make.account(endpoint_url=aws.url), compared_at=now() - timedelta(seconds=40))
        enter_recovery("a test")
        DatabaseGeneration.objects.update(recovering_since=now() - timedelta(seconds=60))  # it is safe since 30 s

        assert compare_queues(queue.account) == 1
    assert recovering_since() is None


def test_where_no_file_can_be_kept_nothing_is_held_back(settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.INCARNATION_FILE = tmp_path / "file" / "incarnation"
    rotate()
    rotate_later()

    assert recovering_since() is None


@pytest.mark.long
def test_nothing_is_sent_until_every_queue_was_compared_when_no_old_request_can_still_arrive():
    with http_wire.wire(http_wire.lists()) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        second = make.queue(of=job.account)
        enter_recovery("a test")
        assert deliver_due(job.account) == 0
        compare_queues(job.account)  # too early: a request of the former life may still be under way
        assert deliver_due(job.account) == 0

        DatabaseGeneration.objects.update(
            recovering_since=now() - timedelta(seconds=job.account.quarantine_seconds + 1)
        )
        Queue.objects.filter(pk=second.pk).update(removed_at=None, compared_at=None)
        assert deliver_due(job.account) == 0
        compare_queues(job.account, every=timedelta(hours=1))
        assert recovering_since() is None

        aws.answers[:] = [http_wire.accepts]
        assert deliver_due(job.account) == 1


def test_the_comparison_in_recovery_is_of_all_that_aws_still_knows():
    with http_wire.wire(http_wire.lists()) as aws:
        queue = make.queue(of=make.account(endpoint_url=aws.url), compared_at=now() - timedelta(minutes=6))
        enter_recovery("a test")
        compare_queues(queue.account)

    [(_, request)] = aws.requests
    assert int(request["filters"][0]["values"][0]) / 1000 < (now() - timedelta(days=7)).timestamp()


def test_an_account_that_was_compared_does_not_wait_for_another():
    with http_wire.wire(http_wire.lists()) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        make.queue(of=make.account())
        enter_recovery("a test")
        DatabaseGeneration.objects.update(recovering_since=now() - timedelta(hours=1))
        compare_queues(job.account)
        aws.answers[:] = [http_wire.accepts]
        assert deliver_due(job.account) == 1

    assert recovering_since() is not None
    assert not finish_recovery()


@pytest.mark.parametrize("skew", [-61.0, 61.0])
def test_with_a_clock_that_is_a_minute_wrong_nothing_is_sent(skew):
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url, status={"clock_skew_seconds": skew})))
        assert deliver_due(job.account) == 0
        AccountStatus.objects.update(clock_skew_seconds=59.0)
        assert deliver_due(job.account) == 1


def reconcile_output(*options: str) -> str:
    out = StringIO()
    call_command("reconcile", *options, stdout=out)
    return out.getvalue()


def test_the_report_has_every_figure():
    with time_machine.travel("2026-01-01 10:00Z", tick=False):
        job = make.job(make.submission(where=make.account(status={"throttles": 3, "clock_skew_seconds": 1.25})))
        make.job(job.submission, delivery=Delivery.HELD)
        text = reconcile_output("--report")

    for name in [
        "ready to send",
        "sending",
        "held",
        "lost",
        "duplicates (total)",
        "orphans (total)",
        "last poll",
        "throttled calls (total)",
        "skew",
        "queue ",
    ]:
        assert name in text
    assert "+1.2 s" in text
    assert "1, oldest 0 s" in text


def test_the_report_says_which_jobs_were_twice_in_aws():
    job = make.job(batch_id="kept")
    note = "AWS has a second job surplus. It was terminated."
    Discrepancy.objects.create(
        kind=DiscrepancyKind.DUPLICATE, batch_id="surplus", account=job.account, job=job, note=note
    )

    assert re.search(r"  duplicate: +surplus, \d+ s ago: AWS has a second job", reconcile_output("--report"))


def test_the_command_compares_at_once_and_enters_recovery_when_told():
    with http_wire.wire(http_wire.lists()) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        assert "deliveries settled: 0, queues compared: 1" in reconcile_output()
        assert "RECOVERY" in reconcile_output("--enter-recovery")
        assert deliver_due(job.account) == 0
    assert Job.objects.get().delivery == Delivery.ACCEPTED
