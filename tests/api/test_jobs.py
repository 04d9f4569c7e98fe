from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.aws.logs import LogEvents
from jobs.log_rate_limit import LogReadLimitError
from jobs.models import (
    ActualDelivery,
    CostExplorerCost,
    CostExplorerMonth,
    CostLine,
    Job,
    JobDependency,
    JobTag,
    LogCopy,
    Role,
)
from jobs.models.actual_cost import DeliveredCosts, parts_of_jobs, replace_costs
from jobs.models.cost_total import add_costs
from jobs.reports import log_copies
from jobs.states import Delivery, State
from tests import make
from tests.api.conftest import World, lines
from tests.fake_stream import FakeStream

pytestmark = pytest.mark.django_db

Streams = defaultdict[str, FakeStream]
AT = datetime(2026, 11, 22, 13, 5, 9, tzinfo=UTC)


def attempt(stream: str) -> dict[str, object]:
    told = dict.fromkeys(("started_at", "stopped_at", "exit_code", "status_reason", "reason"))
    return {**told, "log_stream": stream, "stopped_at": AT.isoformat()}


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Streams:
    """What each stream has. A response has two lines."""
    written = Streams(FakeStream)

    def respond(client: object, group: str, stream: str, **options: Any) -> LogEvents:
        return written[stream].respond(client, group, stream, **options)

    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.aws.logs.get_log_events", respond)
    monkeypatch.setattr(log_copies, "MAX_LINES_PER_REQUEST", 2)
    return written


@pytest.fixture
def job(world: World) -> Callable[..., Job]:
    return lambda **fields: make.job(make.submission(world.member, world.account), **fields)


def test_a_job_tells_how_it_goes(world: World, job: Callable[..., Job]):
    record = job(state=State.FAILED, exit_code=3, status_reason="Essential container exited", started_at=AT)
    told = world.program.get(f"/jobs/{record.text_id}").json()

    assert (told["state"], told["final"], told["exit_code"]) == ("FAILED", True, 3)
    assert (told["batch_job_id"], told["definition"], told["queue"]) == (record.batch_id, "hello:1", "q")
    assert (told["reason"], told["started_at"]) == ("Essential container exited", "2026-11-22T13:05:09Z")
    rows = lines(world.program.get(f"/jobs/{record.text_id}", accept="text/plain"))
    assert rows == [
        ["job", record.text_id, "hello", "FAILED", record.batch_id, "1", "3", "Essential container exited"]
    ]


def test_a_job_that_waits_or_failed_tells_its_cause(world: World, job: Callable[..., Job]):
    failed = job(state=State.FAILED, exit_code=137, memory_mib=4096)
    waiting, running = job(state=State.PENDING), job(state=State.RUNNING)
    answers = [world.program.get(f"/jobs/{row.text_id}").json() for row in (failed, waiting, running)]

    assert [(answer["cause"], answer["cause_label"]) for answer in answers] == [
        ("out-of-memory", "Out of memory"),
        ("dependencies", "Waiting for dependencies"),
        ("", ""),
    ]
    assert answers[0]["explanation"].endswith("the container needed more than its 4 GiB.")
    assert answers[0]["next_step"] == "Request more memory, or reduce what the job uses."


@pytest.mark.parametrize("code", [0, 255, -1])
def test_an_exit_code_is_told_as_it_is(world: World, job: Callable[..., Job], code: int):
    record = job(state=State.FAILED, exit_code=code)
    assert world.program.get(f"/jobs/{record.text_id}").json()["exit_code"] == code


def read_all(world: World, job: Job) -> tuple[list[str], bool]:
    """Every line, as a script reads them: from `next` to `next` until there is nothing new."""
    texts: list[str] = []
    place = ""
    for _ in range(20):
        told = world.program.get(f"/jobs/{job.text_id}/log?next={place}").json()
        texts += [line["text"] for line in told["lines"]]
        if told["end"] or (told["next"] == place and not told["lines"]):
            return texts, told["end"]
        place = told["next"]
    raise AssertionError("The log has no end.")


