"""Very many events, shuffled, tripled and partly malformed, while jobs go on: no state ever goes back.

EVENTS_HEARD says how many, and `make chaos` asks for 100,000; EVENTS_SEED replays a failure.
"""

import json
import os
import random
import time
from typing import Any

import pytest

from jobs.models import Job, StateChange
from jobs.states import state_rank
from jobs.sync.events import EventConsumer
from jobs.sync.poll import poll
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.process]

HEARD = int(os.environ.get("EVENTS_HEARD", "8000"))
SEED = int(os.environ.get("EVENTS_SEED", "6"))
JOBS = 100
WAY = ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


class Truth:
    """What AWS would say of each job now: it goes on while events are heard."""

    def __init__(self) -> None:
        self.place = {f"j-{number}": 0 for number in range(JOBS)}
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, handler) -> None:
        ids = self.requests[-1][1]["jobs"]
        told = [{"jobId": name, "jobName": "x", "status": WAY[self.place[name]]} for name in ids]
        http_wire.reply(200, {"jobs": told})(handler)

    def goes_on(self, dice: random.Random) -> None:
        for name in dice.sample(sorted(self.place), 20):
            self.place[name] = min(len(WAY) - 1, self.place[name] + 1)


def events(dice: random.Random) -> list[str]:
    """Each thrice, a twentieth malformed, a tenth about jobs of others, in no order."""
    told = []
    for _ in range(HEARD // 3):
        name = f"j-{dice.randrange(JOBS)}" if dice.random() < 0.9 else f"foreign-{dice.random()}"
        detail = {"jobId": name, "status": dice.choice(WAY), "attempts": [{}] * dice.randrange(3)}
        body = json.dumps({"detail-type": "Batch Job State Change", "detail": detail})
        told += [body if dice.random() < 0.95 else body[: dice.randrange(len(body))]] * 3
    dice.shuffle(told)
    return told


def test_no_job_ever_goes_back_and_all_ends_are_known():
    dice, truth, ear = random.Random(SEED), Truth(), EventConsumer()
    told = events(dice)
    began = time.monotonic()
    with http_wire.wire(truth) as server:
        truth.requests = server.requests
        submission = make.submission(where=make.account(endpoint_url=server.url))
        for name in truth.place:
            make.job(submission, batch_id=name)
        for start in range(0, len(told), 10):
            ear.consume(told[start : start + 10])
            if start % 1000 == 0:
                truth.goes_on(dice)
                ear.retry_unknown()
                poll(submission.account)
        truth.place = dict.fromkeys(truth.place, len(WAY) - 1)
        Job.objects.update(next_poll_at=None)
        poll(submission.account)
    seconds = time.monotonic() - began
    print(f"{ear.received_count} events, {ear.malformed_count} malformed, in {seconds:.1f} s, seed {SEED}")  # noqa: T201

    assert ear.received_count == len(told)
    assert ear.malformed_count > HEARD / 50
    assert set(Job.objects.values_list("state", flat=True)) == {"SUCCEEDED"}
    for job in Job.objects.all():
        ranks = [state_rank(state) for state in StateChange.objects.filter(job=job).values_list("state", flat=True)]
        assert ranks == sorted(set(ranks))
