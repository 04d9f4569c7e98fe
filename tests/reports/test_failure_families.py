from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.actions.submit import JobRerun
from jobs.causes import Cause
from jobs.models import ArrayChild, Job, JobFailure, Team
from jobs.models.job_failure import family_key
from jobs.reports.failure_families import families
from jobs.reports.job_search import Scope, search_page, suggest
from jobs.search import parse
from jobs.states import State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DAY = timedelta(days=1)


def failure(job: Job, line: str = "", cause: Cause = Cause.OUT_OF_MEMORY, **fields: Any) -> JobFailure:
    defaults = {"ended_at": now(), "exit_code": 137, "family": family_key(cause, 137, line), "last_line": line}
    return JobFailure.objects.create(
        job=job,
        team=job.team,
        account=job.account,
        definition_id=job.definition_id,
        cause=cause,
        **{**defaults, **fields},
    )


def failed_jobs(team: Team, count: int = 1, definition: str = "align") -> list[Job]:
    submission = make.submission(make.member(team))
    revision = make.revision(definition, of=team, where=submission.account)
    return [make.job(submission, state=State.FAILED, revision=revision) for _ in range(count)]


def test_jobs_that_failed_alike_are_counted_over_definitions(django_assert_num_queries):
    team = make.team()
    for job in (*failed_jobs(team, 3), *failed_jobs(team, 1, "sort")):
        failure(job)
    for job in failed_jobs(team, 2):
        failure(job, "ValueError: …", Cause.APPLICATION_ERROR)

    with django_assert_num_queries(5):
        report = families(team, now() - DAY)
    memory, program = report.families
    assert (memory.cause, memory.job_count, memory.definitions) == (
        Cause.OUT_OF_MEMORY,
        4,
        (("align", 3), ("sort", 1)),
    )
    assert memory.label == "Out of memory"
    assert (program.last_line, program.job_count) == ("ValueError: …", 2)
    assert memory.sample_id == Job.objects.filter(definition__name="sort").get().text_id
    assert (report.family_count, report.is_complete) == (2, True)


def test_earlier_failures_other_teams_and_arrays_with_causes_of_their_own_are_left_out():
    team = make.team()
    one, early, own = failed_jobs(team, 3)
    failure(one)
    failure(early, ended_at=now() - 2 * DAY)
    failure(own, family="", cause=Cause.CHILDREN_FAILED)
    failure(failed_jobs(make.team())[0])

    assert [family.job_count for family in families([team], now() - DAY).families] == [1]


def test_an_array_counts_once_in_a_family():
    [job] = failed_jobs(make.team())
    failure(job, first_index=0, child_count=5)
    failure(job, first_index=3, child_count=2)

    assert [family.job_count for family in families(job.team, now() - DAY).families] == [1]


def test_no_more_than_the_newest_failures_are_read():
    team = make.team()
    jobs = failed_jobs(team, 3)
    for age, job in enumerate(jobs):
        failure(job, ended_at=now() - age * timedelta(minutes=1))
    since = now() - DAY

    assert [families(team, since, max_scanned=number).is_complete for number in (3, 4)] == [False, True]
    assert families(team, since, max_scanned=2).families[0].job_count == 2
    jobs[0].superseded = True
    jobs[0].save()
    newest = families(team, since, max_scanned=2)
    assert (newest.families[0].job_count, newest.is_complete) == (1, False)


def test_failures_that_a_later_run_made_good_are_left_out():
    superseded, rerun, failed_again, array_job, other = jobs = failed_jobs(make.team(), 5)
    for job in jobs:
        failure(job)
    superseded.superseded = True
    superseded.save()
    for job, state in ((rerun, State.SUCCEEDED), (failed_again, State.FAILED)):
        new = make.job(make.submission(make.member(job.team)), state=state)
        record_rerun(new, job)
    Job.objects.filter(pk=array_job.pk).update(array_size=2, array_summary={"FAILED": 1, "SUCCEEDED": 1})
    ArrayChild.objects.create(job=array_job, index=1, state=State.FAILED)
    for state in (State.FAILED, State.SUCCEEDED):
        again = make.job(
            array_job.submission, state=state, repeats=array_job, array_index=1, superseded=state == State.FAILED
        )
        if state == State.FAILED:
            failure(again)

    [family] = families(other.team, now() - DAY).families
    assert (family.job_count, family.sample) == (2, other)
    rows = search_page(Scope(other.person, other.team), parse(f"family:{family.key}")).rows
    assert [row.job for row in rows] == [other, failed_again]
    assert len(rows) == family.job_count


