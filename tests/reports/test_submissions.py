import pytest
from django.db import IntegrityError, transaction

from jobs.models.pagination import InvalidPageCursorError
from jobs.reports import submissions
from jobs.states import State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_the_liveliest_job_speaks_for_the_whole_and_else_the_worst():
    def overall_name(*states):
        submission = make.submission()
        jobs = [make.job(submission, state=state) for state in states]
        return submissions.overall_status(submissions.count_statuses(jobs)).name

    assert overall_name(State.FAILED, State.RUNNING, State.SUCCEEDED) == "RUNNING"
    assert overall_name(State.FAILED, State.SUCCEEDED) == "FAILED"
    assert overall_name(State.STOPPED, State.SUCCEEDED) == "STOPPED"
    assert overall_name(State.SUCCEEDED, State.SUCCEEDED) == "SUCCEEDED"


def test_pages_follow_each_other_without_a_gap_or_a_repeat():
    member = make.member()
    account = make.account()
    made = [make.submission(member, account, kind="workflow").text_id for _ in range(7)]

    seen, before = [], ""
    while True:
        page = submissions.submission_page(member.team, before, limit=3, kind="workflow")
        seen += [row.submission.text_id for row in page.rows]
        before = page.next
        if not before:
            break

    assert seen == sorted(made, reverse=True)


def test_what_another_team_submitted_and_single_jobs_are_not_listed():
    member = make.member()
    make.submission(kind="workflow")
    make.submission(member, kind="submission")

    assert submissions.submission_page(member.team, kind="workflow").rows == []


def test_counts_come_in_the_order_of_a_jobs_way():
    submission = make.submission()
    for state in (State.SUCCEEDED, State.PENDING, State.SUCCEEDED):
        make.job(submission, state=state)

    [row] = submissions.recent_rows(submission.team, 1)
    assert [(status.name, number) for status, number in row.counts] == [("PENDING", 1), ("SUCCEEDED", 2)]
    assert row.status.name == "PENDING"


def test_a_page_costs_the_same_however_many_jobs_there_are(django_assert_num_queries):
    submission = make.submission(kind="workflow")
    for number in (1, 20):
        for _ in range(number):
            make.job(submission)
        with django_assert_num_queries(2):
            submissions.submission_page(submission.team)


@pytest.mark.parametrize("before", ["x", "../..", "A" * 26])
def test_an_id_that_is_none_is_no_place_in_the_list(before):
    with pytest.raises(InvalidPageCursorError):
        submissions.submission_page(make.team(), before)


def run_again(earlier, **fields):
    """A later job of the step."""
    type(earlier).objects.filter(pk=earlier.pk).update(superseded=True)
    return make.job(earlier.submission, name=earlier.name, step=earlier.step, repeats=earlier, **fields)


def test_a_step_that_ran_again_counts_by_its_last_job():
    submission = make.submission(kind="workflow", job_count=2)
    load = make.job(submission, name="load", state=State.FAILED)
    make.job(submission, name="train", state=State.SUCCEEDED)
    again = run_again(load, state=State.RUNNING)

    [row] = submissions.recent_rows(submission.team, 1)
    counts = {"RUNNING": 1, "SUCCEEDED": 1}
    assert {status.name: number for status, number in row.counts} == counts
    assert submissions.status_summary(submission).counts == counts
    assert [job.pk for job, _ in submissions.job_page(submission).jobs] == [again.pk, again.pk - 1]
    assert load in submissions.submission_jobs(submission)


def test_a_step_has_one_current_job():
    load = make.job(state=State.FAILED)

    with pytest.raises(IntegrityError), transaction.atomic():
        make.job(load.submission, step=load.step, repeats=load)


def test_an_index_that_runs_again_does_not_replace_its_array():
    array = make.job(array_size=5, state=State.FAILED)
    make.job(array.submission, step=0, repeats=array, array_index=3, state=State.RUNNING)

    assert submissions.first_job(array.submission) == array
    assert [job for job, _ in submissions.job_page(array.submission).jobs] == [array]
    assert submissions.status_summary(array.submission).counts == {"FAILED": 1, "RUNNING": 1}
