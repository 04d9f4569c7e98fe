"""What must hold at the end, over the portal's rows and the sandbox's ledger. The numbers are those of I1-I14.

    I1, I5   every key that was acknowledged has one submission, and no other is there
    I2       a job was accepted once at most            I3   every job is sent, refused or withdrawn
    I4       an id is the one under which the ledger has the job's own name
    I6, I7   nothing follows an end, and nobody goes back
    I8       what the row says was told in its history
    I9       what was never sent is not in the ledger
    I10      a step is sent after the steps that it waits for
    I11      an attempt is charged once                 I12  a job is of its submission's team
    I13      Redis may lose everything: the storm empties it
    I14      no second has more requests than the account's rate, by much

And beyond the list: the state of a job is what AWS says of it.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jobs.states import FINAL_STATES, state_rank
from tests.chaos.world import FINAL, World

OVER_SECONDS = 10
BURST_SECONDS = 0.8  # of the rate may leave at once after a pause: see `jobs.dispatch.rate_limit`
# Threads that were paused together go on together, and AWS is asked to be patient with that many.
AT_ONCE = 16


@dataclass
class Count:
    """The figures of a run."""

    jobs: int = 0
    accepted: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong_ids: int = 0
    stuck: int = 0

    def __str__(self) -> str:
        return (
            f"{self.jobs} jobs, {self.accepted} accepted: {self.lost} lost, {self.duplicated} duplicated, "
            f"{self.wrong_ids} wrong ids, {self.stuck} stuck"
        )


def count_jobs(world: World) -> Count:
    by_name: dict[str, list[str]] = defaultdict(list)
    for each in world.ledger():
        by_name[each["name"]].append(each["accepted"])
    rows = world.rows("SELECT marker, delivery, batch_id FROM jobs_job")
    sent = [(marker, batch_id) for marker, delivery, batch_id in rows if delivery == "SENT"]
    return Count(
        jobs=len(rows),
        accepted=sum(map(len, by_name.values())),
        lost=sum(marker not in by_name for marker, _ in sent),
        duplicated=sum(len(ids) > 1 for ids in by_name.values()),
        wrong_ids=sum(batch_id not in by_name.get(marker, [batch_id]) for marker, batch_id in sent),
        stuck=world.unfinished(),
    )


def broken_promises(world: World) -> list[str]:
    """Each promise that was not kept, in words; none if all is well."""
    figures = count_jobs(world)
    failures = [] if (figures.lost, figures.duplicated, figures.wrong_ids) == (0, 0, 0) else [str(figures)]
    for check in (
        _check_acknowledged,
        _check_ended,
        _check_never_sent,
        _check_histories,
        _check_order,
        _check_charges,
        _check_teams,
        _rate,
        _check_states,
    ):
        failures += [f"{(check.__doc__ or '').rstrip('.')}: {words}" for words in check(world)]
    return failures


def _check_acknowledged(world: World) -> Iterator[str]:
    """I1, I5."""
    keys = Counter(key for (key,) in world.rows("SELECT request_key FROM jobs_submission"))
    asked = set(world.analyst.acknowledged)
    yield from (f"{key} has {keys[key]} submissions" for key in asked if keys[key] != 1)
    yield from (f"{key} was never acknowledged" for key in keys if key not in asked)
    ids = dict(world.rows("SELECT request_key, job_count FROM jobs_submission"))
    held = dict(
        world.rows(
            "SELECT s.request_key, count(*) FROM jobs_submission s "
            "JOIN jobs_job j ON j.submission_id = s.id GROUP BY 1"
        )
    )
    yield from (
        f"{key} has {held.get(key, 0)} of {count} jobs" for key, count in ids.items() if held.get(key) != count
    )


def _check_ended(world: World) -> Iterator[str]:
    """I3."""
    for row in world.rows(f"SELECT id, delivery, state, delivery_note FROM jobs_job WHERE NOT ({FINAL})"):  # noqa: S608
        yield f"job {row} has not ended"


def _check_never_sent(world: World) -> Iterator[str]:
    """I2, I4, I9."""
    known = {
        marker: (delivery, batch_id)
        for marker, delivery, batch_id in world.rows("SELECT marker, delivery, batch_id FROM jobs_job")
    }
    for each in world.ledger():
        delivery, batch_id = known.get(each["name"], ("no row", ""))
        if delivery != "SENT" or batch_id != each["accepted"]:
            yield f"AWS has {each['name']} as {each['accepted']}, the portal as {batch_id} ({delivery})"


def _check_histories(world: World) -> Iterator[str]:
    """I6, I7, I8."""
    told: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for job, *change in world.rows("SELECT job_id, delivery, state, attempt FROM jobs_statechange ORDER BY id"):
        told[job].append((change[0], change[1], change[2]))
    for job, delivery, state in world.rows("SELECT id, delivery, state FROM jobs_job"):
        changes = told[job]
        if not changes or changes[-1][:2] != (delivery, state):
            yield f"job {job} is {delivery} {state}, its history ends with {changes[-1:]}"
        for (_, before, attempts), (_, after, more) in pairwise([each for each in changes if each[1]]):
            if before in FINAL_STATES or (more, state_rank(after)) < (attempts, state_rank(before)):
                yield f"job {job} went from {before} to {after}"


def _check_order(world: World) -> Iterator[str]:
    """I10."""
    order = {each["name"]: each["number"] for each in world.ledger()}
    edges = world.rows(
        "SELECT p.marker, c.marker FROM jobs_jobdependency d "
        "JOIN jobs_job p ON p.id = d.parent_id JOIN jobs_job c ON c.id = d.job_id"
    )
    for parent, child in edges:
        if child in order and not order.get(parent, len(order) + 1) < order[child]:
            yield f"{child} was sent before {parent}"


def _check_charges(world: World) -> Iterator[str]:
    """I11."""
    for row in world.rows("SELECT job_id, attempt FROM jobs_costline GROUP BY 1, 2 HAVING count(*) > 1"):
        yield f"attempt {row} was charged twice"


def _check_teams(world: World) -> Iterator[str]:
    """I12."""
    for row in world.rows(
        "SELECT j.id FROM jobs_job j JOIN jobs_submission s ON s.id = j.submission_id WHERE s.team_id <> j.team_id"
    ):
        yield f"job {row} changed its team"


def _rate(world: World) -> Iterator[str]:
    """I14."""
    moments = sorted(each["at"] for each in world.ledger())
    most = max(
        (bisect_left(moments, at + OVER_SECONDS * 1000) - place for place, at in enumerate(moments)), default=0
    )
    if most > world.rate * (OVER_SECONDS + BURST_SECONDS) + AT_ONCE:
        yield f"{most} were accepted within {OVER_SECONDS} s, at {world.rate} a second"


def _check_states(world: World) -> Iterator[str]:
    """True."""
    ours = dict(world.rows("SELECT batch_id, state FROM jobs_job WHERE batch_id IS NOT NULL"))
    ids = list(ours)
    for start in range(0, len(ids), 100):
        for job in world.bench.batch.describe_jobs(jobs=ids[start : start + 100])["jobs"]:
            if not _is_same_state(ours[job["jobId"]], job):
                yield f"{job['jobId']} is {job['status']} in AWS, and {ours[job['jobId']]} in the portal"


def _is_same_state(state: str, job: Any) -> bool:
    stopped = job.get("isTerminated") or job.get("isCancelled")
    said = "STOPPED" if job["status"] == "FAILED" and stopped else job["status"]
    return bool(said == state)
