"""The children of an array: asked about when someone looks, or when they failed, and at no other time."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from jobs import actions, tasks
from jobs.aws.errors import AwsError
from jobs.models import ArrayChild, Job
from jobs.periodic import periodic_tasks, run_due_tasks
from jobs.states import State
from jobs.sync.array_children import read_children
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class Array:
    """An array in AWS: its children's states by their index."""

    job: Job
    failing = ""  # the call that has no answer
    unlisted = -1  # a child that AWS's list does not have yet
    unknown = -1  # a child that AWS does not describe

    def __init__(self, size: int) -> None:
        self.states = ["SUCCEEDED"] * size
        self.calls: list[str] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, handler) -> None:
        call = handler.path.rpartition("/")[2]
        self.calls.append(call)
        if call == self.failing:
            return http_wire.reply(403, {"message": "No"}, "AccessDeniedException")(handler)
        return http_wire.reply(200, getattr(self, call)(self.requests[-1][1]))(handler)

    def describejobs(self, request):
        return {"jobs": [self.child(each) for each in request["jobs"] if each != f"array:{self.unknown}"]}

    def listjobs(self, request):
        states = enumerate(self.states)
        indexes = [index for index, state in states if state == request["jobStatus"] and index != self.unlisted]
        return {
            "jobSummaryList": [{"jobId": f"{request['arrayJobId']}:{index}", "jobName": "x"} for index in indexes]
        }

    def child(self, batch_id: str) -> dict[str, Any]:
        state = self.states[int(batch_id.rpartition(":")[2])]
        ended = {
            "container": {"exitCode": 1, "logStreamName": f"log-{batch_id}", "reason": "boom"},
            "stoppedAt": 2000,
        }
        return {"jobId": batch_id, "jobName": "x", "status": state, "startedAt": 1000} | (
            ended if state == "FAILED" else {}
        )


@pytest.fixture
def array(request):
    told = Array(getattr(request, "param", 5))
    with http_wire.wire(told) as server:
        told.requests = server.requests
        told.job = make.job(
            make.submission(where=make.account(endpoint_url=server.url)),
            batch_id="array",
            state=State.PENDING,
            array_size=len(told.states),
        )
        yield told


def states(array) -> list[str]:
    return list(array.job.children.values_list("state", flat=True))


@pytest.mark.long
@pytest.mark.parametrize("array", [10_000], indirect=True)
def test_ten_thousand_children_cost_a_hundred_calls_once(array):
    assert read_children(array.job) == 100
    Job.objects.update(children_read_at=None)
    assert read_children(array.job) == 0

    assert len(array.calls) == 100
    assert ArrayChild.objects.count() == 10_000


def test_only_those_that_had_not_ended_are_asked_about_again(array):
    array.states[:] = ["SUCCEEDED", "RUNNING", "RUNNABLE", "SUCCEEDED", "FAILED"]
    read_children(array.job)
    array.states[1:3] = ["SUCCEEDED", "RUNNING"]
    Job.objects.update(children_read_at=None)
    read_children(array.job)

    assert array.requests[-1][1]["jobs"] == ["array:1", "array:2"]
    assert states(array) == ["SUCCEEDED", "SUCCEEDED", "RUNNING", "SUCCEEDED", "FAILED"]


def test_whoever_looks_all_the_time_does_not_have_aws_asked_all_the_time(array):
    array.states[0] = "RUNNING"
    assert [read_children(array.job) for _ in range(5)] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("read", "ended", "calls"),
    [(-10, None, 1), (-1, None, 0), (-1, 0, 1), (-1, -2, 0), (None, None, 1)],
    ids=["a while ago", "just now", "before it ended", "since it ended", "never"],
)
def test_children_are_read_again_after_a_while_or_when_their_parent_has_ended(array, read, ended, calls):
    moment = now()
    times = {"children_read_at": read, "ended_at": ended}
    Job.objects.update(**{
        name: moment + timedelta(seconds=seconds) for name, seconds in times.items() if seconds is not None
    })  # fmt: skip

    assert read_children(array.job) == calls


@pytest.mark.parametrize("state", [State.FAILED, State.STOPPED])
@pytest.mark.parametrize(("read", "due"), [(None, True), (-3, True), (-1, False)])
def test_the_failed_children_of_an_array_are_read_once_after_its_end(array, read, due, state):
    moment = now()
    read_at = None if read is None else moment + timedelta(seconds=read)
    Job.objects.update(state=state, ended_at=moment - timedelta(seconds=2), children_read_at=read_at)

    assert Job.objects.with_unread_failures().exists() is due


def test_arrays_with_unread_failures_are_found_by_an_index_of_these_alone(array):
    plan = Job.objects.filter(account=array.job.account).with_unread_failures().order_by().explain()

    assert "job_array_failed" in plan or connection.vendor == "postgresql"  # which reads so few rows without one


