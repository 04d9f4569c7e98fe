import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.actions.poll_hint import hint_poll
from jobs.aws import batch
from jobs.aws.errors import ThrottledError
from jobs.models import Account, AccountStatus, Job
from jobs.states import State
from jobs.sync.events import EventConsumer
from jobs.sync.poll import poll
from tests import http_wire, make
from tests.aws.answering import WRONG, answer_with, json_body
from tests.sync.due import due_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def describe_reply(*jobs: dict[str, Any]) -> http_wire.Answer:
    return http_wire.reply(200, {"jobs": list(jobs)})


def test_an_end_is_copied_whole_at_first_sight():
    ended = {
        "jobId": "j-1",
        "jobName": "x",
        "status": "FAILED",
        "statusReason": "Essential container in task exited",
        "createdAt": 1_700_000_000_000,
        "startedAt": 1_700_000_010_000,
        "stoppedAt": 1_700_000_020_000,
        "container": {
            "exitCode": 3,
            "reason": "OutOfMemoryError",
            "logStreamName": "x/default/1",
            "taskArn": "arn:aws:ecs:us-west-2:123456789012:task/1",
        },
        "attempts": [{"container": {"exitCode": 3, "logStreamName": "x/default/1"}, "stoppedAt": 1_700_000_020_000}],
        "schedulingPriority": 7,
    }
    with http_wire.wire(describe_reply(ended)) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)), batch_id="j-1")
        Job.objects.update(accepted_at=datetime.fromtimestamp(1_700_000_003, tz=UTC))
        assert poll(job.account).changed_job_ids == [job.pk]

    job.refresh_from_db()
    assert (job.state, job.exit_code, job.container_reason) == ("FAILED", 3, "OutOfMemoryError")
    assert (job.stopped_at - job.started_at).total_seconds() == 10
    assert (job.run_ms, job.wait_ms) == (10_000, 7_000)
    assert (job.log_stream, job.task_arn) == ("x/default/1", "arn:aws:ecs:us-west-2:123456789012:task/1")
    assert [(each["exit_code"], each["log_stream"]) for each in job.attempts] == [(3, "x/default/1")]
    assert job.raw == ended  # the container as it ran, too, and what no column asks for
    assert job.ended_at is not None


@pytest.mark.long
def test_a_hundred_jobs_are_one_call_and_what_has_ended_costs_none():
    with http_wire.wire(describe_reply()) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        for _ in range(100):
            make.job(submission, state=State.RUNNING)
        make.job(submission, state=State.SUCCEEDED)
        poll(submission.account)

    assert [len(request["jobs"]) for _, request in aws.requests] == [100]


@pytest.mark.long
def test_a_poll_that_tells_nothing_new_is_one_write_for_all_jobs(django_assert_num_queries):
    told = [{"jobId": f"j-{number}", "jobName": "x", "status": "RUNNING"} for number in range(30)]
    with http_wire.wire(describe_reply(*told)) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        for each in told:
            make.job(submission, batch_id=each["jobId"])
        assert len(poll(submission.account).changed_job_ids) == 30
        Job.objects.update(next_poll_at=None, observed_at=None)
        with django_assert_num_queries(7):  # read, claimed, locked and written in a savepoint, the account
            assert poll(submission.account).changed_job_ids == []

    assert not Job.objects.filter(observed_at=None).exists()
    assert not Job.objects.filter(next_poll_at=None).exists()


def test_a_job_that_aws_does_not_name_yet_is_not_given_up():
    with http_wire.wire(describe_reply()) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)), batch_id="j-1")
        poll(job.account)

    job.refresh_from_db()
    assert job.state == State.SUBMITTED
    assert job.missing_since is not None


def test_a_job_that_aws_has_forgotten_is_lost_and_never_called_failed():
    with http_wire.wire(describe_reply()) as aws:
        job = make.job(
            make.submission(where=make.account(endpoint_url=aws.url)),
            state=State.RUNNING,
            submitted_at=now() - timedelta(hours=2),
            missing_since=now() - timedelta(minutes=6),
        )
        poll(job.account)

    job.refresh_from_db()
    assert job.state == State.LOST
    assert [change.state for change in job.history.all()] == ["LOST"]


def missing_job(**fields: Any) -> Job:
    """A job that would be lost if AWS did not name it once more."""
    fields = {"submitted_at": now() - timedelta(hours=2), "missing_since": now() - timedelta(minutes=6), **fields}
    return make.job(state=State.RUNNING, **fields)


def test_a_description_that_was_cut_has_nobody_called_lost():
    job = missing_job()
    for body in (
        b"",
        b"{}",
        b'{"jobs": [{"jobId"',
        b'{"jobs": null}',
        b'{"jobs": {}}',
        b'{"jobs": ""}',
        b'{"jobs": [5]}',
    ):
        Job.objects.update(next_poll_at=None)
        with answer_with(body):
            poll(job.account)

        job.refresh_from_db()
        assert job.state == State.RUNNING, body
        assert AccountStatus.objects.get().last_error


