"""What the board of queues counts, and for whom."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.models import Job, JobDependency, Queue, QueueGrant, QueueSnapshot, Submission, Team
from jobs.reports.queues import OTHER_TEAMS, QueueBoard, all_boards, queue_detail, team_boards
from jobs.web.capacity_bar import capacity_bar
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ENVIRONMENTS = [
    {"computeEnvironmentName": "spot", "state": "ENABLED", "status": "VALID", "computeResources": {"maxvCpus": 64}},
    {"computeEnvironmentName": "big", "state": "ENABLED", "status": "VALID", "computeResources": {"maxvCpus": 16}},
    {
        "computeEnvironmentName": "old",
        "state": "ENABLED",
        "status": "INVALID",
        "statusReason": "CLIENT_ERROR - no such role",
        "computeResources": {"maxvCpus": 256},
    },
]


@pytest.fixture
def submission() -> Submission:
    return make.submission(make.member())


@pytest.fixture
def queue(submission: Submission) -> Queue:
    return make.queue("cpu", of=submission.account, teams=(submission.team,), environments=ENVIRONMENTS)


def of_other_team(queue: Queue, **fields: Any) -> Job:
    member = make.member()
    QueueGrant.objects.create(team=member.team, queue=queue)
    return make.job(make.submission(member, queue.account), queue=queue, **fields)


def board(submission: Submission) -> QueueBoard:
    (queue_board,) = team_boards(submission.person, submission.team)
    return queue_board


def started(submission: Submission, queue: Queue, waited: float, **fields: Any) -> Job:
    start = now() - timedelta(days=1)
    times = {"submitted_at": start - timedelta(seconds=waited), "started_at": start, "ended_at": now()}
    return make.job(submission, queue=queue, state="SUCCEEDED", **{**times, **fields})


def test_jobs_are_counted_by_state_and_cpu_by_what_starts_runs_and_waits(
    submission: Submission, queue: Queue
) -> None:
    for state in ("RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUCCEEDED"):
        make.job(submission, queue=queue, state=state, vcpus=Decimal("0.5"), gpus=1)
    queue_board = board(submission)

    assert queue_board.jobs == {"PENDING": 1, "RUNNABLE": 1, "STARTING": 1, "RUNNING": 1}
    assert (queue_board.running_vcpus, queue_board.waiting_vcpus) == (Decimal(1), Decimal("0.5"))
    assert (queue_board.running_gpus, queue_board.waiting_gpus) == (2, 1)


def test_an_array_counts_as_its_children_in_cpu_and_as_one_job(submission: Submission, queue: Queue) -> None:
    summary = {"RUNNING": 3, "STARTING": 1, "RUNNABLE": 5, "SUCCEEDED": 90, "PENDING": 1}
    make.job(submission, queue=queue, state="PENDING", array_size=100, array_summary=summary, vcpus=2, gpus=1)
    make.job(submission, queue=queue, state="PENDING", array_size=100, vcpus=2)  # not reported yet
    queue_board = board(submission)

    assert queue_board.jobs == {"PENDING": 2}
    assert (queue_board.running_vcpus, queue_board.waiting_vcpus) == (Decimal(8), Decimal(10))
    assert (queue_board.running_gpus, queue_board.waiting_gpus) == (4, 5)


def test_teams_that_one_may_not_see_are_one_without_a_name(submission: Submission, queue: Queue) -> None:
    make.job(submission, queue=queue, state="RUNNING", vcpus=1)
    hidden = [of_other_team(queue, state="RUNNING", vcpus=2).team for _ in range(2)]
    friend = of_other_team(queue, state="RUNNABLE", vcpus=4).team
    make.member(friend, "viewer", submission.person)
    queue_board = board(submission)

    assert [(load.name, int(load.running_vcpus), int(load.waiting_vcpus)) for load in queue_board.loads] == [
        (submission.team.name, 1, 0),
        (friend.name, 0, 4),
        (OTHER_TEAMS, 4, 0),
    ]
    assert queue_board.jobs == {"RUNNING": 1}
    names = {load.name for load in queue_loads(make.admin(), queue)}
    assert names == {team.name for team in (submission.team, friend, *hidden)}


def queue_loads(user: Any, queue: Queue) -> Any:
    detail = queue_detail(user, queue.pk)
    assert detail is not None
    return detail.board.loads


def test_the_oldest_waiting_job_of_another_team_has_an_age_and_no_name(submission: Submission, queue: Queue) -> None:
    submitted = now() - timedelta(hours=1)
    theirs = of_other_team(queue, state="RUNNABLE", submitted_at=submitted)
    make.job(submission, queue=queue, state="RUNNABLE", submitted_at=now())
    oldest = board(submission).oldest
    assert oldest is not None
    assert (oldest.job, oldest.submitted_at) == (None, submitted)

    make.member(theirs.team, "viewer", submission.person)
    oldest = board(submission).oldest
    assert oldest is not None
    assert oldest.job == theirs


def test_a_job_that_was_approved_late_has_not_waited_longest(submission: Submission, queue: Queue) -> None:
    approved = make.job(submission, queue=queue, state="RUNNABLE", submitted_at=now())
    waiting = make.job(submission, queue=queue, state="RUNNABLE", submitted_at=now() - timedelta(minutes=5))

    oldest = board(submission).oldest
    assert approved.pk < waiting.pk
    assert oldest is not None
    assert oldest.job == waiting


def test_the_next_to_start_is_the_one_that_aws_named_lately(submission: Submission, queue: Queue) -> None:
    first, second = (
        make.job(submission, queue=queue, state="RUNNABLE", submitted_at=now(), batch_id=f"{number}" * 36)
        for number in (1, 2)
    )
    theirs = of_other_team(queue, state="RUNNABLE", submitted_at=now(), batch_id="3" * 36)
    ids = ["2" * 36, "gone", "3" * 36, f"{'1' * 36}:7", f"{'1' * 36}:8"]
    snapshot = QueueSnapshot.objects.create(queue=queue, job_ids=ids, read_at=now())
    queue_board = board(submission)
    detail, of_admin = (queue_detail(user, queue.pk) for user in (submission.person, make.admin()))
    assert queue_board.oldest is not None
    assert queue_board.first is not None
    assert detail is not None
    assert of_admin is not None
    assert (queue_board.oldest.job, queue_board.first.job) == (first, second)
    assert [place.job for place in detail.board.front] == [second, None, first]
    assert [place.job for place in of_admin.board.front] == [second, theirs, first]

    snapshot.read_at = now() - timedelta(hours=1)
    snapshot.save()
    assert board(submission).first is None


def test_only_environments_that_can_be_used_have_room(submission: Submission, queue: Queue) -> None:
    queue_board = board(submission)
    assert queue_board.max_vcpus == 80
    assert [(each.name, each.status_reason) for each in queue_board.closed_environments] == [
        ("old", "CLIENT_ERROR - no such role")
    ]

    Queue.objects.update(environments=[*ENVIRONMENTS, {"computeEnvironmentName": "own", "state": "ENABLED"}])
    assert board(submission).max_vcpus is None


def test_what_other_queues_run_in_the_same_environments_takes_room(submission: Submission, queue: Queue) -> None:
    shared = make.queue("night", of=submission.account, environments=ENVIRONMENTS[:1])
    same_name = make.queue("far", environments=ENVIRONMENTS[:1])
    apart = make.queue("apart", of=submission.account, environments=[{"computeEnvironmentName": "apart"}])
    for other in (shared, same_name, apart):
        make.job(make.submission(make.member(), other.account), queue=other, state="RUNNING", vcpus=4)
    make.job(submission, queue=queue, state="RUNNING", vcpus=2)
    queue_board = board(submission)

    assert [queue_board.running_vcpus, queue_board.shared_vcpus] == [Decimal(2), Decimal(4)]
    assert capacity_bar(queue_board).summary.endswith(" 2, Other queues 4")
    of_admin = {each.queue.name: each.shared_vcpus for each in all_boards(make.admin())}
    assert of_admin == {"cpu": 4, "night": 2, "far": 0, "apart": 0}


def test_usual_waits_are_those_of_the_teams_that_one_may_see(submission: Submission, queue: Queue) -> None:
    for waited in (10, 20, 30):
        started(submission, queue, waited)
    parent = started(submission, queue, 40)
    JobDependency.objects.create(job=started(submission, queue, 9_000), parent=parent)
    theirs = of_other_team(queue, state="RUNNING", submitted_at=now() - timedelta(hours=9), started_at=now())
    mine, admins = board(submission).usual_wait, all_boards(make.admin())[0].usual_wait

    assert mine is not None
    assert admins is not None
    assert (mine.count, mine.high, admins.count) == (4, 40, 5)
    assert all_boards(submission.person)[0].usual_wait == mine
    detail = queue_detail(submission.person, queue.pk)
    assert detail is not None
    assert [wait.seconds for wait in detail.waits] == [40, 30, 20, 10]
    of_admin = queue_detail(make.admin(), queue.pk)
    assert of_admin is not None
    assert round(of_admin.waits[0].seconds) == 9 * 3_600
    of_team = queue_detail(make.admin(), queue.pk, theirs.team)
    assert of_team is not None
    assert len(of_team.waits) == 1


def test_a_queue_exists_for_its_teams_and_for_staff(submission: Submission, queue: Queue) -> None:
    other: Team = make.team()

    assert queue_detail(submission.person, queue.pk, submission.team) is not None
    assert queue_detail(submission.person, queue.pk) is not None
    assert queue_detail(submission.person, queue.pk, other) is None
    assert queue_detail(make.member().user, queue.pk) is None
    assert all_boards(make.member().user) == []
    assert queue_detail(make.admin(), queue.pk) is not None


@pytest.mark.parametrize("number", [1, 6])
def test_a_board_takes_the_same_queries_however_many_queues_teams_and_jobs(
    submission: Submission, queue: Queue, number: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        another = make.queue(of=submission.account, teams=(submission.team,))
        make.job(submission, queue=another, state="RUNNABLE", submitted_at=now())
        of_other_team(another, state="RUNNING", submitted_at=now())

    with django_assert_num_queries(8):
        team_boards(submission.person, submission.team)
    admin = make.admin()
    with django_assert_num_queries(7):
        all_boards(admin)