def record_rerun(new: Job, job: Job) -> None:
    JobRerun(job).record(new.submission)
    new.submission.save()


def test_a_chain_of_reruns_is_good_from_its_first_success_on():
    [first] = failed_jobs(make.team())
    key = failure(first).family

    def run_again(job: Job, state: State) -> Job:
        new = make.job(make.submission(make.member(job.team)), state=state, ended_at=now())
        record_rerun(new, job)
        if state == State.FAILED:
            failure(new)
        return new

    def current() -> list[Job]:
        return [row.job for row in search_page(Scope(first.person, first.team), parse(f"family:{key}")).rows]

    second = run_again(first, State.FAILED)
    third = run_again(second, State.FAILED)
    assert current() == [third, second, first]
    run_again(third, State.SUCCEEDED)
    assert current() == []
    fourth = run_again(first, State.FAILED)
    assert current() == [fourth]


def test_an_array_of_which_an_index_is_still_failed_stays_in_its_family_and_in_the_search():
    [array_job] = failed_jobs(make.team())
    key = failure(array_job).family
    Job.objects.filter(pk=array_job.pk).update(array_size=3, array_summary={"FAILED": 2, "SUCCEEDED": 1})
    for index in (1, 2):
        ArrayChild.objects.create(job=array_job, index=index, state=State.FAILED)

    def counted_and_found() -> tuple[int, int]:
        scope = Scope(array_job.person, array_job.team)
        rows = families(array_job.team, now() - DAY).families
        return sum(family.job_count for family in rows), len(search_page(scope, parse(f"family:{key}")).rows)

    make.job(array_job.submission, state=State.SUCCEEDED, repeats=array_job, array_index=1)
    assert counted_and_found() == (1, 1)
    make.job(array_job.submission, state=State.SUCCEEDED, repeats=array_job, array_index=2)
    assert counted_and_found() == (0, 0)


def test_a_family_has_the_jobs_that_its_link_finds_also_if_they_were_submitted_long_before():
    late, early = failed_jobs(make.team(), 2)
    key = failure(late).family
    failure(early, ended_at=now() - 8 * DAY)
    for job, ended_at in ((late, now()), (early, now() - 8 * DAY)):
        Job.objects.filter(pk=job.pk).update(accepted_at=now() - 9 * DAY, ended_at=ended_at)

    [family] = families(late.team, now() - 7 * DAY).families
    rows = search_page(Scope(late.person, late.team), parse(f"family:{key} ended>-7d")).rows
    assert (family.job_count, [row.job for row in rows]) == (1, [late])


def test_a_search_finds_the_jobs_of_a_cause_and_of_a_family():
    team = make.team()
    memory, program, ended = failed_jobs(team, 3)
    key = failure(memory).family
    failure(program, "ValueError: …", Cause.APPLICATION_ERROR)
    failure(failed_jobs(make.team())[0])
    scope = Scope(memory.person, team)

    def jobs(text: str) -> list[Job]:
        return [row.job for row in search_page(scope, parse(text)).rows]

    assert jobs(f"family:{key}") == [memory]
    assert jobs("reason:Out-Of-Memory") == [memory]
    assert jobs("reason:out*,application-error") == [program, memory]
    assert jobs("-reason:out-of-memory") == [ended, program]
    assert jobs("reason:none") == []
    assert "out-of-memory" in [suggestion.text for suggestion in suggest(scope, "reason:out", 10)]


def test_many_jobs_of_a_cause_are_found_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("jobs.reports.job_search.conditions.RARE_LIMIT", 1)
    jobs = failed_jobs(make.team(), 3)
    for job in jobs:
        failure(job)

    page = search_page(Scope(jobs[0].person, jobs[0].team), parse("reason:out-of-memory"))
    assert [row.job for row in page.rows] == jobs[::-1]
