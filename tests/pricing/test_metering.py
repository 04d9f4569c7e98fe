from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from jobs import periodic, tasks
from jobs.aws.batch import Observation
from jobs.aws.errors import AwsError, RetryableError
from jobs.models import CostLine, CostTotal, Job, JobCount, JobTask, Rate, Submission, Team
from jobs.pricing import exact_sum, metering
from jobs.states import Delivery, State
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

START = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _rates():
    Rate.objects.all().delete()
    for resource, usd in (("vcpu", "0.04"), ("memory", "0.01")):
        Rate.objects.create(
            platform="FARGATE", resource=resource, usd_per_hour=Decimal(usd), valid_from=date(2020, 1, 1)
        )


def attempt_record(start: datetime, seconds: float, exit_code: int = 0) -> dict[str, Any]:
    """An attempt as `sync.apply` keeps it."""
    return {
        "started_at": start.isoformat(),
        "stopped_at": (start + timedelta(seconds=seconds)).isoformat(),
        "exit_code": exit_code,
        "reason": "",
        "status_reason": "",
        "log_stream": "",
    }


def ended_job(state: str = State.SUCCEEDED, **fields: Any) -> Job:
    """A Fargate job of 1 vCPU and 1 GiB, at its end: five cents an hour."""
    size = {"platform": "FARGATE", "vcpus": Decimal(1), "memory_mib": 1024}
    return make.job(fields.pop("of", None), state=state, ended_at=now(), **{**size, **fields})


def test_each_attempt_becomes_a_line_on_the_day_it_ended():
    late = START + timedelta(minutes=30)
    job = ended_job(attempts=[attempt_record(START, 600, 1), attempt_record(late, 3600)])

    metering.charge(job)

    lines = list(job.cost_lines.order_by("attempt"))
    assert [(line.day.isoformat(), line.succeeded, int(line.billed_seconds)) for line in lines] == [
        ("2026-11-03", False, 600),
        ("2026-11-04", True, 3600),
    ]
    assert [line.usd for line in lines] == [Decimal("0.0083333334"), Decimal("0.05")]
    assert lines[1].receipt["shares"][0] == {
        "resource": "vcpu",
        "amount": "1",
        "usd_per_hour": "0.04",
        "valid_from": "2020-01-01",
        "source": "",
        "usd": "0.0400000000",
    }


@pytest.mark.parametrize(
    ("time_zone", "days"),
    [
        ("UTC", ["2026-11-03", "2026-11-04"]),
        ("Asia/Tokyo", ["2026-11-04", "2026-11-04"]),
        ("America/Los_Angeles", ["2026-11-03", "2026-11-03"]),
    ],
)
def test_an_attempt_counts_on_the_day_on_which_it_ended_in_the_teams_time_zone(time_zone, days):
    job = ended_job(attempts=[attempt_record(START, 600, 1), attempt_record(START, 3660)])
    Team.objects.update(time_zone=time_zone)
    metering.charge(Job.objects.get(pk=job.pk))

    assert [str(line.day) for line in job.cost_lines.order_by("attempt")] == days
    assert list(
        CostTotal.objects.filter(group__kind="", period="D").order_by("start").values_list("start", flat=True)
    ) == sorted({date.fromisoformat(day) for day in days})


def test_a_line_copies_whatever_costs_are_grouped_by():
    job = ended_job(attempts=[attempt_record(START, 60)])
    metering.charge(job)

    line = job.cost_lines.get()
    assert (line.team, line.account, line.queue) == (job.team, job.account, job.queue)
    assert (line.definition, line.person) == (job.revision.definition, job.submission.person)


def test_charging_again_changes_nothing():
    job = ended_job(attempts=[attempt_record(START, 60)])
    metering.charge(job)
    metering.charge(job)
    metering.charge(Job.objects.get(pk=job.pk))

    assert job.cost_lines.count() == 1


def test_jobs_are_charged_together_and_each_once(django_assert_num_queries, monkeypatch):
    first = ended_job(attempts=[attempt_record(START, 60)])
    for _ in range(9):
        ended_job(of=first.submission, attempts=[attempt_record(START, 60), attempt_record(START, 120)])
    original = metering.build_cost_lines

    def charge_meanwhile(job: Job, *rest: Any) -> list[CostLine]:
        if job == first:
            monkeypatch.setattr(metering, "build_cost_lines", original)
            metering.charge(Job.objects.get(pk=first.pk))
        return original(job, *rest)

    monkeypatch.setattr(metering, "build_cost_lines", charge_meanwhile)
    metering.charge_due(first.account)
    assert [job.cost_lines.count() for job in Job.objects.order_by("pk")] == [1] + [2] * 9
    assert not Job.objects.filter(charged_at=None).exists()
    assert JobCount.objects.get().number == 10

    Job.objects.update(charged_at=None)
    CostLine.objects.all().delete()
    with django_assert_num_queries(13):  # rates, jobs, arrays; in a savepoint: rows, jobs, lines, count; 4 of totals
        metering.charge_due(first.account)


