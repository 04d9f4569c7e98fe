import re
from datetime import date
from decimal import Decimal
from itertools import chain

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import CostLine, Job, JobTag, Submission, pagination
from jobs.models.cost_rebuild import rebuild_month
from jobs.models.pagination import InvalidPageCursorError
from jobs.reports.job_search import Scope, pages, search_counts, search_jobs, search_page, search_rows, suggest, walk
from jobs.reports.job_search.conditions import conditions_of
from jobs.search import parse
from jobs.spec.redaction import MASK
from jobs.states import Delivery, State
from tests import make
from tests.reports import past
from tests.reports.job_names import names, scope_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


WALK_LIMITS = pytest.mark.parametrize("walk_limit", [1, 4, pages.WALK_LIMIT])


@pytest.fixture(autouse=True)
def _rates():
    past.rates()


@pytest.fixture
def submission():
    return make.submission()


@WALK_LIMITS
def test_pages_go_there_and_back_without_a_gap_or_a_repeat(submission, monkeypatch, walk_limit):
    monkeypatch.setattr(pages, "WALK_LIMIT", walk_limit)
    made = [make.job(submission).text_id for _ in range(8)][::-1]
    make.index_words()
    for search in map(parse, ("", "hello", "after:2020-01-01", "hello after:2020-01-01")):
        scope = scope_of(submission)
        first = search_page(scope, search, rows=3)
        second = search_page(scope, search, before=first.next, rows=3)
        third = search_page(scope, search, before=second.next, rows=3)
        assert [row.job.text_id for page in (first, second, third) for row in page.rows] == made
        assert (first.previous, third.next) == ("", "")

        back = search_page(scope, search, after=third.previous, rows=3)
        assert back.rows == second.rows
        again = search_page(scope, search, after=back.previous, rows=3)
        assert (again.rows, again.previous) == (first.rows, "")


@pytest.mark.parametrize("whose", ["team", "mine", "all", "many teams", "staff"])
@pytest.mark.parametrize("sort", ["", "time"])
def test_a_page_reads_a_part_of_the_jobs_and_the_next_one_goes_on(submission, monkeypatch, whose, sort):
    monkeypatch.setattr(walk, "READ_LIMIT", 3)
    if whose == "many teams":
        monkeypatch.setattr(walk, "MAX_TEAMS", 0)
    monkeypatch.setattr("jobs.reports.job_search.conditions.RARE_LIMIT", 1)
    made = [make.job(submission, name=f"job-{number}") for number in range(13)]
    for job in (made[0], made[1], made[12]):
        Job.objects.filter(pk=job.pk).update(exit_code=137)
    team = submission.team if whose in ("team", "mine") else None
    user = make.admin() if whose == "staff" else submission.person

    def scope() -> Scope:
        return Scope(user, team, mine=whose == "mine")

    def read(text: str) -> list[list[str]]:
        lists = [search_page(scope(), parse(text), sort=sort)]
        while lists[-1].next:
            lists.append(search_page(scope(), parse(text), sort=sort, before=lists[-1].next))
        return [[row.job.name for row in page.rows] for page in lists]

    newest_first = read("exit:137") if not sort else [names[::-1] for names in read("exit:137")][::-1]
    assert [] in newest_first
    assert list(chain.from_iterable(newest_first)) == ["job-12", "job-1", "job-0"]
    assert len(read("waited>1d")) > 1
    assert len(read("user:me")) == 1
    assert not search_counts(scope(), parse("exit:137")).is_complete
    monkeypatch.setattr("jobs.reports.job_search.conditions.RARE_LIMIT", 3)
    assert [len(page) for page in read("exit:137")] == [3]
    assert search_counts(scope(), parse("exit:137")).is_complete


def test_where_the_first_part_ends_is_looked_up_once_in_a_while(submission, monkeypatch, settings):
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "walk-ends"}
    settings.CACHES = {**settings.CACHES, "memory": memory}
    caches["memory"].clear()
    monkeypatch.setattr(walk, "READ_LIMIT", 3)
    made = [make.job(submission) for _ in range(5)]

    def end(*, mine: bool = False) -> int | None:
        return walk.last_key(Scope(submission.person, submission.team, mine=mine), "-pk")

    assert end() == made[1].pk
    assert end(mine=True) == made[1].pk
    made.append(make.job(submission))
    with CaptureQueriesContext(connection) as queries:
        assert end() == end(mine=True) == made[1].pk
    assert not queries
    assert walk.last_key(Scope(submission.person, submission.team), "-pk", made[5].pk) == made[1].pk
    caches["memory"].clear()
    assert end() == made[2].pk


