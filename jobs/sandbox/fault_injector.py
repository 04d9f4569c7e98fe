"""Fault injector."""

import random
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from jobs.sandbox.errors import ServiceError
from jobs.sandbox.faults import Fault, FaultEffect, FaultPlan
from jobs.sandbox.gateway import ProcessRequest, RenderError, ReplyEnding, WireReply
from jobs.sandbox.signature import EXACT_CLOCK, SignatureClock

MAX_RECORDED_FAULTS = 100_000  # injected faults that tests may read


@dataclass(frozen=True)
class InjectedFault:
    operation: str
    number: int
    fault: Fault
    seconds: float


class FaultSampler:
    """Decides by seed and number which request is hit, repeatably."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._request_counts: Counter[str] = Counter()
        self._hit_counts: Counter[tuple[int, str]] = Counter()
        self._burst_left: defaultdict[tuple[int, str], int] = defaultdict(int)

    def sample(self, operation: str) -> InjectedFault | None:
        with self._lock:
            self._request_counts[operation] += 1
            number = self._request_counts[operation]
            for index, fault in enumerate(self._plan.faults):
                key = (index, operation)
                if not fault.applies_to(operation) or number <= fault.after or self._hit_counts[key] >= fault.count:
                    continue
                rng = random.Random(f"{self._plan.seed}:{index}:{operation}:{number}")
                if self._burst_left[key]:
                    self._burst_left[key] -= 1
                elif rng.random() < fault.chance:
                    self._burst_left[key] = fault.burst - 1
                else:
                    continue
                self._hit_counts[key] += 1
                return InjectedFault(operation, number, fault, rng.uniform(*fault.seconds))
            return None


class FaultInjector:
    def __init__(self, plan: FaultPlan, signature_seconds: float = EXACT_CLOCK.tolerance_seconds) -> None:
        self._signature_seconds = signature_seconds
        self._stopping = threading.Event()
        self._late_requests: set[threading.Timer] = set()
        self.on_plan: Callable[[], None] = lambda: None
        self.set_plan(plan)

    def set_plan(self, plan: FaultPlan) -> None:
        self.plan = plan
        self.injected_faults: deque[InjectedFault] = deque(maxlen=MAX_RECORDED_FAULTS)
        self._sampler = FaultSampler(plan)
        self._started_at = time.monotonic()
        self._is_idle = not plan.faults and not plan.outages
        self.on_plan()

    def stop(self) -> None:
        self._stopping.set()
        for timer in list(self._late_requests):
            timer.cancel()
            timer.join(timeout=1)

    @property
    def clock(self) -> SignatureClock:
        plan_seconds = self.plan.signature_seconds
        return SignatureClock(
            self.plan.skew_seconds, self._signature_seconds if plan_seconds is None else plan_seconds
        )

    def intercept(self, identify: Callable[[], tuple[str, RenderError]], process: ProcessRequest) -> WireReply:
        if self._is_idle:
            return process()
        operation, render_error = identify()
        age = time.monotonic() - self._started_at
        for outage in self.plan.outages:
            if outage.is_active(age):
                return _reset_reply() if outage.how == "close" else render_error(_server_error(503))
        injected_fault = self._sampler.sample(operation)
        if injected_fault is None:
            return process()
        self.injected_faults.append(injected_fault)
        return self._inject(injected_fault, process, render_error)

    def _inject(self, injected_fault: InjectedFault, process: ProcessRequest, render_error: RenderError) -> WireReply:
        match injected_fault.fault.does:
            case FaultEffect.DROP:
                return _reset_reply()
            case FaultEffect.FAIL:
                return render_error(_server_error(injected_fault.fault.status))
            case FaultEffect.THROTTLE:
                return render_error(ServiceError("Too Many Requests", code="TooManyRequestsException", status=429))
            case FaultEffect.DENY:
                message = f"The sandbox is not authorized to let you perform: {injected_fault.operation}"
                return render_error(ServiceError(message, code="AccessDeniedException", status=403))
            case FaultEffect.LATE:
                self._process_later(injected_fault.seconds, process)
                return _reset_reply()
            case FaultEffect.SLOW:
                return _reset_reply() if self._stopping.wait(injected_fault.seconds) else process()
        return self._inject_after(injected_fault, process(), render_error)

    def _inject_after(self, injected_fault: InjectedFault, reply: WireReply, render_error: RenderError) -> WireReply:
        match injected_fault.fault.does:
            case FaultEffect.ACCEPT_DROP:
                return _reset_reply()
            case FaultEffect.ACCEPT_CLOSE:
                return WireReply(0, b"", ending=ReplyEnding.SILENT)
            case FaultEffect.ACCEPT_FAIL:
                return render_error(_server_error(injected_fault.fault.status))
            case FaultEffect.TRUNCATE if reply.status == 200:
                return WireReply(reply.status, reply.body, reply.headers, ReplyEnding.TRUNCATED)
            case FaultEffect.ACCEPT_SLOW:
                self._stopping.wait(injected_fault.seconds)
        return reply

    def _process_later(self, seconds: float, process: ProcessRequest) -> None:
        def arrive() -> None:
            try:
                if not self._stopping.is_set():
                    process()
            finally:
                self._late_requests.discard(timer)

        timer = threading.Timer(seconds, arrive)
        timer.daemon = True
        self._late_requests.add(timer)
        timer.start()


def _reset_reply() -> WireReply:
    return WireReply(0, b"", ending=ReplyEnding.RESET)


def _server_error(status: int) -> ServiceError:
    return ServiceError("The service failed.", code="ServerException", status=status)
