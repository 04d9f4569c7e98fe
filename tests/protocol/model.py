"""Delivery as a machine that can be explored whole: one job, some workers, the reconciler, people, and Amazon.

It does what `jobs.dispatch`, `jobs.models.job`, `jobs.sync.reconcile` and `jobs.actions.job_control` do: one step for
each transaction and for each thing that happens on the wire. Between any two steps anything may pass: time, another's
step, a death. A process that is paused is one that takes no step.

Nothing counts upwards, so the machine is finite and is explored for all time, not up to a moment. Times are ages,
and an age beyond which nothing depends on it stays as it is. An epoch is only ever compared for equality and only
grows; so whoever copied it holds the row's own (`mine`) or an old one, for good.

A step taken at the very tick at which a limit ends is within the limit, so each limit is met at its worst.
"""

from collections.abc import Iterator

from tests.protocol.state import (
    ACCEPTED,
    AWAY,
    HELD,
    IDLE,
    REFUSED,
    SENDING,
    SENT,
    WITHDRAWN,
    Protocol,
    Reconciler,
    State,
    Worker,
    World,
)
from tests.protocol.worker import Step, Turn, Work, may_be_unlisted, released_row


class Machine:
    """The steps from a state."""

    def __init__(self, protocol: Protocol, world: World) -> None:
        self.protocol = protocol
        self.world = world
        self._work = Work(protocol, world)
        self._oldest = protocol.quarantine + 1

    @property
    def start(self) -> State:
        return State(workers=(IDLE,) * self.world.workers)

    def steps(self, state: State) -> Iterator[Step]:
        yield "time passes", self._tick(state)
        before: Worker | None = None
        for place, worker in enumerate(state.workers):
            if worker != before:  # two workers at the same place are one case
                yield from self._work.steps(Turn(state, place, worker))
            before = worker
        yield from self._loose(state)
        yield from self._reconcile(state)
        yield from self._people(state)

    # Time

    def _tick(self, state: State) -> State:
        world = self.world
        return state._replace(
            lease=max(0, state.lease - 1),
            sent_age=min(self._oldest, state.sent_age + 1) if state.delivery == SENDING else 0,
            workers=tuple(sorted(self._older(worker) for worker in state.workers)),
            loose=tuple(age + 1 for age in state.loose if age < world.signature),
            jobs=tuple(min(world.list_lag, age + 1) for age in state.jobs),
        )

    def _older(self, worker: Worker) -> Worker:
        if worker.at == "waiting":
            return worker._replace(age=min(self.world.signature + 1, worker.age + 1))
        if worker.at == "noted":
            return worker._replace(age=min(self._oldest, worker.age + 1))
        if worker.at in ("written", "marked", "open"):
            return worker._replace(age=min(self.world.send_within + 1, worker.age + 1))
        return worker

    # The wire, the reconciler, and a person

    def _loose(self, state: State) -> Iterator[Step]:
        for place, age in enumerate(state.loose):
            left = state.loose[:place] + state.loose[place + 1 :]
            yield "Amazon accepts a late request", state._replace(loose=left, jobs=(*state.jobs, 0))
            yield "a late request is lost", state._replace(loose=left)
            if age == state.loose[-1]:
                break

    def _reconcile(self, state: State) -> Iterator[Step]:
        known = state.reconciler
        if not known.found:
            if state.delivery == SENDING and not state.lease:
                if state.jobs:
                    yield "reconciler: found", state._replace(reconciler=Reconciler("job", True, state.stop))
                waited = state.sent_age + self.world.reconciler_ahead
                if may_be_unlisted(state, self.world) and waited > self.protocol.quarantine:
                    yield "reconciler: absent", state._replace(reconciler=Reconciler("nothing", True, state.stop))
            return
        yield "the reconciler dies", state._replace(reconciler=AWAY)
        if not known.mine or state.delivery != SENDING:
            yield "reconciler: someone was quicker", state._replace(reconciler=AWAY)
        elif known.found == "job":
            yield "reconciler: adopt", state._replace(reconciler=AWAY, delivery=SENT, lease=0, sent_age=0)
        else:
            back = released_row(state, self.protocol, stop=known.stop)
            yield "reconciler: put back", state._replace(reconciler=AWAY, **back)  # type: ignore[arg-type]
            if self.world.judges and back["delivery"] == ACCEPTED:
                yield "reconciler: hold", state._replace(reconciler=AWAY, delivery=HELD, lease=0, sent_age=0)

    def _people(self, state: State) -> Iterator[Step]:
        if state.delivery == HELD:
            yield "a lead releases it", state._replace(delivery=ACCEPTED)
        if not self.world.stops or state.person == 4:
            return
        if state.delivery in (SENT, REFUSED, WITHDRAWN):  # Amazon is told to end it: not of this story
            if state.person:
                yield "the stop comes after the end", state._replace(person=4)
        elif state.person in (0, 2):
            if state.delivery in (ACCEPTED, HELD):
                after = state._replace(delivery=WITHDRAWN, lease=0, sent_age=0, stop=True, person=4)
            else:
                after = state._replace(person=state.person + 1)
            yield "a person stops it" if state.person == 0 else "the stop tries again to withdraw it", after
        elif state.delivery == SENDING or not self.protocol.asks_on_the_way:
            yield "the wish to stop is written down", state._replace(stop=True, person=4)
        else:
            yield "the wish finds it put back", state._replace(person=state.person + 1)