def test_a_job_that_still_runs_is_not_charged():
    job = make.job(state=State.RUNNING, attempts=[attempt_record(START, 60)])
    metering.charge(job)

    assert not CostLine.objects.exists()
    assert Job.objects.get().charged_at is None


@pytest.mark.parametrize(
    "fields",
    [
        {"delivery": Delivery.REFUSED},
        {"delivery": Delivery.WITHDRAWN},
        {"state": State.LOST, "attempts": [attempt_record(START, 60)]},
        {"state": State.FAILED},
    ],
)
def test_what_never_ran_or_was_lost_is_settled_without_a_line(fields):
    job = make.job(ended_at=now(), **fields)
    metering.charge(job)

    assert not CostLine.objects.exists()
    assert Job.objects.get().charged_at is not None


def test_a_job_without_attempts_of_its_own_is_charged_by_its_times():
    job = ended_job(started_at=START, stopped_at=START + timedelta(hours=1))
    metering.charge(job)

    assert job.cost_lines.get().usd == Decimal("0.05")


def child(number: int, seconds: float, status: str = "SUCCEEDED", tries: int = 1) -> dict[str, Any]:
    began = int(START.timestamp() * 1000)
    attempts = [{"startedAt": began, "stoppedAt": began + int(seconds * 1000), "container": {}} for _ in range(tries)]
    return {"jobId": f"a-1:{number}", "jobName": "x", "status": status, "attempts": attempts}


def test_the_tasks_of_attempts_are_known_afterwards_also_those_of_children():
    plain = ended_job(attempts=[{**attempt_record(START, 60), "task_arn": f"arn:plain-{each}"} for each in "12"])
    children = [child(number, 30) for number in range(2)]
    for number, entry in enumerate(children):
        entry["attempts"][0]["container"] = {"taskArn": f"arn:child-{number}"}
    with http_wire.wire(http_wire.reply(200, {"jobs": children})) as aws:
        array = ended_job(of=make.submission(where=make.account(endpoint_url=aws.url)), batch_id="a-1", array_size=2)
        for job in (plain, array):
            metering.charge(job)

    arns = ["arn:plain-1", "arn:plain-2", "arn:child-0", "arn:child-1", "arn:other"]
    jobs = {arn: job for arn, (job, _) in JobTask.objects.jobs_by_arn(arns).items()}
    assert jobs == dict(zip(arns[:4], [plain.pk, plain.pk, array.pk, array.pk], strict=True))


def test_the_children_of_an_array_are_asked_for_a_hundred_at_a_time_and_share_two_lines():
    first = [child(number, 30) for number in range(100)]
    rest = [child(100, 120), child(101, 600, "FAILED", tries=2)]
    with http_wire.wire(http_wire.reply(200, {"jobs": first}), http_wire.reply(200, {"jobs": rest})) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        job = ended_job(of=submission, batch_id="a-1", array_size=102, state=State.FAILED)
        job.accepted_at = START - timedelta(minutes=1)
        metering.charge(job)

    assert [len(request["jobs"]) for _, request in aws.requests] == [100, 2]
    good, bad = job.cost_lines.order_by("attempt")
    assert (good.succeeded, good.runs, int(good.billed_seconds)) == (True, 101, 100 * 60 + 120)
    assert (bad.succeeded, bad.runs, int(bad.billed_seconds)) == (False, 2, 1200)
    assert good.usd == Decimal("0.085")  # 6120 s at five cents an hour
    job.refresh_from_db()
    assert (job.started_at, job.stopped_at) == (START, START + timedelta(seconds=600))
    assert (job.run_ms, job.wait_ms) == (600_000, 60_000)
    assert job.usd_units == exact_sum.units(good.usd + bad.usd)


def test_an_array_waits_for_aws_and_the_jobs_beside_it_do_not():
    with http_wire.wire(http_wire.refuses) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        array = ended_job(of=submission, batch_id="a-1", array_size=3)
        plain = ended_job(of=submission, attempts=[attempt_record(START, 60)])
        with pytest.raises(AwsError):
            metering.charge(array)
        tasks.charge(submission.account.pk)

    assert Job.objects.get(pk=array.pk).charged_at is None
    assert plain.cost_lines.count() == 1


