"""A local stand-in for AWS Batch: an AWS endpoint on this machine that really runs jobs.

It imports nothing of the portal: as an independent check it states AWS's limits a second time on purpose.

Jobs have the rights of the user who started it: it listens on 127.0.0.1 only and is not for production.
"""

from pathlib import Path
from types import TracebackType

from jobs.sandbox.batch import Batch
from jobs.sandbox.control import ControlApi
from jobs.sandbox.ecs import EcsError, EcsService
from jobs.sandbox.errors import BatchClientError, InvalidParameterError
from jobs.sandbox.fault_injector import FaultInjector
from jobs.sandbox.faults import FaultPlan
from jobs.sandbox.gateway import Gateway, JsonService
from jobs.sandbox.http_server import LOOPBACK_ADDRESS, LoopbackServer
from jobs.sandbox.job_faults import JobFaults
from jobs.sandbox.ledger import Ledger, record_nothing
from jobs.sandbox.logs import LogService
from jobs.sandbox.model import ApiModel
from jobs.sandbox.scheduler import Scheduler
from jobs.sandbox.seed import create_seed_queues
from jobs.sandbox.signature import EXACT_CLOCK
from jobs.sandbox.store import Store
from jobs.sandbox.sts import StsService
from jobs.sandbox.visibility_lag import VisibilityLag


class Sandbox:
    def __init__(
        self,
        state: Path,
        *,
        port: int = 0,
        vcpus: int = 16,
        delay: float = 0.4,
        processes: int = 8,
        with_seed: bool = True,
        min_timeout_seconds: int = 60,
        signature_seconds: float = EXACT_CLOCK.tolerance_seconds,
        faults: FaultPlan | None = None,
        faults_api: bool = False,
    ) -> None:
        """Do nothing before `start`.

        `vcpus` is the nominal size of each seeded compute environment, `processes` the limit of real processes,
        `delay` the seconds in each visible state before RUNNING, `signature_seconds` the maximum age of a signature.
        `faults_api` enables `control`; it and `faults` make the sandbox keep a ledger.
        """
        self._state = state
        self._port = port
        self._vcpus = vcpus
        self._delay = delay
        self._processes = processes
        self._with_seed = with_seed
        self._min_timeout_seconds = min_timeout_seconds
        self._signature_seconds = signature_seconds
        self._faults = faults
        self._faults_api = faults_api

    def start(self) -> None:
        self._state.parent.mkdir(parents=True, exist_ok=True)
        # It contains the environment of every job.
        self._state.touch(mode=0o600)
        self._store = Store(self._state)
        try:
            self._start_parts()
        except BaseException:
            self._store.close()
            raise

    def _start_parts(self) -> None:
        logs = LogService(self._store)
        self._fault_injector = FaultInjector(self._faults or FaultPlan(), self._signature_seconds)
        self._scheduler = Scheduler(
            self._store,
            logs,
            JobFaults(lambda: self._fault_injector.plan),
            files=self._state.resolve().with_name(f"{self._state.name}.files"),
            delay=self._delay,
            processes=self._processes,
        )
        self._fault_injector.on_plan = self._scheduler.queues_changed
        visibility_lag = VisibilityLag(self._store, lambda: self._fault_injector.plan)
        ledger = Ledger(self._store) if self._faults or self._faults_api else None
        batch = Batch(
            self._store,
            self._scheduler,
            min_timeout_seconds=self._min_timeout_seconds,
            visibility_lag=visibility_lag,
            record_acceptance=ledger.record if ledger else record_nothing,
        )
        if self._with_seed:
            create_seed_queues(self._store, batch.queues, self._vcpus)
        batch_service = JsonService(ApiModel("batch", BatchClientError), batch.operations())
        gateway = Gateway(
            {
                "batch": batch_service,
                "logs": JsonService(
                    ApiModel("logs", InvalidParameterError),
                    {
                        "GetLogEvents": logs.get_log_events,
                        "DescribeLogStreams": logs.describe_log_streams,
                        "FilterLogEvents": logs.filter_log_events,
                        "CreateLogStream": logs.create_log_stream,
                        "PutLogEvents": logs.put_log_events,
                    },
                ),
                "ecs": JsonService(
                    ApiModel("ecs", EcsError),
                    {"DescribeContainerInstances": EcsService(self._store).describe_container_instances},
                ),
                "sts": StsService(),
            },
            self._fault_injector.intercept,
            lambda: self._fault_injector.clock,
        )
        answer = gateway.answer
        if self._faults_api and ledger:
            answer = ControlApi(
                self._fault_injector, visibility_lag, ledger, batch_service.call_counts, gateway.answer
            ).answer
        self._server = LoopbackServer(self._port, answer)
        self._scheduler.start()
        self._server.start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK_ADDRESS}:{self._server.port}"

    def stop(self) -> None:
        """Finish open requests and end running jobs, which start again next time."""
        self._fault_injector.stop()
        self._server.stop()
        self._scheduler.shut_down()
        self._store.close()

    def __enter__(self) -> "Sandbox":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