def test_more_teams_take_no_more_queries(submission, django_assert_num_queries):
    for _ in range(walk.MAX_TEAMS):
        make.member(who=submission.person)
    make.job(submission)
    scope = Scope(submission.person)
    assert len(scope.team_keys or ()) == walk.MAX_TEAMS + 1

    with django_assert_num_queries(2):
        assert walk.last_key(scope, "-pk") is None


@pytest.mark.parametrize(("text", "number"), [("instance:x1.32xlarge", 0), ("-instance:x1.32xlarge", 1)])
def test_an_instance_type_that_no_cost_has_selects_no_job_and_all_others(submission, text, number):
    make.job(submission)

    assert search_jobs(scope_of(submission), parse(text)).count() == number


SORTED = {
    "-cost": ["dear", "long", "cheap-2", "cheap-1", "free"],
    "cost": ["free", "cheap-1", "cheap-2", "long", "dear"],
    "-run": ["long", "dear", "free", "cheap-2", "cheap-1"],
    "run": ["cheap-1", "cheap-2", "free", "dear", "long"],
    "-wait": ["free", "long", "cheap-2", "dear", "cheap-1"],
    "wait": ["cheap-1", "dear", "cheap-2", "long", "free"],
    "time": ["cheap-1", "dear", "cheap-2", "long", "free"],
    "-time": ["free", "long", "cheap-2", "dear", "cheap-1"],
}


def sortable_jobs(submission):
    """Jobs that cost a nickel an hour, with other run and wait times of their last attempt."""
    for name, hours, run_ms, wait_ms in (
        ("cheap-1", [1], 0, 5),
        ("dear", [9], 7, 8),
        ("cheap-2", [1], 0, 8),
        ("long", [1, 1], 9, 30),
        ("free", [], 1, 40),
    ):
        job = past.job(submission, "2026-11-03", *hours, name=name, document={"parameters": {"all": "1"}})
        Job.objects.filter(pk=job.pk).update(run_ms=run_ms, wait_ms=wait_ms)
    make.index_words()


@WALK_LIMITS
@pytest.mark.parametrize(("sort", "expected"), SORTED.items())
def test_sorted_pages_go_there_and_back_without_gap_or_repeat(submission, monkeypatch, sort, expected, walk_limit):
    monkeypatch.setattr(pages, "WALK_LIMIT", walk_limit)
    sortable_jobs(submission)
    scope = scope_of(submission)
    for search in map(parse, ("", "param.all:1", "param.all:1 after:2020-01-01")):
        lists = [search_page(scope, search, sort=sort, rows=2)]
        while lists[-1].next:
            lists.append(search_page(scope, search, sort=sort, before=lists[-1].next, rows=2))

        assert [row.job.name for page in lists for row in page.rows] == expected
        assert search_page(scope, search, sort=sort, after=lists[-1].previous, rows=2).rows == lists[-2].rows
        assert [row.job.name for row in search_rows(scope, search, sort)] == expected
    charged = [name for name in expected if name != "free"]
    assert names(submission, "month:2026-11", sort=sort) == charged


def test_the_order_of_a_month_is_that_of_its_costs(submission):
    past.job(submission, "2026-10-31", 9, name="dear in October")
    mixed = past.job(submission, "2026-10-31", 5, 1, name="both")
    CostLine.objects.filter(job=mixed, attempt=2).update(day=date(2026, 11, 1))
    past.job(submission, "2026-11-03", 2, name="November")

    assert names(submission, "", sort="-cost") == ["dear in October", "both", "November"]
    with CaptureQueriesContext(connection) as queries:
        assert names(submission, "month:2026-11", sort="-cost") == ["November", "both"]
    (sorting,) = [query["sql"] for query in queries if "ROUND" in query["sql"] and "ORDER BY" in query["sql"]]
    assert "jobs_submission" not in sorting  # what a row shows is read for the rows of the page


