"""A worker's steps: claim, look, mark, send, write down what came of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
    State,
    Worker,
    World,
)

Step = tuple[str, State]
Row = dict[str, object]

GONE: Row = {"delivery": SENT, "lease": 0, "sent_age": 0}
NO: Row = {"delivery": REFUSED, "lease": 0, "sent_age": 0}
HOLD: Row = {"delivery": HELD, "lease": 0, "sent_age": 0}
UNCHANGED: Row = {}


def released_row(state: State, protocol: Protocol, *, stop: bool) -> Row:
    """What the row becomes when Amazon has nothing. `stop` is what an earlier copy says of it."""
    stopped = state.stop if protocol.fresh_stop else stop
    return {"delivery": WITHDRAWN if stopped else ACCEPTED, "lease": 0, "sent_age": 0}


def may_be_unlisted(state: State, world: World) -> bool:
    """Whether a list may show nothing: no job is there, or it is too young."""
    return all(age < world.list_lag for age in state.jobs)


@dataclass(frozen=True)
class Turn:
    """One worker's turn in a state."""

    state: State
    place: int
    worker: Worker

    @property
    def holds(self) -> bool:
        """Every write is conditional: the row's epoch and delivery are still those of the copy."""
        return self.worker.mine and self.state.delivery == self.worker.copy

    def then(self, now: Worker, row: Row = UNCHANGED) -> State:
        """The state after it, the workers in order: they are all alike."""
        workers = (*self.state.workers[: self.place], now, *self.state.workers[self.place + 1 :])
        return self.state._replace(workers=tuple(sorted(workers)), **row)  # type: ignore[arg-type]

    def go(self, at: str, **more: int) -> State:
        return self.then(self.worker._replace(at=at, **more))  # type: ignore[arg-type]

    def end(self, row: Row) -> State:
        """Write, if the condition is met, and be done."""
        return self.then(IDLE, row if self.holds else UNCHANGED)