@pytest.mark.long
def test_a_log_is_read_from_its_first_line_over_all_attempts(world: World, job: Callable[..., Job], streams: Streams):
    streams["one"].write("a", "b", "c")
    streams["two"].write("d", "e", "f", "g")
    running = job(state=State.RUNNING, attempts=[attempt("one")], log_stream="two")
    assert read_all(world, running) == (list("abcdefg"), False)

    done = job(
        state=State.FAILED,
        attempts=[attempt("one"), attempt("two")],
        log_stream="two",
        ended_at=now() - timedelta(minutes=1),
    )
    assert read_all(world, done) == (list("abcdefg"), True)


def test_lines_that_come_late_are_waited_for(world: World, job: Callable[..., Job], streams: Streams):
    streams["one"].write("a")
    record = job(state=State.SUCCEEDED, attempts=[attempt("one")], log_stream="one", ended_at=now())
    assert read_all(world, record) == (["a"], False)


def test_a_log_that_another_request_reads_or_that_must_wait_is_not_at_its_end(
    world: World, job: Callable[..., Job], streams: Streams
):
    over = {"state": State.SUCCEEDED, "log_stream": "two", "ended_at": now() - timedelta(seconds=20)}
    record = job(attempts=[attempt("one")], **over)
    for name in ("one", "two"):
        streams[name].write("old")
    assert read_all(world, record) == (["old", "old"], True)
    LogCopy.objects.update(is_complete=False, read_at=now() - timedelta(minutes=1))
    for name in ("one", "two"):
        streams[name].write("new")

    def follow(place: str) -> tuple[str, bool]:
        told = world.program.get(f"/jobs/{record.text_id}/log?next={place}").json()
        assert told["lines"] == []
        return told["next"], told["end"]

    LogCopy.objects.update(lease_until=now() + timedelta(minutes=1))
    assert (follow("1.1"), follow("2.1")) == (("1.1", False), ("2.1", False))
    LogCopy.objects.update(lease_until=None)
    for name in ("one", "two"):
        streams[name].errors.append(LogReadLimitError("Too many logs are being read right now."))
    assert (follow("1.1"), follow("2.1")) == (("1.1", False), ("2.1", False))


def test_a_job_that_has_not_begun_has_a_log_that_is_not_at_its_end(world: World, job: Callable[..., Job]):
    told = world.program.get(f"/jobs/{job().text_id}/log").json()
    assert (told["lines"], told["end"], told["note"]) == ([], False, "The log appears when the job starts.")

    withdrawn = job(delivery="WITHDRAWN", ended_at=now() - timedelta(minutes=1))
    assert world.program.get(f"/jobs/{withdrawn.text_id}/log").json()["end"] is True


@pytest.mark.parametrize("place", ["x", "0.", "1", "1.f/1 2", "1000.f", "1." + "f" * 500, "../../x", "1.\n"])
def test_what_is_no_place_in_a_log_is_422(world: World, job: Callable[..., Job], place: str):
    record = job(state=State.RUNNING, log_stream="one")
    answer = world.program.client.get(
        f"/api/v1/jobs/{record.text_id}/log",
        {"next": place},
        headers={"Authorization": f"Bearer {world.program.secret}"},
    )
    assert answer.status_code == 422


def test_as_text_a_log_line_can_neither_forge_another_nor_speak_to_the_terminal(
    world: World, job: Callable[..., Job], streams: Streams
):
    streams["one"].write("\x1b[31mred\x1b[0m\tand\nnext\t9.\t1", "")
    record = job(state=State.RUNNING, log_stream="one")
    told = world.program.get(f"/jobs/{record.text_id}/log", accept="text/plain")

    assert lines(told) == [["next", "1.2", "0"], ["line", "2026-11-28T12:00:00Z", "red and next 9. 1"]]