@pytest.mark.parametrize("odd", [{"status": 5}, {"container": "text"}, {"jobId": None}, {"attempts": "x"}])
def test_a_job_whose_description_cannot_be_read_leaves_the_others_and_is_asked_about_again(odd):
    submission = make.submission()
    good = [make.job(submission, batch_id=f"good-{number}") for number in range(5)]
    spoilt = missing_job(of=submission, batch_id="spoilt")
    answer: dict[str, Any] = {"spoilt": odd}

    def respond(request: Any) -> bytes:
        ids = json_body(request)["jobs"]
        return json.dumps(
            {"jobs": [{"jobId": each, "status": "FAILED", **answer.get(each, {})} for each in ids]}
        ).encode()

    with answer_with(respond):
        poll(submission.account)
        assert {job.state for job in Job.objects.filter(pk__in=[job.pk for job in good])} == {State.FAILED}
        spoilt.refresh_from_db()
        assert spoilt.state == State.RUNNING
        assert now() < spoilt.next_poll_at < now() + timedelta(minutes=2)

        answer.clear()
        Job.objects.update(next_poll_at=None)
        poll(submission.account)
    spoilt.refresh_from_db()
    assert spoilt.state == State.FAILED


@pytest.mark.long
@pytest.mark.postgres_itself
@pytest.mark.parametrize(
    "key",
    ["statusReason", "createdAt", "startedAt", "stoppedAt", "isCancelled", "isTerminated", "tags", "parameters",
     "jobName", "jobQueue"],
)  # fmt: skip
def test_whatever_stands_in_a_member_the_row_can_be_written(key):
    job = make.job(batch_id="j-1")
    for wrong in WRONG:
        Job.objects.update(next_poll_at=None, raw={})
        with answer_with(json.dumps({"jobs": [{"jobId": "j-1", "status": "RUNNING", key: wrong}]}).encode()):
            poll(job.account)

        job.refresh_from_db()
        assert job.next_poll_at > now()


def test_when_aws_is_away_the_account_says_so_and_nothing_changes():
    job = make.job(make.submission(where=make.account(endpoint_url="http://127.0.0.1:9")), state=State.RUNNING)
    poll(job.account)

    account = Account.objects.get(pk=job.account_id)
    assert account.status.last_error
    assert account.status.polled_at is None
    assert Job.objects.get(pk=job.pk).state == State.RUNNING


def test_an_account_that_is_throttled_is_asked_less_and_less_and_then_again_as_before(monkeypatch):
    def throttle(*_: Any) -> None:
        raise ThrottledError("Too many requests")

    make.job(state=State.RUNNING)
    pauses = []
    with monkeypatch.context() as patched:
        patched.setattr(batch, "describe", throttle)
        for _ in range(4):
            AccountStatus.objects.update(backoff_until=None)
            Job.objects.update(next_poll_at=None)
            poll(Account.objects.get())
            pauses.append(AccountStatus.objects.get().backoff_seconds)
    assert pauses == [2, 4, 8, 16]
    assert AccountStatus.objects.get().throttles == 4

    Job.objects.update(next_poll_at=None)
    assert poll(Account.objects.get()).error == ""  # still quiet: AWS is not asked at all
    with http_wire.wire(describe_reply()) as aws:
        Account.objects.update(endpoint_url=aws.url)
        AccountStatus.objects.update(backoff_until=None)
        poll(Account.objects.get())
    assert AccountStatus.objects.get().backoff_seconds == 0


def test_nothing_due_costs_one_statement_and_asks_nobody(django_assert_num_queries):
    job = make.job(state=State.RUNNING, next_poll_at=now() + timedelta(seconds=5))
    account = Account.objects.select_related("status").get()
    with http_wire.wire(describe_reply()) as aws, django_assert_num_queries(1):
        account.endpoint_url = aws.url
        assert poll(account).job_count == 0

    assert aws.requests == []
    assert AccountStatus.objects.get(pk=job.account_id).polled_at is None


def test_a_call_takes_along_what_is_due_within_a_second_and_what_was_not_polled_for_half_an_interval():
    moment = now()
    ages = {"due": (0, 1), "soon": (0.9, 1), "fresh": (5, 3), "stale": (14, 8), "new": (5, None)}
    with http_wire.wire(describe_reply()) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url, poll_seconds=15))
        for name, (until_due, since_poll) in ages.items():
            make.job(
                submission,
                batch_id=name,
                state=State.RUNNING,
                next_poll_at=moment + timedelta(seconds=until_due),
                observed_at=None if since_poll is None else moment - timedelta(seconds=since_poll),
            )
        poll(submission.account)

    assert [request["jobs"] for _, request in aws.requests] == [["due", "soon", "stale"]]