@pytest.fixture
def array_children(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Job]:
    """Make arrays of two children, each of which ran for a minute, or of which AWS says what is given."""
    answers: dict[int, Exception | None] = {}

    def describe(job: Job, size: int) -> list[Observation]:
        if error := answers[job.pk]:
            raise error
        end = START + timedelta(seconds=60)
        return [Observation(f"a:{each}", "SUCCEEDED", started_at=START, stopped_at=end) for each in range(size)]

    def make_array(of: Submission, error: Exception | None = None) -> Job:
        array = ended_job(of=of, batch_id=f"a-{len(answers)}", array_size=2)
        answers[array.pk] = error
        return array

    monkeypatch.setattr(metering, "_describe_children", describe)
    return make_array


def charged_jobs(arrays: Iterable[Job]) -> list[bool]:
    return [Job.objects.get(pk=array.pk).charged_at is not None for array in arrays]


def test_arrays_are_charged_together_with_as_many_statements_as_one(array_children):
    submission = make.submission()
    counts = []
    for number in (1, 1, 5):  # the first also makes the rows of totals
        arrays = [array_children(submission) for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            metering.charge_due(submission.account)
        counts.append(len(queries))
        assert charged_jobs(arrays) == [True] * number

    assert counts[2] == counts[1]
    assert CostLine.objects.count() == 7
    call_command("rebuild_costs", check=True)


@pytest.mark.parametrize(
    ("error", "charged"),
    [
        (AwsError("Unknown job.", code="ClientException"), [True, False, True]),
        (RetryableError("No answer."), [True, False, False]),
        (ValueError("A bug."), [True, False, False]),
    ],
)
def test_what_was_read_before_an_array_that_fails_is_charged(array_children, error, charged):
    submission = make.submission()
    arrays = [array_children(submission, error if number == 1 else None) for number in range(3)]

    with suppress(ValueError):
        metering.charge_due(submission.account)

    assert charged_jobs(arrays) == charged


def test_arrays_with_many_tasks_are_not_written_in_one_transaction(array_children, monkeypatch):
    submission = make.submission()
    arrays = [array_children(submission) for _ in range(2)]
    monkeypatch.setattr(metering, "_tasks", lambda attempts: [f"arn:{id(attempts)}-{each}" for each in range(3)])
    monkeypatch.setattr(metering, "TASKS_PER_COMMIT", 3)

    with CaptureQueriesContext(connection) as queries:
        metering.charge_due(submission.account)
    assert charged_jobs(arrays) == [True, True]
    assert len([query for query in queries if 'INSERT INTO "jobs_costline"' in query["sql"]]) == 2


@pytest.mark.parametrize(("minutes", "lines"), [(0, 0), (10, 1)])
def test_children_that_aws_leaves_out_are_waited_for_a_while(minutes, lines):
    with http_wire.wire(http_wire.reply(200, {"jobs": [child(0, 60)]})) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        job = ended_job(of=submission, batch_id="a-1", array_size=2)
        Job.objects.update(ended_at=now() - timedelta(minutes=minutes))
        metering.charge(Job.objects.get())

    assert job.cost_lines.count() == lines
    assert all("no longer had 1 of its 2 children" in str(line.receipt["reasons"]) for line in job.cost_lines.all())


@pytest.mark.long
def test_the_clock_rings_for_what_has_ended_and_is_not_charged(enqueued, django_capture_on_commit_callbacks):
    job = ended_job(attempts=[attempt_record(START, 60)])
    with django_capture_on_commit_callbacks(execute=True):
        periodic.run_due_tasks(periodic.periodic_tasks(), 0)
    assert enqueued.count("charge") == 1

    tasks.charge(job.account.pk)
    with django_capture_on_commit_callbacks(execute=True):
        periodic.run_due_tasks(periodic.periodic_tasks(), 0)
    assert enqueued.count("charge") == 1


def test_sums_are_exact_where_floats_would_not_be():
    job = ended_job()
    amounts = [Decimal("0.1"), Decimal("0.2"), Decimal("98765.0000000001"), Decimal("0.0000000003")] * 25
    like = {"team": job.team, "account": job.account, "queue": job.queue, "definition": job.revision.definition}
    CostLine.objects.bulk_create(
        CostLine(
            job=job,
            attempt=number,
            day=START.date(),
            person=job.submission.person,
            succeeded=True,
            billed_seconds=1,
            usd=usd,
            **like,
        )
        for number, usd in enumerate(amounts)
    )

    assert exact_sum.usd(CostLine.objects.aggregate(units=exact_sum.units_of("usd"))["units"]) == sum(amounts)
