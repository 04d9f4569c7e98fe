import re
from datetime import date
from decimal import Decimal

import pytest

from jobs.models import CostLine, Job, pagination
from jobs.models.pagination import InvalidPageCursorError
from jobs.reports import history
from jobs.reports.history import JobFilter
from jobs.reports.months import Month
from jobs.states import Delivery, State
from tests import make
from tests.reports import past

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _rates():
    past.rates()


@pytest.fixture
def submission():
    return make.submission()


def names(submission, **wanted):
    return [row.job.name for row in history.history_page(submission.team, JobFilter(**wanted)).rows]


def test_pages_go_there_and_back_without_a_gap_or_a_repeat(submission):
    made = [make.job(submission).text_id for _ in range(8)][::-1]
    team = submission.team

    first = history.history_page(team, JobFilter(), rows=3)
    second = history.history_page(team, JobFilter(), before=first.next, rows=3)
    third = history.history_page(team, JobFilter(), before=second.next, rows=3)
    assert [row.job.text_id for each in (first, second, third) for row in each.rows] == made
    assert (first.previous, third.next) == ("", "")

    back = history.history_page(team, JobFilter(), after=third.previous, rows=3)
    assert back.rows == second.rows
    again = history.history_page(team, JobFilter(), after=back.previous, rows=3)
    assert (again.rows, again.previous) == (first.rows, "")


SORTED = {
    "-cost": ["dear", "long", "cheap 2", "cheap 1", "free"],
    "cost": ["free", "cheap 1", "cheap 2", "long", "dear"],
    "-run": ["long", "dear", "free", "cheap 2", "cheap 1"],
    "run": ["cheap 1", "cheap 2", "free", "dear", "long"],
}


def sortable_jobs(submission):
    """Jobs that cost a nickel an hour, with other run times of their last attempt."""
    for name, hours, run_ms in (
        ("cheap 1", [1], 0),
        ("dear", [9], 7),
        ("cheap 2", [1], 0),
        ("long", [1, 1], 9),
        ("free", [], 1),
    ):
        job = past.job(submission, "2026-11-03", *hours, name=name)
        Job.objects.filter(pk=job.pk).update(run_ms=run_ms)


@pytest.mark.parametrize(("sort", "expected"), SORTED.items())
def test_sorted_pages_go_there_and_back_without_a_gap_or_a_repeat(submission, sort, expected):
    sortable_jobs(submission)
    team, wanted = submission.team, JobFilter(month=Month(2026, 11))
    pages = [history.history_page(team, JobFilter(), sort, rows=2)]
    while pages[-1].next:
        pages.append(history.history_page(team, JobFilter(), sort, before=pages[-1].next, rows=2))

    assert [row.job.name for page in pages for row in page.rows] == expected
    assert history.history_page(team, JobFilter(), sort, after=pages[-1].previous, rows=2).rows == pages[-2].rows
    assert [row.job.name for row in history.export_rows(team, JobFilter(), sort)] == expected
    charged = [name for name in expected if name != "free"]
    assert [row.job.name for row in history.history_page(team, wanted, sort).rows] == charged


def test_the_order_of_a_month_is_that_of_its_costs(submission):
    past.job(submission, "2026-10-31", 9, name="dear in October")
    mixed = past.job(submission, "2026-10-31", 5, 1, name="both")
    CostLine.objects.filter(job=mixed, attempt=2).update(day=date(2026, 11, 1))
    past.job(submission, "2026-11-03", 2, name="November")

    def sorted_names(month):
        page = history.history_page(submission.team, JobFilter(month=month), "-cost")
        return [row.job.name for row in page.rows]

    assert sorted_names(None) == ["dear in October", "both", "November"]
    assert sorted_names(Month(2026, 11)) == ["November", "both"]