def test_a_job_that_another_worker_polls_is_left_to_it(monkeypatch):
    submission = make.submission()
    jobs = [make.job(submission, batch_id=f"j-{number}", state=State.RUNNING) for number in range(2)]
    requests = []

    def describe(_client: Any, ids: list[str]) -> batch.DescribeResult:
        requests.append(ids)
        if len(requests) == 1:
            poll(Account.objects.get())
        return batch.DescribeResult(())

    monkeypatch.setattr(batch, "describe", describe)
    Job.objects.update(next_poll_at=now())
    poll(submission.account)

    assert requests == [[job.batch_id for job in jobs]]


@pytest.mark.parametrize("status", ["RUNNING", "STARTING"])
def test_what_makes_a_job_due_while_aws_is_asked_is_not_forgotten(monkeypatch, status):
    job = make.job(batch_id="j-1", state=State.STARTING)

    def describe(_client: Any, _ids: list[str]) -> batch.DescribeResult:
        EventConsumer().consume([json.dumps({"detail-type": "Batch Job State Change", "detail": {"jobId": "j-1"}})])
        return batch.DescribeResult((batch.Observation(batch_id="j-1", state=status),))

    with monkeypatch.context() as patched:
        patched.setattr(batch, "describe", describe)
        patched.setattr("jobs.sync.poll.MAX_CALLS", 1)
        poll(job.account)

    assert due_jobs().get() == job


def test_what_makes_a_job_due_while_aws_does_not_name_it_is_not_forgotten(monkeypatch):
    job = make.job(batch_id="j-1", state=State.RUNNING)

    def describe(_client: Any, _ids: list[str]) -> batch.DescribeResult:
        EventConsumer().consume([json.dumps({"detail-type": "Batch Job State Change", "detail": {"jobId": "j-1"}})])
        return batch.DescribeResult(())

    with monkeypatch.context() as patched:
        patched.setattr(batch, "describe", describe)
        patched.setattr("jobs.sync.poll.MAX_CALLS", 1)
        poll(job.account)

    assert due_jobs().get() == job


def test_no_call_begins_so_late_that_the_end_of_the_pass_cuts_it_off(monkeypatch):
    submission = make.submission()
    for _ in range(2):
        make.job(submission, state=State.RUNNING, next_poll_at=now())
    requests: list[list[str]] = []

    def describe(_client: Any, ids: list[str]) -> batch.DescribeResult:
        requests.append(ids)
        return batch.DescribeResult(())

    monkeypatch.setattr(batch, "describe", describe)
    monkeypatch.setattr(batch, "MAX_JOBS_PER_DESCRIBE", 1)
    monkeypatch.setattr("jobs.sync.poll.MAX_RUN_SECONDS", -1.0)
    poll(submission.account)

    assert len(requests) == 1
    assert due_jobs().count() == 1


def test_what_someone_looks_at_is_polled_soon():
    job = make.job(state=State.RUNNABLE, next_poll_at=now() + timedelta(minutes=3))
    hint_poll([job])

    job.refresh_from_db()
    assert job.next_poll_at < now() + timedelta(seconds=2)


@pytest.mark.parametrize("is_child", [True, False])
def test_what_becomes_due_in_a_pass_waits_for_the_next_unless_an_end_has_set_it_off(monkeypatch, is_child):
    submission = make.submission()
    first = make.job(submission, batch_id="first", state=State.RUNNING, next_poll_at=now())
    second = make.job(submission, batch_id="second", state=State.PENDING, next_poll_at=now() + timedelta(minutes=3))
    if is_child:
        second.dependencies.create(parent=first)
    calls = []

    def describe(_client: Any, ids: list[str]) -> batch.DescribeResult:
        calls.append(ids)
        Job.objects.filter(pk=second.pk).update(next_poll_at=now())
        return batch.DescribeResult(tuple(batch.Observation(batch_id=name, state="SUCCEEDED") for name in ids))

    monkeypatch.setattr(batch, "describe", describe)
    poll(submission.account)

    assert calls == ([["first"], ["second"]] if is_child else [["first"]])


def test_of_two_workers_that_find_the_same_jobs_due_one_polls_them(monkeypatch):
    job = make.job(batch_id="j-1", state=State.RUNNING, next_poll_at=now())
    calls = []
    claims = iter(range(10))

    def claim_between(_: int) -> int:
        number = next(claims)
        if number == 0:
            poll(Account.objects.get())
        return number

    def describe(_client: Any, ids: list[str]) -> batch.DescribeResult:
        calls.append(ids)
        return batch.DescribeResult(())

    monkeypatch.setattr(batch, "describe", describe)
    monkeypatch.setattr("jobs.sync.poll.random.randrange", claim_between)
    poll(job.account)

    assert calls == [["j-1"]]