def test_hostile_lines_are_data_in_json_and_harmless_as_text(world: World, job: Callable[..., Job], streams: Streams):
    hostile = (
        "<script>alert(1)</script> \x1b]8;;http://evil/\x07link\x1b]8;;\x07 \u202etxt.exe\u2066 \ud800"
        + "x" * 1_000_000
    )
    streams["one"].write(hostile)
    path = f"/jobs/{job(state=State.RUNNING, log_stream='one').text_id}/log"
    as_json, as_text = (world.program.get(path, accept=accept) for accept in ("application/json", "text/plain"))

    assert as_json.headers["Content-Type"].startswith("application/json")
    assert as_json.headers["X-Content-Type-Options"] == as_text.headers["X-Content-Type-Options"] == "nosniff"
    assert [line["text"] for line in as_json.json()["lines"]] == [hostile.replace("\ud800", "?")]
    assert b"\x1b" not in as_json.content
    [_, (*_, line)] = lines(as_text)
    assert line.startswith("<script>alert(1)</script> link")
    assert not set(line) & set("\x1b\x07\u202e\u2066")


def test_a_job_is_asked_to_stop_and_asking_again_changes_nothing(
    world: World, job: Callable[..., Job], enqueued: list[str]
):
    record = job(state=State.RUNNING)
    first, again = (world.program.post(f"/jobs/{record.text_id}/stop", Idempotency_Key="k") for _ in range(2))

    assert (first.status_code, first.json()) == (202, again.json())
    assert first.json()["stop_requested"] is True
    record.refresh_from_db()
    assert record.stop_requested_by == world.member.user


def test_stopping_a_step_that_has_ended_stops_no_step_after_it(
    world: World, job: Callable[..., Job], enqueued: list[str]
):
    ended = job(state=State.SUCCEEDED, ended_at=AT)
    running = make.job(ended.submission, state=State.RUNNING)
    JobDependency.objects.create(job=running, parent=ended)
    told = world.program.post(f"/jobs/{ended.text_id}/stop")

    assert (told.status_code, told.json()["stop_requested"]) == (202, False)
    running.refresh_from_db()
    assert running.stop_requested_at is None


def test_a_held_job_is_sent_by_the_token_of_a_lead_alone(world: World, job: Callable[..., Job], enqueued: list[str]):
    record = job(delivery=Delivery.HELD)
    refused = world.program.post(f"/jobs/{record.text_id}/release")
    world.member.team.memberships.update(role=Role.LEAD)
    first, again = (world.program.post(f"/jobs/{record.text_id}/release") for _ in range(2))

    assert (refused.status_code, "can't release held jobs" in refused.json()["detail"]) == (403, True)
    assert (first.status_code, first.json()["state"]) == (202, "ACCEPTED")
    assert first.json() == again.json()
    assert list(record.history.values_list("delivery", "source")) == [("ACCEPTED", "person")]


def cost(job: Job, usd: str, day: datetime = AT) -> None:
    line = CostLine.objects.create(
        job=job,
        attempt=1,
        day=day.date(),
        team=job.team,
        account=job.account,
        queue=job.queue,
        definition=job.revision.definition,
        person=job.submission.person,
        succeeded=True,
        billed_seconds=Decimal(60),
        usd=Decimal(usd),
    )
    add_costs([line])


