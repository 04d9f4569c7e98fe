"""A Batch of our own, to try out and to test against: an AWS endpoint on this machine that really runs jobs.

    with Sandbox(tmp_path / "sandbox.sqlite3") as sandbox:
        batch = boto3.client("batch", endpoint_url=sandbox.url, region_name="us-west-2", ...)

It imports nothing of the portal: it is an independent judge, and writes AWS's limits down a second time on purpose.

A request goes one way:

    wire        HTTP on loopback, keep-alive
    gateway     signature, service, operation, shape of the reply
    signature   who asks, from where, and how long ago
    model       botocore's models: routes, types, enums
    batch       the table of operations: definitions, queues, policies, submission, listing, tags
    limits      AWS's rules, and in containers those of the property blocks
    logs, sts   the two other services
    store       SQLite, committed before the reply leaves

where it may meet with

    faults      a plan of what goes wrong on purpose, and mischief, which carries it out
    sight       jobs that are not listed yet, left out, or forgotten
    ledger      every acceptance, for tests to compare
    control     the door of tests: PUT a plan, GET the ledger

and a job another:

    scheduler   the states, on one thread
    slots       nominal room in compute environments
    plans       command, environment and folder of an attempt
    images      an image is a folder of small programs
    processes   one process group, and what it says
    retries     whether a failure is tried again
    world       the queues that a new sandbox has

Jobs are processes with the rights of whoever started the sandbox. It therefore listens on 127.0.0.1 only, and has no
place in production.
"""

from pathlib import Path
from types import TracebackType

from jobs.sandbox.batch import Batch
from jobs.sandbox.control import Control
from jobs.sandbox.errors import InvalidParameter, Refused
from jobs.sandbox.faults import Plan
from jobs.sandbox.gateway import Gateway, JsonService
from jobs.sandbox.ledger import Ledger, no_ledger
from jobs.sandbox.logs import Logs
from jobs.sandbox.mischief import Mischief
from jobs.sandbox.model import Model
from jobs.sandbox.scheduler import Scheduler
from jobs.sandbox.sight import Sight
from jobs.sandbox.signature import EXACT
from jobs.sandbox.store import Store
from jobs.sandbox.sts import Sts
from jobs.sandbox.wire import ADDRESS, LoopbackServer
from jobs.sandbox.world import populate


class Sandbox:
    """One endpoint with one state file. `stop` leaves no process behind; a later start goes on from there."""

    def __init__(
        self,
        state: Path,
        *,
        port: int = 0,
        vcpus: int = 16,
        delay: float = 0.4,
        processes: int = 8,
        world: bool = True,
        shortest_timeout: int = 60,
        signature_seconds: float = EXACT.tolerance_seconds,
        faults: Plan | None = None,
        faults_api: bool = False,
    ) -> None:
        """Nothing happens before `start`.

        `vcpus` is the nominal size of each compute environment of the world, `processes` how many jobs really run at
        a time, `delay` the seconds of each visible state before RUNNING. `shortest_timeout` is AWS's 60 s; tests have
        less patience. `signature_seconds` is how old a signature may be: AWS's five minutes. `faults` is what goes
        wrong on purpose, `faults_api` opens the door by which tests change it; with either of them a ledger is kept
        of what was accepted.
        """
        self._state = state
        self._port = port
        self._vcpus = vcpus
        self._delay = delay
        self._processes = processes
        self._world = world
        self._shortest_timeout = shortest_timeout
        self._signature_seconds = signature_seconds
        self._faults = faults
        self._faults_api = faults_api

    def start(self) -> None:
        """Open the state, take up unfinished jobs, listen."""
        self._state.parent.mkdir(parents=True, exist_ok=True)
        # The environment of every job is in it.
        self._state.touch(mode=0o600)
        self._store = Store(self._state)
        try:
            self._begin()
        except BaseException:
            self._store.close()
            raise

    def _begin(self) -> None:
        logs = Logs(self._store)
        self._scheduler = Scheduler(
            self._store,
            logs,
            files=self._state.resolve().with_name(f"{self._state.name}.files"),
            delay=self._delay,
            processes=self._processes,
        )
        self._mischief = Mischief(self._faults or Plan(), self._signature_seconds)
        visibility_lag = Sight(self._store, lambda: self._mischief.plan)
        ledger = Ledger(self._store) if self._faults or self._faults_api else None
        batch = Batch(
            self._store,
            self._scheduler,
            shortest_timeout=self._shortest_timeout,
            visibility_lag=visibility_lag,
            record_acceptance=ledger.write if ledger else no_ledger,
        )
        if self._world:
            populate(self._store, batch.queues, self._vcpus)
        batch_service = JsonService(Model("batch", Refused), batch.operations())
        gateway = Gateway(
            {
                "batch": batch_service,
                "logs": JsonService(
                    Model("logs", InvalidParameter),
                    {
                        "GetLogEvents": logs.get_log_events,
                        "DescribeLogStreams": logs.describe_log_streams,
                    },
                ),
                "sts": Sts(),
            },
            self._mischief.around,
            lambda: self._mischief.clock,
        )
        answer = gateway.answer
        if self._faults_api and ledger:
            answer = Control(self._mischief, visibility_lag, ledger, batch_service.calls, gateway.answer).answer
        self._server = LoopbackServer(self._port, answer)
        self._scheduler.begin()
        self._server.begin()

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self._server.port}"

    def stop(self) -> None:
        """Answer what is under way, end what runs (it starts again next time), and close the state."""
        self._mischief.end()
        self._server.end()
        self._scheduler.end()
        self._store.close()

    def __enter__(self) -> "Sandbox":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
