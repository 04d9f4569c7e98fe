"""Sandboxes for tests: one that runs jobs at speed, and one whose jobs never start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.sandbox import Sandbox
from tests.sandbox.bench import Bench


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "state.sqlite3", delay=0.02, min_timeout_seconds=1) as running:
        yield running


@pytest.fixture
def bench(sandbox: Sandbox) -> Iterator[Bench]:
    bench = Bench(sandbox.url)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def faults_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A sandbox that takes plans of faults, in which no job ever starts. Shared by a module."""
    with Sandbox(tmp_path_factory.mktemp("lawless") / "state.sqlite3", delay=3600, faults_api=True) as running:
        bench = Bench(running.url)
        bench.define()
        yield bench
        bench.close()


@pytest.fixture
def faulty_sandbox(faults_sandbox: Bench) -> Iterator[Bench]:
    """The same for one test, after which it behaves again."""
    yield faults_sandbox
    faults_sandbox.plan()


@pytest.fixture(scope="module")
def idle_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A sandbox in which nothing moves: every job stays SUBMITTED. Shared by a module."""
    with Sandbox(tmp_path_factory.mktemp("still") / "state.sqlite3", delay=3600) as running:
        bench = Bench(running.url)
        yield bench
        bench.close()
