"""The worker itself, with a Redis of its own: a task that is slow holds up no other."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, get_current_job
from rq.serializers import JSONSerializer

from jobs.dispatch import delivery
from jobs.management.commands import worker as command
from jobs.management.commands.worker import MAX_SLOW_TASKS_PER_ACCOUNT, PortalWorker
from portal.quickstart.config import redis_command
from tests.chaos.staff import free_port
from tests.eventually import eventually

pytestmark = [pytest.mark.process, pytest.mark.long]


def work(file: str, seconds: float) -> None:
    """A task. When it ended is in a file."""
    time.sleep(seconds)
    with Path(file).open("a") as ends:
        ends.write(f"{time.time()}\n")


def wait_for_stop(file: str) -> None:
    """A task that lasts until deliveries are to stop."""
    Path(file).write_text("begun")
    if delivery._stopping.wait(8):
        Path(file).write_text("stopped")


def see(file: str) -> None:
    """A task. What it sees of its own entry is in a file."""
    job = get_current_job()
    assert job is not None
    Path(file).write_text(repr(job.connection.keys("portal:entry:*")))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    (tmp_path / "redis").mkdir()
    port = free_port()
    with subprocess.Popen(redis_command(port, tmp_path / "redis"), stdout=subprocess.DEVNULL) as server:
        line = Redis(port=port)
        try:
            eventually(lambda: _answers(line))
            yield line
        finally:
            line.close()
            server.terminate()


def _answers(line: Redis) -> bool:
    try:
        return bool(line.ping())
    except OSError:
        return False
    except Exception:  # noqa: BLE001 - not yet
        return False


@pytest.fixture
def worker(redis: Redis) -> Iterator[PortalWorker]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield PortalWorker(["sync"], connection=redis, serializer=JSONSerializer)
    for number, handler in before.items():
        signal.signal(number, handler)


def enqueue_work(redis: Redis, file: Path, seconds: float, account: int | None = None) -> None:
    Queue("sync", connection=redis, serializer=JSONSerializer).enqueue_call(
        "tests.test_worker.work",
        args=[str(file), seconds],
        result_ttl=0,
        meta={} if account is None else {"account": account},
    )


def test_a_task_goes_on_beside_the_next_ones_if_it_is_slow_and_the_worker_waits_for_it_at_its_end(
    redis, worker, tmp_path
):
    slow, quick = tmp_path / "slow", tmp_path / "quick"
    enqueue_work(redis, slow, 3, account=1)
    enqueue_work(redis, quick, 0, account=2)

    worker.work(burst=True)

    assert float(quick.read_text()) < float(slow.read_text()) - 1
    assert redis.zcard("rq:failed:sync") == 0
    assert redis.keys("rq:job:*") == redis.keys("rq:execution:*") == []


def test_one_account_has_few_slow_tasks_at_once_and_the_others_are_served(redis, worker, tmp_path):
    began = time.time()
    files = [tmp_path / f"slow-{number}" for number in range(MAX_SLOW_TASKS_PER_ACCOUNT + 2)]
    for file in files:
        enqueue_work(redis, file, 4, account=1)
    other = tmp_path / "other"
    enqueue_work(redis, other, 0, account=2)

    worker.work(burst=True)

    assert [file.exists() for file in files] == [True] * MAX_SLOW_TASKS_PER_ACCOUNT + [False] * 2
    assert float(other.read_text()) - began < 3


def test_what_is_enqueued_while_its_task_runs_makes_it_run_once_more_and_not_beside(redis, worker, tmp_path):
    slow, other = tmp_path / "slow", tmp_path / "other"
    for _ in range(3):
        enqueue_work(redis, slow, 2, account=1)
    enqueue_work(redis, other, 0, account=2)

    worker.work(burst=True)

    first, second = map(float, slow.read_text().split())
    assert second - first > 1.9
    assert float(other.read_text()) < first  # nothing waited for it


def test_a_long_task_runs_beside_the_next_ones_from_its_start(redis, worker, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "LONG_TASKS", {"tests.test_worker.work"})
    monkeypatch.setattr(command, "TASK_WAIT_SECONDS", 30.0)
    long, other = tmp_path / "long", tmp_path / "other"
    enqueue_work(redis, long, 3, account=1)
    enqueue_work(redis, other, 0, account=2)

    worker.work(burst=True)

    assert float(other.read_text()) < float(long.read_text()) - 1


def test_a_worker_that_has_to_stop_tells_its_tasks_and_waits_for_them(redis, worker, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "LONG_TASKS", {"tests.test_worker.wait_for_stop"})
    file = tmp_path / "task"
    Queue("sync", connection=redis, serializer=JSONSerializer).enqueue_call(
        "tests.test_worker.wait_for_stop", args=[str(file)], meta={"account": 1}
    )

    def stop() -> None:
        eventually(file.exists)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop).start()
    worker.work()

    assert file.read_text() == "stopped"


def test_an_entry_is_forgotten_before_its_task_looks(redis, worker, tmp_path):
    redis.set(f"portal:entry:tests.test_worker.see-{tmp_path / 'seen'}", "")
    Queue("sync", connection=redis, serializer=JSONSerializer).enqueue_call(
        "tests.test_worker.see", args=[str(tmp_path / "seen")], meta={"account": 1}
    )

    worker.work(burst=True)

    assert (tmp_path / "seen").read_text() == "[]"


def test_a_task_that_is_killed_while_it_goes_on_is_noted_as_failed(redis, worker, tmp_path):
    enqueue_work(redis, tmp_path / "never", 30)
    original = worker.collect_slow_tasks

    def kill_the_slow() -> None:
        for task in worker.slow_tasks:
            worker._kill(task)
        original()

    worker.collect_slow_tasks = kill_the_slow
    worker.work(burst=True)

    assert redis.zcard("rq:failed:sync") == 1
    assert worker.slow_tasks == []