def test_costs_are_the_teams_own_and_exact(world: World, job: Callable[..., Job]):
    cost(job(state=State.SUCCEEDED), "0.1000000001")
    cost(job(state=State.SUCCEEDED), "0.2")
    cost(make.job(make.submission(), state=State.SUCCEEDED), "99")

    told = world.program.get("/costs?month=2026-11&by=queue").json()
    assert (told["month"], told["by"], told["currency"], told["estimate"]) == ("2026-11", "queue", "USD", True)
    assert [(row["value"], Decimal(row["usd"]), row["jobs"]) for row in told["rows"]] == [
        ("q", Decimal("0.3000000001"), 2)
    ]
    assert Decimal(told["total"]["usd"]) == Decimal("0.3000000001")

    rows = lines(world.program.get("/costs?month=2026-11&by=tag:Project", accept="text/plain"))
    assert [row[:2] for row in rows] == [["cost", "-"], ["total", "-"]]
    assert world.program.get("/costs?month=2027-01").json()["rows"] == []


@pytest.mark.parametrize("query", ["month=2026-13", "month=x", "by=team", "by=tag:", "month=2026-11&by=usd"])
def test_costs_asked_for_wrongly_are_422(world: World, query: str):
    assert world.program.get(f"/costs?{query}").status_code == 422


def test_actual_costs_are_the_teams_own_beside_the_estimate(world: World, job: Callable[..., Job]):
    mine, theirs = job(state=State.SUCCEEDED), make.job(make.submission(), state=State.SUCCEEDED)
    cost(mine, "0.1")
    cost(theirs, "99")
    for billed, units in ((mine, 2_000_000_001), (theirs, 10**12)):
        delivery = ActualDelivery(
            account=billed.account,
            month=date(2026, 11, 1),
            name="export",
            delivered_at=now(),
            imported_at=now(),
            data_through=date(2026, 11, 30),
            lines=1,
            has_split=True,
        )
        costs = DeliveredCosts()
        costs.add_job(billed.pk, parts_of_jobs([billed.pk])[billed.pk], {date(2026, 11, 3): (units, 5)})
        replace_costs(delivery, costs)

    answer = world.program.get("/costs/actual?month=2026-11&by=queue").json()
    assert (answer["data_through"], answer["missing"], answer["last_day"]) == ("2026-11-30", [], "2026-11-30")
    assert [
        (row["value"], Decimal(row["estimate_usd"]), row["allocated_usd"], row["idle_usd"]) for row in answer["rows"]
    ] == [("q", Decimal("0.1"), "0.2000000001", "0.0000000005")]
    assert answer["total"]["allocated_usd"] == "0.2000000001"
    assert answer["cost_explorer"] is None
    empty = world.program.get("/costs/actual?month=2027-01").json()
    assert (empty["data_through"], empty["rows"]) == (None, [])
    for query in ("by=state", "by=team", "month=x"):
        assert world.program.get(f"/costs/actual?{query}").status_code == 422


def test_costs_of_cost_explorer_come_with_the_actual_ones_by_a_tag(world: World, job: Callable[..., Job]):
    mine = job(state=State.SUCCEEDED)
    JobTag.objects.create(job=mine, team=mine.team, key="Project", value="A")
    cost(mine, "0.1")
    day = date(2026, 11, 3)
    reading = CostExplorerMonth.objects.create(
        account=mine.account,
        key="Project",
        month=day.replace(day=1),
        read_at=now(),
        data_through=day,
        is_by_team=True,
    )
    for team, units in ((mine.team, 2_000_000_001), (None, 10**12)):
        CostExplorerCost.objects.create(reading=reading, day=day, team=team, value="A", usd_units=units)

    answer = world.program.get("/costs/actual?month=2026-11&by=tag:Project").json()["cost_explorer"]
    assert (answer["first_day"], answer["last_day"], answer["data_through"]) == (
        "2026-11-01",
        "2026-11-03",
        "2026-11-03",
    )
    assert [(row["value"], row["kind"], row["usd"]) for row in answer["rows"]] == [
        ("A", "value", "0.2000000001"),
        (None, "untagged", "0.0000000000"),
    ]
    assert answer["total"]["usd"] == "0.2000000001"
    assert (
        "0.2000000001"
        in world.program.get("/costs/actual?by=tag:Project&month=2026-11", accept="text/plain").content.decode()
    )