def test_looking_rings_and_the_task_reads(array, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.refresh_array(array.job)
    assert enqueued == ["children"]

    tasks.children(array.job.pk)
    assert states(array) == ["SUCCEEDED"] * 5


def test_a_job_that_is_no_array_and_an_array_of_which_all_is_known_are_not_rung_for(array):
    assert not actions.refresh_array(make.job(state=State.RUNNING))
    read_children(array.job)
    Job.objects.update(state=State.SUCCEEDED)
    assert not actions.refresh_array(Job.objects.get(pk=array.job.pk))


def test_while_nobody_looks_nothing_is_asked(array, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        run_due_tasks(tuple(duty for duty in periodic_tasks() if duty.name not in ("comparison", "polls")), 0)

    assert array.calls == []
    assert not {"children", "failed_children"} & set(enqueued)


def test_when_an_array_ends_badly_its_failed_children_are_read_once(
    array, enqueued, django_capture_on_commit_callbacks
):
    array.states[2] = "FAILED"
    Job.objects.update(state=State.FAILED, ended_at=now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        run_due_tasks(tuple(duty for duty in periodic_tasks() if duty.name != "comparison"), 0)
    assert "failed_children" in enqueued
    for _ in range(2):
        tasks.failed_children(array.job.account_id)

    assert array.calls == ["listjobs", "describejobs"]
    child = ArrayChild.objects.get()
    assert (child.index, child.state, child.exit_code, child.reason) == (2, "FAILED", 1, "boom")
    assert (child.log_stream, child.batch_id) == ("log-array:2", "array:2")


def test_late_news_of_a_child_changes_nothing(array):
    read_children(array.job)
    ArrayChild.objects.filter(index=0).update(state="RUNNING", attempts=2)
    array.states[0] = "RUNNABLE"
    Job.objects.update(children_read_at=None)
    read_children(array.job)

    assert ArrayChild.objects.get(index=0).state == "RUNNING"


def test_when_aws_does_not_answer_the_failed_children_stay_due(array):
    Job.objects.update(state=State.FAILED, ended_at=now())
    type(array.job.account).objects.update(endpoint_url="http://127.0.0.1:9")
    tasks.failed_children(array.job.account_id)

    assert Job.objects.filter(pk=array.job.pk).with_unread_failures().exists()


@pytest.mark.parametrize(("seconds_ago", "due"), [(5, True), (3600, False)])
def test_an_array_that_aws_rejects_is_asked_about_for_some_minutes(array, seconds_ago, due):
    end_with(array, "FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED", seconds_ago=seconds_ago)
    array.failing = "listjobs"
    tasks.failed_children(array.job.account_id)

    assert is_due(array) is due


def end_with(array: Array, *states: str, seconds_ago: int = 1) -> None:
    """The array fails, and AWS counts how its children ended."""
    array.states[:] = states
    summary = {state: states.count(state) for state in states}
    Job.objects.update(state="FAILED", ended_at=now() - timedelta(seconds=seconds_ago), array_summary=summary)
    array.job.refresh_from_db()


def is_due(array: Array) -> bool:
    return Job.objects.with_unread_failures().exists()


def test_an_array_stays_due_if_aws_fails_while_its_page_has_its_children_read(array):
    end_with(array, "FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED")
    array.failing = "describejobs"
    with pytest.raises(AwsError):
        read_children(array.job)
    assert is_due(array)

    array.failing = ""
    tasks.failed_children(array.job.account_id)
    assert states(array) == ["FAILED", "FAILED"]
    assert not is_due(array)


def test_a_page_that_reads_all_children_after_the_end_leaves_none_due(array):
    end_with(array, "FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED")
    read_children(array.job)

    assert not is_due(array)


def test_children_that_aws_counts_as_failed_and_does_not_list_are_read_too(array):
    end_with(array, "FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED")
    array.unlisted = 2
    tasks.failed_children(array.job.account_id)

    assert states(array) == array.states
    assert not is_due(array)


@pytest.mark.parametrize(("seconds_ago", "due"), [(5, True), (3600, False)])
def test_a_failed_child_that_aws_does_not_describe_is_asked_about_for_some_minutes(array, seconds_ago, due):
    end_with(array, "FAILED", "SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED", seconds_ago=seconds_ago)
    array.unknown = 2
    tasks.failed_children(array.job.account_id)
    assert is_due(array) is due

    array.requests.clear()
    array.unknown = -1
    tasks.failed_children(array.job.account_id)
    assert [request["jobs"] for _, request in array.requests if "jobs" in request] == ([["array:2"]] if due else [])