def test_an_id_of_another_team_or_none_is_no_place_in_the_list(submission):
    make.job(submission)

    for cursor in (make.job().text_id, "nonsense"):
        with pytest.raises(InvalidPageCursorError):
            search_page(scope_of(submission), parse(""), before=cursor)
        with pytest.raises(InvalidPageCursorError):
            search_page(scope_of(submission), parse("hello"), after=cursor)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status:failed", ["c"]),
        ("status:failed,refused", ["d", "c"]),
        ("-status:failed,refused", ["b", "a"]),
        ("status:submitted", []),
        ("queue:GPU", ["c"]),
        ("queue:other", []),
        ("def:hello", ["d", "c", "b", "a"]),
        ("def:hello:2", []),
        ("tag.Project:ALPHA", ["b", "a"]),
        ("tag.project:alpha tag.Department:Risk", ["b"]),
        ("tag.Department:*", ["c", "b"]),
        ("untagged:Project", ["d", "c"]),
        ("-untagged:Project", ["b", "a"]),
        ("after:2026-11-02", ["d", "c", "b"]),
        ("before:2026-11-03", ["b", "a"]),
        ("month:2026-11", ["c", "b", "a"]),
        ("month:2026-12", []),
        ("-month:2026-11", ["d"]),
        ("month:2026-11 untagged:Project", ["c"]),
        ('"B"', ["b"]),
        ("team:Two", []),
        ("source:json", ["d", "c", "b", "a"]),
        ("image:busybox", ["d", "c", "b", "a"]),
    ],
)
def test_what_is_asked_for_is_found_and_nothing_else(submission, text, found):
    gpu = make.queue("gpu", of=submission.account)
    cpu = make.queue("cpu", of=submission.account)
    past.job(submission, "2026-11-01", 1, name="a", queue=cpu, tags={"Project": "ALPHA"})
    past.job(submission, "2026-11-02", 1, name="b", queue=cpu, tags={"Project": "ALPHA", "Department": "Risk"})
    past.job(submission, "2026-11-03", 1, name="c", queue=gpu, tags={"Department": "Risk"}, state=State.FAILED)
    refused = make.job(submission, name="d", queue=cpu, delivery=Delivery.REFUSED)
    Job.objects.filter(pk=refused.pk).update(accepted_at="2026-11-04T00:00Z")
    make.job(name="b")
    make.index_words()

    assert names(submission, text) == found


def test_a_job_is_found_by_any_of_its_ids(submission):
    job = make.job(submission, name="a", batch_id="0a1b2c3d-0000-4000-8000-000000000001")
    make.job(submission, name="b")
    make.index_words()

    for text in (job.text_id, job.text_id[:10], job.batch_id, f"{job.batch_id}:7", job.batch_id.upper(), job.marker):
        assert names(submission, text) == ["a"], text
    assert names(submission, f"-{job.batch_id}") == ["b"]


def test_a_scope_is_what_the_person_may_see(submission):
    make.job(submission, name="mine")
    colleague = make.member(submission.team)
    make.job(make.submission(colleague, submission.account), name="colleague's")
    make.job(name="other team's")
    make.index_words()

    def found(scope: Scope, text: str = "") -> set[str]:
        return {row.job.name for row in search_page(scope, parse(text)).rows}

    person = submission.person
    assert found(scope_of(submission)) == {"mine", "colleague's"}
    assert found(Scope(person, submission.team, mine=True)) == {"mine"} == found(Scope(person, mine=True))
    assert found(Scope(person)) == {"mine", "colleague's"}
    assert found(Scope(make.admin())) == {"mine", "colleague's", "other team's"}
    stranger = Scope(make.user())
    for text in ("", "mine", "-mine", "image:busybox", "-other", "source:json"):
        assert found(stranger, text) == set()
        assert "other team's" not in found(Scope(person), text)
    assert found(scope_of(submission), "user:me") == {"mine"}


def test_counts_are_those_of_the_search_whatever_status_is_asked_for(submission):
    for state in (State.FAILED, State.FAILED, State.SUCCEEDED):
        make.job(submission, state=state, name="a")
    make.job(submission, delivery=Delivery.HELD, name="b")
    make.index_words()
    expected = [("HELD", 1), ("SUCCEEDED", 1), ("FAILED", 2)]

    for scope in (scope_of(submission), Scope(submission.person), Scope(submission.person, mine=True)):
        counts = search_counts(scope, parse("status:failed"))
        assert [(status.name, number) for status, number in counts.by_status] == expected
        assert (counts.total, counts.is_complete) == (4, True)
    assert search_counts(scope_of(submission), parse('"b"')).total == 1