class Work:
    """What a worker may do from where it is."""

    def __init__(self, protocol: Protocol, world: World) -> None:
        self.protocol = protocol
        self.world = world
        self._from: dict[str, Callable[[Turn], Iterator[Step]]] = {
            "idle": self._idle,
            "claimed": self._claimed,
            "looking": self._looking,
            "found": self._found,
            "ready": self._ready,
            "noted": self._noted,
            "written": self._written,
            "marked": self._marked,
            "open": self._open,
            "waiting": self._waiting,
            "answered": lambda turn: iter([("write the id", turn.end(GONE))]),
            "refused": lambda turn: iter([("write the refusal", turn.end(NO))]),
            "not taken": lambda turn: iter([("put back", turn.end(self._back(turn)))]),
            "doubt": self._doubt,
        }

    def steps(self, turn: Turn) -> Iterator[Step]:
        if turn.worker.at != "idle":
            yield "the worker dies", self._left_alone(turn)
        yield from self._from[turn.worker.at](turn)

    def _left_alone(self, turn: Turn) -> State:
        """What a dead worker had sent is under way all the same."""
        after = turn.then(IDLE)
        if turn.worker.at == "waiting" and turn.worker.age <= self.world.signature:
            return after._replace(loose=tuple(sorted((*after.loose, turn.worker.age))))
        return after

    def _back(self, turn: Turn) -> Row:
        return released_row(turn.state, self.protocol, stop=False)

    # From the claim to the mark: nothing is sent in this epoch

    def _idle(self, turn: Turn) -> Iterator[Step]:
        state = turn.state
        if state.delivery != ACCEPTED or state.lease:
            return
        epoch = min(2, state.epoch + 1)
        own = Worker(self._first(epoch), mine=True, copy=ACCEPTED)
        # Epochs grow: whoever else holds a copy holds an old one from now on.
        others = [worker._replace(mine=False, copy="") for at, worker in enumerate(state.workers) if at != turn.place]
        after = state._replace(
            lease=self.world.lease,
            epoch=epoch,
            attempted=False,
            workers=tuple(sorted((*others, own if self.protocol.claims_in_one else Worker("claimed")))),
            reconciler=state.reconciler._replace(mine=False) if state.reconciler.found else AWAY,
        )
        yield "claim", after

    def _first(self, epoch: int) -> str:
        return "looking" if epoch > 1 and self.protocol.looks else "ready"

    def _claimed(self, turn: Turn) -> Iterator[Step]:
        own = turn.worker._replace(at=self._first(turn.state.epoch), mine=True, copy=turn.state.delivery)
        yield "read the row after the claim", turn.then(own)

    def _looking(self, turn: Turn) -> Iterator[Step]:
        if turn.state.jobs:
            yield "pre-check: found", turn.go("found")
        if may_be_unlisted(turn.state, self.world):
            yield "pre-check: absent", turn.go("ready")
        yield "pre-check: no answer, put back", turn.end(self._back(turn))
        yield from self._decided(turn)

    def _found(self, turn: Turn) -> Iterator[Step]:
        yield "adopt what was found", turn.end(GONE)

    def _ready(self, turn: Turn) -> Iterator[Step]:
        if self.protocol.marks:
            yield "note the time", turn.go("noted", more=int(turn.state.lease > 0))
        else:
            yield "go on without a mark", turn.go("open")
        yield from self._decided(turn)

    def _decided(self, turn: Turn) -> Iterator[Step]:
        if turn.state.delivery == ACCEPTED:
            yield "given back before it was begun", turn.end({"lease": 0})
        if self.world.judges:
            yield "held: workers vanished with it", turn.end(HOLD)
            yield "the rules forbid it", turn.end(NO)

    def _noted(self, turn: Turn) -> Iterator[Step]:
        state, worker = turn.state, turn.worker
        if not turn.holds or state.stop or not (worker.more or state.lease):
            yield "not marked: taken, stopped or too late", turn.then(IDLE)
        elif state.attempted:
            yield "not marked: this epoch has its attempt", turn.then(IDLE)
        else:
            age = min(worker.age, self.world.send_within + 1)
            own = Worker("marked", mine=True, copy=SENDING, age=age)
            lease = max(0, self.world.lease - worker.age)
            row: Row = {"delivery": SENDING, "sent_age": worker.age, "lease": lease, "attempted": True}
            yield "mark SENDING", turn.then(own if self.protocol.marks_in_one else Worker("written", age=age), row)

    # From the mark on: Amazon may have it

    def _written(self, turn: Turn) -> Iterator[Step]:
        own = turn.worker._replace(at="marked", mine=True, copy=turn.state.delivery)
        yield "read the row after the mark", turn.then(own)

    def _marked(self, turn: Turn) -> Iterator[Step]:
        if self.protocol.guard == "after":
            yield "start to count", turn.go("open", age=0)
        else:
            yield from self._open(turn)

    def _open(self, turn: Turn) -> Iterator[Step]:
        if self.protocol.guard == "none" or turn.worker.age <= self.world.send_within:
            yield "sign and send", turn.go("waiting", age=-self.world.ahead)
        else:
            yield "the guard: too late to send", turn.go("not taken", age=0)

    def _waiting(self, turn: Turn) -> Iterator[Step]:
        doubt = turn.worker._replace(at="doubt", age=0)
        if turn.worker.age <= self.world.signature:
            accepted: Row = {"jobs": (*turn.state.jobs, 0)}
            yield "Amazon accepts and answers", turn.then(doubt._replace(at="answered", more=0), accepted)
            yield "Amazon accepts, the answer is lost", turn.then(doubt, accepted)
            yield "Amazon says: too many", turn.go("not taken", age=0, more=0)
            if not turn.state.jobs:
                yield "Amazon refuses", turn.go("refused", age=0, more=0)
            loose = tuple(sorted((*turn.state.loose, turn.worker.age)))
            yield "no answer; the request is still under way", turn.then(doubt, {"loose": loose})
        else:
            yield "Amazon says: signature expired", turn.go("not taken", age=0, more=0)
        yield "the request is lost", turn.then(doubt)

    def _doubt(self, turn: Turn) -> Iterator[Step]:
        if turn.worker.more < self.protocol.repeats:
            again = turn.go("waiting", age=-self.world.ahead, more=turn.worker.more + 1)
            yield "the SDK signs and sends again", again
        yield "nobody knows: give up the lease", turn.end({"lease": 0})
