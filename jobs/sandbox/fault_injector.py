"""Fault injector: applies a plan of faults to every request, and the plan's clock to signatures."""

import random
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from jobs.sandbox.errors import ApiError
from jobs.sandbox.faults import Does, Fault, Plan
from jobs.sandbox.gateway import Act, Ending, Refuse, WireReply
from jobs.sandbox.signature import EXACT, Clock

REMEMBERED = 100_000  # injected faults that tests may read


@dataclass(frozen=True)
class Strike:
    """A fault that was applied to a request."""

    operation: str
    number: int
    fault: Fault
    seconds: float


class Dice:
    """Decides which request of an operation is hit by which fault: repeatable by seed and number."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()
        self._struck: Counter[tuple[int, str]] = Counter()
        self._still: defaultdict[tuple[int, str], int] = defaultdict(int)

    def throw(self, operation: str) -> Strike | None:
        """Count a request of the operation. Return the fault that hits it, if any."""
        with self._lock:
            self._numbers[operation] += 1
            number = self._numbers[operation]
            for index, fault in enumerate(self._plan.faults):
                key = (index, operation)
                if not fault.concerns(operation) or number <= fault.after or self._struck[key] >= fault.count:
                    continue
                rng = random.Random(f"{self._plan.seed}:{index}:{operation}:{number}")
                if self._still[key]:
                    self._still[key] -= 1
                elif rng.random() < fault.chance:
                    self._still[key] = fault.burst - 1
                else:
                    continue
                self._struck[key] += 1
                return Strike(operation, number, fault, rng.uniform(*fault.seconds))
            return None


class Mischief:
    """Applies the current plan. With the empty plan it does nothing."""

    def __init__(self, plan: Plan, signature_seconds: float = EXACT.tolerance_seconds) -> None:
        self._signature_seconds = signature_seconds
        self._ending = threading.Event()
        self._late: set[threading.Timer] = set()
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Replace the plan; requests are counted from 1 again. Pending late requests still happen."""
        self.plan = plan
        self.struck: deque[Strike] = deque(maxlen=REMEMBERED)
        self._dice = Dice(plan)
        self._began = time.monotonic()
        self._idle = not plan.faults and not plan.outages

    def end(self) -> None:
        """Discard late requests, and cut off slow ones."""
        self._ending.set()
        for timer in list(self._late):
            timer.cancel()
            timer.join(timeout=1)

    @property
    def clock(self) -> Clock:
        """Amazon's clock, and the tolerated age of signatures."""
        plan_seconds = self.plan.signature_seconds
        return Clock(self.plan.skew_seconds, self._signature_seconds if plan_seconds is None else plan_seconds)

    def around(self, identify: Callable[[], tuple[str, Refuse]], process: Act) -> WireReply:
        """Return the reply to a request, or the effect of a fault. `process` processes the request."""
        if self._idle:
            return process()
        operation, render_error = identify()
        age = time.monotonic() - self._began
        for outage in self.plan.outages:
            if outage.at(age):
                return _reset() if outage.how == "close" else render_error(_failure(503))
        injected_fault = self._dice.throw(operation)
        if injected_fault is None:
            return process()
        self.struck.append(injected_fault)
        return self._suffer(injected_fault, process, render_error)

    def _suffer(self, injected_fault: Strike, process: Act, render_error: Refuse) -> WireReply:
        match injected_fault.fault.does:
            case Does.DROP:
                return _reset()
            case Does.FAIL:
                return render_error(_failure(injected_fault.fault.status))
            case Does.THROTTLE:
                return render_error(ApiError("Too Many Requests", code="TooManyRequestsException", status=429))
            case Does.DENY:
                message = f"The sandbox is not authorized to let you perform: {injected_fault.operation}"
                return render_error(ApiError(message, code="AccessDeniedException", status=403))
            case Does.LATE:
                self._act_later(injected_fault.seconds, process)
                return _reset()
            case Does.SLOW:
                return _reset() if self._ending.wait(injected_fault.seconds) else process()
        return self._after(injected_fault, process(), render_error)

    def _after(self, injected_fault: Strike, reply: WireReply, render_error: Refuse) -> WireReply:
        """Return the faulty reply to a request that was processed."""
        match injected_fault.fault.does:
            case Does.ACCEPT_DROP:
                return _reset()
            case Does.ACCEPT_CLOSE:
                return WireReply(0, b"", ending=Ending.SILENT)
            case Does.ACCEPT_FAIL:
                return render_error(_failure(injected_fault.fault.status))
            case Does.TRUNCATE if reply.status == 200:
                return WireReply(reply.status, reply.body, reply.headers, Ending.TRUNCATED)
            case Does.ACCEPT_SLOW:
                self._ending.wait(injected_fault.seconds)
        return reply

    def _act_later(self, seconds: float, process: Act) -> None:
        def arrive() -> None:
            try:
                if not self._ending.is_set():
                    process()
            finally:
                self._late.discard(timer)

        timer = threading.Timer(seconds, arrive)
        timer.daemon = True
        self._late.add(timer)
        timer.start()


def _reset() -> WireReply:
    return WireReply(0, b"", ending=Ending.RESET)


def _failure(status: int) -> ApiError:
    return ApiError("The service failed.", code="ServerException", status=status)