def test_counting_stops_at_a_limit_and_says_so(submission, monkeypatch):
    monkeypatch.setattr(pages, "COUNT_LIMIT", 3)
    monkeypatch.setattr(pages, "SEARCH_COUNT_LIMIT", 2)
    for _ in range(5):
        job = make.job(submission)
    make.index_words()

    def counted(text: str) -> tuple[int, bool]:
        counts = search_counts(scope_of(submission), parse(text))
        return counts.total, counts.is_complete

    assert counted(f"queue:{job.queue.name}") == (3, False)
    assert counted("hello") == counted("untagged:Project") == counted("cost<1") == (2, False)
    assert counted("status:failed") == (5, True)


def test_the_cost_of_a_row_is_the_sum_of_its_lines_and_of_a_month_only_that_months(submission):
    job = past.job(submission, "2026-11-01", 1, 2)
    line = job.cost_lines.order_by("attempt").first()
    line.day = date(2026, 10, 31)
    line.save()

    (row,) = search_page(scope_of(submission), parse("")).rows
    assert row.usd == Decimal("0.15")
    (row,) = search_page(scope_of(submission), parse("month:2026-11")).rows
    assert row.usd == Decimal("0.1")


def test_an_export_has_every_row_once_and_ends_at_its_limit(submission, monkeypatch):
    monkeypatch.setattr(pages, "CHUNK_SIZE", 2)
    made = [make.job(submission) for _ in range(5)][::-1]

    assert [row.job for row in search_rows(scope_of(submission), parse(""))] == made
    assert [row.job for row in search_rows(scope_of(submission), parse(""), limit=3)] == made[:3]


def test_a_page_takes_the_same_queries_however_many_jobs_it_has(submission):
    def queries(text: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert search_page(scope_of(submission), parse(text)).rows
        return len(captured)

    for _ in range(2):
        past.job(submission, "2026-11-01", 1, tags={"a": "b"})
    make.index_words()
    few = {text: queries(text) for text in ("", "hello", "status:succeeded tag.a:b", "user:me def:hello")}
    for _ in range(4):
        past.job(submission, "2026-11-01", 1, tags={"a": "b"})
    make.index_words()

    assert {text: queries(text) for text in few} == few
    # PostgreSQL is asked first which are near, from which job on; words alone are looked up apart from the jobs, and
    # with a status more jobs are tried before.
    text, text_and_status = (6, 6) if connection.vendor == "postgresql" else (3, 3)
    assert few == {"": 3, "hello": text, "status:succeeded tag.a:b": text_and_status, "user:me def:hello": 5}


@pytest.mark.parametrize("sort", ["-cost", "run", "-wait"])
def test_words_in_another_order_are_sorted_by_key_before_rows_are_read(submission, sort):
    sortable_jobs(submission)

    with CaptureQueriesContext(connection) as captured:
        assert search_page(scope_of(submission), parse("param.all:1"), sort=sort).rows

    [by_words] = [query["sql"] for query in captured if "jobs_jobtext" in query["sql"]]
    assert "jobs_submission" not in by_words


@pytest.mark.parametrize("text", ["exit:137", "waited>1d", "queue:cpu", "hello"])
def test_a_page_and_its_counts_look_up_once_what_both_need(submission, text):
    past.job(submission, "2026-11-01", 1)
    make.index_words()

    def queries(*scopes: Scope) -> int:
        with CaptureQueriesContext(connection) as captured:
            for scope, report in zip(scopes, (search_page, search_counts), strict=True):
                report(scope, parse(text))
        return len(captured)

    shared = scope_of(submission)
    saved = queries(scope_of(submission), scope_of(submission)) - queries(shared, shared)
    assert saved > 0 or (text == "hello" and connection.vendor == "sqlite")


# -- Plans


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("", "job_of_team"),
        ("status:failed", "job_of_team_status"),
        ("month:2026-11", "jobs_costline_job_id"),
        ("after:2026-11-01 before:2026-12-01", "job_of_team_accepted"),
        ("train", "VIRTUAL TABLE"),
        ("tag.Project:ALPHA status:failed", "VIRTUAL TABLE"),
        ("untagged:Project", "VIRTUAL TABLE"),
        ("-train user:me", "VIRTUAL TABLE"),
    ],
)
def test_a_page_is_found_by_an_index_and_sorts_nothing(submission, text, index):
    plan = plan_of(submission, text)
    outer = [line for line in plan.splitlines() if "SCALAR" not in line]

    assert index in plan
    assert not any("SCAN jobs_job " in f"{line} " for line in outer)
    assert "TEMP B-TREE" not in plan or "month" in text


