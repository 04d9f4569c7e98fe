"""Lists through the API: by page, and of one team."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from jobs.access import Member
from jobs.models import Role
from jobs.models.job_text import insert_texts
from jobs.states import State
from tests import make
from tests.api.conftest import Program, World, lines
from tests.reports import past

pytestmark = pytest.mark.django_db


@pytest.fixture
def others() -> Member:
    """Another team with all that lists have."""
    member = make.member()
    submission = make.submission(member, name="theirs")
    make.approval(submission)
    job = make.job(submission, name="theirs")
    insert_texts([(job, {}, {})])
    return member


def pages(program: Program, path: str, key: str) -> list[dict[str, Any]]:
    """All rows, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        content = program.get(f"{path}{'&' if '?' in path else '?'}after={cursor}").json()
        rows += content[key]
        cursor = content["next"]
        if not cursor:
            return rows


def test_jobs_are_searched_as_on_the_page(
    world: World, others: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    past.rates()
    submission = make.submission(world.member, world.account)
    for number in range(5):
        job = past.job(submission, "2026-11-01", 1, name=f"good-{number}", tags={"Project": "ALPHA"})
        insert_texts([(job, job.revision.document, {"Project": "ALPHA"})])
    past.job(submission, "2026-11-02", 1, name="bad", state=State.FAILED, exit_code=137)

    with django_assert_num_queries(6):
        content = world.program.get("/jobs?limit=2&search=good tag.project:alpha").json()
    assert [row["name"] for row in content["jobs"]] == ["good-4", "good-3"]
    assert [row["name"] for row in pages(world.program, "/jobs?limit=2&search=good", "jobs")] == [
        f"good-{number}" for number in (4, 3, 2, 1, 0)
    ]
    (bad,) = world.program.get("/jobs?search=status:failed").json()["jobs"]
    assert {name: bad[name] for name in ("name", "state", "exit_code", "queue", "user", "usd", "tags", "team")} == {
        "name": "bad",
        "state": "FAILED",
        "exit_code": 137,
        "queue": "q",
        "user": world.member.user.username,
        "usd": "0.0500000000",
        "tags": {},
        "team": world.member.team.slug,
    }
    assert [row["name"] for row in world.program.get("/jobs?sort=time&limit=1").json()["jobs"]] == ["good-0"]
    assert world.program.get("/jobs?search=theirs").json()["jobs"] == []
    text = lines(world.program.get("/jobs?limit=1&search=bad", accept="text/plain"))
    assert text == []
    text = lines(world.program.get("/jobs?limit=1", accept="text/plain"))
    assert [line[0] for line in text] == ["job", "next"]
    assert text[0][2:4] == ["bad", "FAILED"]


def test_mine_are_those_of_the_person_of_the_token(world: World) -> None:
    make.job(make.submission(world.member, world.account), name="mine")
    make.job(make.submission(make.member(world.member.team), world.account), name="colleague's")

    assert [row["name"] for row in world.program.get("/jobs?mine=true").json()["jobs"]] == ["mine"]
    assert len(world.program.get("/jobs").json()["jobs"]) == 2


def test_a_search_is_refused_with_the_place_and_a_suggestion(world: World) -> None:
    answer = world.program.get("/jobs?search=train stauts:failed cost:1")

    assert answer.status_code == 422
    assert [(problem["column"], problem["message"]) for problem in answer.json()["problems"]] == [
        (
            7,
            "There is no key “stauts”. To search for the text, put it in quotation marks. Did you mean status:?",
        ),
        (21, "Compare cost with < or >, such as cost>1.50. Did you mean cost>?"),
    ]


@pytest.mark.parametrize(
    "path",
    ["jobs", "submissions", "submissions?search=x", "queues", "definitions", "approvals", "approvals?state=decided"],
)
def test_a_cursor_that_is_none_is_refused(world: World, path: str) -> None:
    answer = world.program.get(f"/{path}{'&' if '?' in path else '?'}after=nonsense")

    assert (answer.status_code, answer.json()["detail"]) == (422, "Start again without after.")


def test_submissions_are_listed(world: World, others: Member) -> None:
    submission = make.submission(world.member, world.account, name="nightly")
    make.job(submission, state=State.RUNNING)
    make.job(submission, state=State.FAILED)

    (row,) = world.program.get("/submissions").json()["submissions"]
    assert (row["id"], row["name"], row["state"], row["jobs"], row["source"]) == (
        submission.text_id,
        "nightly",
        "RUNNING",
        {"RUNNING": 1, "FAILED": 1},
        "json",
    )
    text = lines(world.program.get("/submissions", accept="text/plain"))
    assert text == [["submission", submission.text_id, row["url"]]]


@pytest.mark.postgres
@pytest.mark.parametrize("rare_limit", [1, 1_000])
def test_submissions_are_searched_by_their_jobs(
    world: World, others: Member, monkeypatch: pytest.MonkeyPatch, rare_limit: int
) -> None:
    monkeypatch.setattr("jobs.reports.submission_search.RARE_LIMIT", rare_limit)
    colleague = make.member(world.member.team)
    for name, member in (("one", world.member), ("two", colleague), ("three", world.member)):
        submission = make.submission(member, world.account, name=name)
        for state in (State.FAILED, State.FAILED, State.SUCCEEDED):
            job = make.job(submission, name=f"job-of-{name}", state=state)
            insert_texts([(job, {}, {})])

    def names(query: str) -> list[str]:
        return [row["name"] for row in pages(world.program, f"/submissions?{query}", "submissions")]

    assert names("search=status:failed") == ["three", "two", "one"]
    assert names("search=job") == ["three", "two", "one"]
    assert names("search=two") == ["two"]
    assert names("search=status:running") == names("search=theirs") == []
    assert names("search=job&mine=true") == names("mine=true") == ["three", "one"]
    assert world.program.get("/submissions?search=stauts:failed").status_code == 422


def test_definitions_are_listed(world: World) -> None:
    make.revision("align", of=world.member.team, where=world.account)
    make.revision("theirs", where=world.account)

    rows = world.program.get("/definitions").json()["definitions"]
    assert [(row["name"], row["revision"], row["team"]) for row in rows] == [
        ("align", 1, world.member.team.slug),
        ("hello", 1, world.member.team.slug),
    ]
    assert [row["name"] for row in world.program.get("/definitions?q=ali").json()["definitions"]] == ["align"]
    assert world.program.get("/definitions?archived=true").json()["definitions"] == []
    assert [line[:3] for line in lines(world.program.get("/definitions?q=ali", accept="text/plain"))] == [
        ["definition", "align", "1"]
    ]


def test_queues_are_listed(world: World, others: Member) -> None:
    make.job(make.submission(world.member, world.account), state=State.RUNNING)

    assert world.program.get("/queues").json() == {
        "queues": [
            {"name": "q", "region": "us-west-2", "state": "ENABLED", "status": "VALID", "running": 1, "waiting": 0}
        ],
        "next": "",
    }
    text = lines(world.program.get("/queues", accept="text/plain"))
    assert text == [["queue", "q", "us-west-2", "ENABLED", "VALID", "1", "0"]]


def test_queues_are_paged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.api.queues.PAGE_SIZE", 2)
    for name in ("c", "a", "b"):
        make.queue(name, of=world.account, teams=(world.member.team,))

    assert [row["name"] for row in pages(world.program, "/queues", "queues")] == ["a", "b", "c", "q"]


def test_requests_for_approval_are_listed(
    world: World, others: Member, program_of: Callable[[Member], Program]
) -> None:
    submission = make.submission(world.member, world.account, name="dear")
    approval = make.approval(submission)

    (row,) = world.program.get("/approvals").json()["approvals"]
    assert (row["id"], row["submission"], row["name"], row["state"], row["decided_by"]) == (
        approval.text_id,
        submission.text_id,
        "dear",
        "waiting",
        None,
    )
    assert world.program.get("/approvals?state=decided").json()["approvals"] == []
    assert lines(world.program.get("/approvals", accept="text/plain"))[0][:4] == [
        "request", approval.text_id, submission.text_id, "waiting",
    ]  # fmt: skip


def test_a_token_says_who_it_acts_for(world: World, program_of: Callable[[Member], Program]) -> None:
    content = world.program.get("/me").json()

    assert content.pop("expires_at")
    assert content == {
        "user": world.member.user.username,
        "team": world.member.team.slug,
        "role": "analyst",
        "token": "CI",
        "can_submit": True,
    }
    viewer = make.member(world.member.team, Role.VIEWER)
    assert not program_of(viewer).get("/me").json()["can_submit"]
    assert lines(world.program.get("/me", accept="text/plain"))[0][:5] == [
        "me", world.member.user.username, world.member.team.slug, "analyst", "1",
    ]  # fmt: skip