def test_an_id_of_another_team_or_none_is_no_place_in_the_list(submission):
    make.job(submission)

    for cursor in (make.job().text_id, "nonsense"):
        with pytest.raises(InvalidPageCursorError):
            history.history_page(submission.team, JobFilter(), before=cursor)
        with pytest.raises(InvalidPageCursorError):
            history.history_page(submission.team, JobFilter(), after=cursor)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"statuses": ("FAILED",)}, ["c"]),
        ({"statuses": ("FAILED", "REFUSED")}, ["d", "c"]),
        ({"statuses": ("SUBMITTED",)}, []),
        ({"queue": "gpu"}, ["c"]),
        ({"queue": "other"}, []),
        ({"definition": "hello"}, ["d", "c", "b", "a"]),
        ({"tags": (("Project", "ALPHA"),)}, ["b", "a"]),
        ({"tags": (("Project", "ALPHA"), ("Department", "Risk"))}, ["b"]),
        ({"untagged": ("Project",)}, ["d", "c"]),
        ({"since": date(2026, 11, 2)}, ["d", "c", "b"]),
        ({"until": date(2026, 11, 2)}, ["b", "a"]),
        ({"month": Month(2026, 11)}, ["c", "b", "a"]),
        ({"month": Month(2026, 12)}, []),
        ({"text": "B"}, ["b"]),
        ({"text": "_"}, []),
    ],
)
def test_what_is_asked_for_is_found_and_nothing_else(submission, wanted, found):
    gpu = make.queue("gpu", of=submission.account)
    cpu = make.queue("cpu", of=submission.account)
    past.job(submission, "2026-11-01", 1, name="a", queue=cpu, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-02", 1, name="b", queue=cpu, tags={"Project": "ALPHA", "Department": "Risk"})
    past.job(submission, "2026-11-03", 1, name="c", queue=gpu, tags={"Department": "Risk"}, state=State.FAILED)
    refused = make.job(submission, name="d", queue=cpu, delivery=Delivery.REFUSED)
    Job.objects.filter(pk=refused.pk).update(accepted_at="2026-11-04T00:00Z")
    make.job(name="x")

    assert names(submission, **wanted) == found


def test_a_job_is_found_by_any_of_its_ids(submission):
    job = make.job(submission, name="a", batch_id="0a1b2c3d-0000-4000-8000-000000000001")
    make.job(submission, name="b")

    for text in (job.text_id, job.batch_id, f"{job.batch_id}:7", job.batch_id.upper(), job.marker):
        assert names(submission, text=text) == ["a"]


def test_people_find_their_own(submission):
    make.job(submission, name="mine")
    other = make.submission(make.member(submission.team), submission.account)
    make.job(other, name="theirs")

    assert names(submission, person=submission.person.username) == ["mine"]


def test_counts_are_those_of_the_filter_whatever_status_is_asked_for(submission):
    for state in (State.FAILED, State.FAILED, State.SUCCEEDED):
        make.job(submission, state=state, name="a")
    make.job(submission, delivery=Delivery.HELD, name="b")

    counts = history.status_counts(submission.team, JobFilter(statuses=("FAILED",)))
    assert [(status.name, number) for status, number in counts.by_status] == [
        ("HELD", 1),
        ("SUCCEEDED", 1),
        ("FAILED", 2),
    ]
    assert (counts.total, counts.is_complete) == (4, True)
    assert history.status_counts(submission.team, JobFilter(text="b")).total == 1


def test_counting_stops_at_a_limit_and_says_so(submission, monkeypatch):
    monkeypatch.setattr(history, "COUNT_LIMIT", 3)
    monkeypatch.setattr(history, "SEARCH_COUNT_LIMIT", 2)
    for _ in range(5):
        job = make.job(submission)

    counts = history.status_counts(submission.team, JobFilter(queue=job.queue.name))
    assert (counts.total, counts.is_complete) == (3, False)
    for wanted in (JobFilter(text="hello"), JobFilter(untagged=("Project",))):
        counts = history.status_counts(submission.team, wanted)
        assert (counts.total, counts.is_complete) == (2, False)
    counts = history.status_counts(submission.team, JobFilter(statuses=("FAILED",)))
    assert (counts.total, counts.is_complete) == (5, True)


def test_the_cost_of_a_row_is_the_sum_of_its_lines_and_of_a_month_only_that_months(submission):
    job = past.job(submission, "2026-11-01", 1, 2)
    line = job.cost_lines.order_by("attempt").first()
    line.day = date(2026, 10, 31)
    line.save()

    (row,) = history.history_page(submission.team, JobFilter()).rows
    assert row.usd == Decimal("0.15")
    (row,) = history.history_page(submission.team, JobFilter(month=Month(2026, 11))).rows
    assert row.usd == Decimal("0.1")


def test_an_export_has_every_row_once_and_ends_at_its_limit(submission, monkeypatch):
    monkeypatch.setattr(history, "CHUNK_SIZE", 2)
    made = [make.job(submission) for _ in range(5)][::-1]

    assert [row.job for row in history.export_rows(submission.team, JobFilter())] == made
    assert [row.job for row in history.export_rows(submission.team, JobFilter(), limit=3)] == made[:3]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (JobFilter(), "job_of_team"),
        (JobFilter(statuses=("FAILED",)), "job_of_team_status"),
        (JobFilter(tags=(("Project", "ALPHA"),)), "tag_of_team"),
        (JobFilter(month=Month(2026, 11)), "jobs_costline_job_id"),
        (JobFilter(since=date(2026, 11, 1), until=date(2026, 11, 30)), "job_of_team_accepted"),
    ],
)
def test_a_page_is_found_by_an_index_and_sorts_nothing(submission, wanted, index):
    jobs, order = history.sort_jobs(history.filter_jobs(submission.team, wanted), wanted, "")
    plan = jobs.order_by(*order)[:51].explain()
    if "SEARCH" not in plan:
        pytest.skip("the plans of SQLite are looked at")

    outer = [line for line in plan.splitlines() if "SCALAR" not in line]
    assert index in plan
    assert not any("SCAN jobs_job" in line for line in outer)
    assert "TEMP B-TREE" not in plan or wanted.month


@pytest.mark.parametrize(("sort", "index"), [("-cost", "job_of_team_cost"), ("run", "job_of_team_run")])
def test_a_sorted_page_is_a_range_of_an_index(submission, sort, index):
    jobs, order = history.sort_jobs(history.filter_jobs(submission.team, JobFilter()), JobFilter(), sort)
    for rows in (jobs, jobs.filter(pagination._follows(order, (5, 7)))):
        plan = rows.order_by(*order)[:51].explain()
        if "SEARCH" not in plan:
            pytest.skip("the plans of SQLite are looked at")
        assert index in plan
        assert "TEMP B-TREE" not in plan
    assert re.search(rf"{index} \(team_id=\? AND \w+[<>]\?\)", plan)