def plan_of(submission: Submission, text: str, sort: str = "", after: tuple[int, int] | None = None) -> str:
    scope = scope_of(submission)
    conditions = conditions_of(scope, parse(text), submission.created_at)
    jobs, order = pages._sorted(pages._filtered(scope, conditions), conditions, sort)
    if after:
        jobs = jobs.filter(pagination._follows(order, after))
    plan = jobs.order_by(*order)[:51].explain()
    if connection.vendor != "sqlite":
        pytest.skip("the plans of SQLite are looked at")
    return plan


@pytest.mark.parametrize(
    ("sort", "index"),
    [("-cost", "job_of_team_cost"), ("run", "job_of_team_run"), ("-wait", "job_of_team_wait")],
)
def test_a_sorted_page_is_a_range_of_an_index(submission, sort, index):
    for after in (None, (5, 7)):
        plan = plan_of(submission, "", sort, after)
        assert index in plan
        assert "TEMP B-TREE" not in plan
    assert re.search(rf"{index} \(team_id=\? AND \w+[<>]\?\)", plan)


# -- Suggestions


def test_a_secret_value_of_a_tag_is_neither_shown_nor_suggested(submission):
    job = make.job(submission)
    for key, value in (("db_password", "hunter22hunter"), ("DB_PASSWORD", MASK), ("Project", "ALPHA")):
        JobTag.objects.create(job=job, team=job.team, key=key, value=value)
    scope = scope_of(submission)

    (row,) = search_page(scope, parse("")).rows
    assert dict(row.tags) == {"db_password": MASK, "DB_PASSWORD": MASK, "Project": "ALPHA"}
    assert [dict(row.tags) for row in search_rows(scope, parse(""))] == [dict(row.tags)]
    assert [suggest(scope, text, len(text)) for text in ("tag.db_password:", "tag.db_password:h")] == [[], []]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sta", ["status:"]),
        ("-cos", ["cost>"]),
        ("ta", ["tag."]),
        ("tag.p", ["tag.Project:"]),
        ("tag.", ['tag."Cost Center":', "tag.Project:"]),
        ("env.", ["env.QUARTER:"]),
        ("param.", ["param.dataset:"]),
        ("status:fa", ["FAILED"]),
        ("status:failed,los", ["LOST"]),
        ("status:wait", ["AWAITING"]),
        ("queue:G", ["gpu"]),
        ("user:", ["me", "anna"]),
        ("team:", ["research"]),
        ("def:he", ["hello"]),
        ("account:P", ["Production"]),
        ("account:s", []),
        ("instance:", ["m5.large", "none"]),
        ("instance:g", []),
        ("tag.project:a", ["ALPHA"]),
        ("untagged:Cost", ['"Cost Center"']),
        ("array:", ["yes", "no"]),
        ("source:a", ["api"]),
        ("nothing", []),
        ("nokey:", []),
    ],
)
def test_keys_and_values_are_suggested(text, expected):
    team = make.team("research")
    member = make.member(team, who=make.user("anna"))
    submission = make.submission(member, make.account(name="Production"))
    queue = make.queue("gpu", of=submission.account, teams=(team,))
    document = {
        "containerOverrides": {"environment": [{"name": "QUARTER", "value": "1"}]},
        "parameters": {"dataset": "1"},
    }
    past.job(
        submission, "2026-11-01", 1, queue=queue, document=document, tags={"Project": "ALPHA", "Cost Center": "1"}
    )
    CostLine.objects.update(instance_type="m5.large")
    rebuild_month(team.pk, date(2026, 11, 1))
    other = past.job(make.submission(make.member(make.team("others")), make.account(name="Secret")), "2026-11-01", 1)
    CostLine.objects.filter(job=other).update(instance_type="g4dn.xlarge")
    rebuild_month(other.team_id, date(2026, 11, 1))
    scope = Scope(member.user, team)

    assert [suggestion.text for suggestion in suggest(scope, text, len(text))] == expected
    for suggestion in suggest(Scope(member.user), text, len(text)):
        assert suggestion.end == len(text)
