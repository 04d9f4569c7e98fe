"""How soon an account's news come while other accounts do not answer, by the real clock and the portal's own limits.

Beside an account that is well are three with work of every kind: one takes requests and never answers, one answers at
a byte a second, one answers 500. One worker and one clock serve all four.

`python -m tests.chaos.neighbours '{"hanging": "http://…", …}'` makes the three accounts, with a job in every stage.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

import django

from tests import http_wire
from tests.chaos.caller import job
from tests.chaos.world import Database, World, world
from tests.quickstart_process import ROOT

LONG, SHORT = 40, 80  # jobs that run already when the neighbours come, and jobs that are submitted beside them
RUNS_LONG = (8.0, 45.0)  # how long a job runs, in seconds
RUNS_SHORT = (0.2, 2.0)
PAUSE = (0.2, 0.6)  # between two submissions
WITHIN = 3.0  # 95 of 100 ends are known so soon, and as many submissions sent
PATIENCE = 300.0
NEIGHBOURS = {
    "hanging": http_wire.hang(600),
    "trickling": http_wire.trickle(b'{"jobs": []}' + b" " * 500, every=1.0),
    "failing": http_wire.breaks,
}


@dataclass(frozen=True)
class Delays:
    """Seconds that something took, for each of many jobs."""

    words: str
    seconds: list[float]

    @property
    def p95(self) -> float:
        return quantiles(self.seconds, n=20)[-1]

    def __str__(self) -> str:
        figures = f"p50 {median(self.seconds):.2f} s, p95 {self.p95:.2f} s, longest {max(self.seconds):.2f} s"
        return f"{self.words}: {figures} ({len(self.seconds)} jobs)"


def measure(database: Database, seed: int) -> tuple[list[Delays], list[str]]:
    """From the end of a job in AWS to its being known, and from acceptance to AWS's; and what was wrong."""
    chance = random.Random(seed)
    with world(database, workers=1, clocks=1, scale="real", rate=40, vcpus=LONG + SHORT) as here:
        _submit(here, "alone", SHORT // 2, RUNS_SHORT, chance)
        here.staff.until(lambda: not here.unfinished(), PATIENCE, "the first jobs have ended")
        delays = [_detection_delays(here, ["alone"], "alone"), _sending_delays(here, ["alone"], "alone")]
        _submit(here, "long", LONG, RUNS_LONG, chance, pause=(0.0, 0.0))
        with _neighbours(here):
            _submit(here, "short", SHORT, RUNS_SHORT, chance)
            own = f"({_of(['long', 'short'])})"
            here.staff.until(lambda: not here.unfinished(own), PATIENCE, "the jobs beside them have ended")
        words = "beside three that do not answer"
        beside = [_detection_delays(here, ["long", "short"], words), _sending_delays(here, ["short"], words)]
        wrong = [f"above {WITHIN:.0f} s at p95: {each}" for each in beside if each.p95 > WITHIN]
        wrong += _check_noticed(here)
        here.keep = bool(wrong)
    return [*delays, *beside], wrong


def _submit(
    here: World,
    name: str,
    count: int,
    runs: tuple[float, float],
    chance: random.Random,
    *,
    pause: tuple[float, float] = PAUSE,
) -> None:
    for number in range(count):
        command = ["sleep", f"{chance.uniform(*runs):.2f}"]
        document = {**job(f"{name}-{number}", "long"), "containerOverrides": {"command": command}}
        here.analyst.submit(document, f"{name}-{number}")
        here.staff.look_after()
        time.sleep(chance.uniform(*pause))


def _detection_delays(here: World, names: Sequence[str], words: str) -> Delays:
    ends = here.rows(f"SELECT stopped_at, ended_at FROM jobs_job WHERE {_of(names)}")  # noqa: S608
    return Delays(f"end to known, {words}", _seconds(ends))


def _sending_delays(here: World, names: Sequence[str], words: str) -> Delays:
    sent = here.rows(
        "SELECT j.accepted_at, c.at FROM jobs_statechange c JOIN jobs_job j ON j.id = c.job_id "  # noqa: S608
        f"WHERE c.delivery = 'SENT' AND c.state = 'SUBMITTED' AND ({_of(names)})"
    )
    return Delays(f"accepted to sent, {words}", _seconds(sent))


def _of(names: Sequence[str]) -> str:
    return " OR ".join(f"name LIKE '{name}-%'" for name in names)


def _seconds(spans: Sequence[tuple[Any, Any]]) -> list[float]:
    return [(_moment(end) - _moment(begin)).total_seconds() for begin, end in spans]


def _moment(told: datetime | str) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=None) if isinstance(told, str) else told.replace(tzinfo=None)


@contextmanager
def _neighbours(here: World) -> Iterator[None]:
    with ExitStack() as servers:
        urls = {name: servers.enter_context(http_wire.wire(answer)).url for name, answer in NEIGHBOURS.items()}
        made = subprocess.run(
            [sys.executable, "-m", "tests.chaos.neighbours", json.dumps(urls)],
            cwd=ROOT, env=here.staff.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        yield


def _check_noticed(here: World) -> Iterator[str]:
    """Each of the three was found out, or this has shown nothing."""
    for name, opened_at in here.rows(
        "SELECT name, breaker_opened_at FROM jobs_account JOIN jobs_accountstatus ON account_id = id"
        " WHERE name <> 'Sandbox'"
    ):
        if opened_at is None:
            yield f"the portal still asks the account {name}"


def prepare(urls: dict[str, str]) -> None:
    """An account at each URL, with something to poll, compare, look for, send, stop and register."""
    from django.utils.timezone import now

    from jobs.models import Registration
    from jobs.states import Delivery, State
    from tests import make

    for name, url in urls.items():
        account = make.account(name=name, endpoint_url=url, poll_seconds=1)
        queue = make.queue(of=account, arn=f"arn:aws:batch:us-west-2:123456789012:job-queue/{name}")
        submission = make.submission(where=account)
        due = {"queue": queue, "next_poll_at": now()}
        make.job(submission, **due)
        make.job(submission, state=State.RUNNING, **due)
        make.job(submission, state=State.RUNNING, stop_requested_at=now(), **due)
        past = now() - timedelta(seconds=5)
        make.job(submission, delivery=Delivery.SENDING, epoch=1, sent_at=past, lease_until=past, **due)
        make.revision("waits", where=account, of=submission.team, registration=Registration.ACCEPTED, number=None)


if __name__ == "__main__":
    django.setup()
    prepare(json.loads(sys.argv[1]))
