"""Ceilings on what runs at once hold however many ask in the same moment."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from jobs import actions
from jobs.access import Member
from jobs.models import Job, QueueGrant
from tests import make
from tests.live_db import database_for_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
JOB = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def research():
    """A team that may have five jobs at once, and has two."""
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    QueueGrant.objects.update(max_active_jobs=5)
    for _ in range(2):
        make.job(make.submission(member, queue.account), queue=queue)
    return member


def submit_one(member: Member) -> bool:
    """Ask for one job. Whether it was accepted."""
    try:
        actions.submit(json.dumps(JOB), member, source="json")
    except actions.ValidationFailedError as refused:
        if {problem.rule for problem in refused.verdict.errors} == {"policy.no-room-for-jobs"}:
            return False
        raise
    return True


@pytest.mark.long
@pytest.mark.postgres_itself
def test_of_twenty_who_ask_at_once_for_the_last_three_places_three_have_them(research, tmp_path):
    def submit_in_thread(_: int) -> bool:
        try:
            return submit_one(research)
        finally:
            connection.close()

    with database_for_threads(tmp_path), ThreadPoolExecutor(20) as people:
        accepted = list(people.map(submit_in_thread, range(20)))

    assert accepted.count(True) == 3
    assert Job.objects.count() == 5


@pytest.mark.long
def test_a_place_is_free_again_when_a_job_has_ended(research):
    assert [submit_one(research) for _ in range(4)] == [True, True, True, False]

    Job.objects.filter(pk=Job.objects.first().pk).update(delivery="WITHDRAWN")
    assert submit_one(research)


@pytest.mark.long
def test_the_jobs_of_one_document_are_counted_together(research):
    steps = [{**JOB, "jobName": f"step-{number}"} for number in range(4)]

    with pytest.raises(
        actions.ValidationFailedError, match="can have 5 active jobs in cpu and has 2; 4 more would exceed the limit"
    ):
        actions.submit(json.dumps({"jobs": steps}), research, source="json")
    actions.submit(json.dumps({"jobs": steps[:3]}), research, source="json")


def test_a_team_that_was_switched_off_while_the_page_was_open_submits_nothing(research):
    research.team.__class__.objects.update(active=False)

    with pytest.raises(actions.ValidationFailedError, match="is inactive"):
        actions.submit(json.dumps(JOB), research, source="json")
