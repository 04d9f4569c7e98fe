"""What all tests share: no network, and no Redis."""

import gc
import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import copy
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, connections
from django.test.testcases import TransactionTestCase
from django.test.utils import ContextList

from jobs import rate_limit
from portal.quickstart.state_dir import find_free_port
from tests import audit_triggers, chromium
from tests.eventually import eventually
from tests.examples import QUICK
from tests.quickstart_process import SECONDS, Run, history_is_saved, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser import PageOpener

# A browser driven in the same process keeps an event loop open, beside which Django would refuse its own database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# Beside it, asgiref's Local would also give the thread another connection than the tests before it had.
connections._connections = threading.local()  # type: ignore[attr-defined]

# What tests start as processes of their own is the portal as it is.
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"

# What is imported and collected stays: looking through it again and again for garbage takes a tenth of the time of
# all tests.
gc.disable()
gc.set_threshold(50_000, 20, 20)

# What migrations put into tables; without migrations the audit is sealed here as well, and the words of jobs have
# their table.
ROWS = (
    ("0002_default_rates", "load"),
    ("0017_request_digests", "make_secret"),
    ("0061_listed_prices", "load_instances"),
    ("0061_listed_prices", "limit_rates"),
    ("0061_listed_prices", "add_rates"),
)
SEAL = ("0026_standard_names", "seal")
WORDS = ("0050_job_text", "create")


def fill(*migrations: tuple[str, str]) -> None:
    """Do what these migrations do to the data of the test database."""
    with connection.schema_editor() as editor:
        for name, function in migrations:
            getattr(import_module(f"jobs.migrations.{name}"), function)(apps, editor)


# Tests that commit empty every table behind them, the audit too. The next test finds what every database has.
_empty: Any = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
TransactionTestCase._fixture_teardown = audit_triggers.emptying(_empty, lambda: fill(*ROWS))  # type: ignore[attr-defined]

HERE = Path(__file__).parent
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


# Below tests/. What is measured takes twice as long: of what takes long, only what reaches more than all others do.
NOT_MEASURED = (
    "matrix/",
    "fuzz/",
    "protocol/",
    # Each takes seconds and reaches hardly a branch that no other does.
    "actions/test_submit.py",
    "actions/test_thresholds.py",
    "api/test_field_cases.py",
    "api/test_forged_form_values.py",
    "dispatch/test_claim.py",
    "dispatch/test_processes.py",
    "dispatch/test_withdrawn.py",
    "logs/test_chunks.py",
    "models/test_pagination.py",
    "policy/test_demo.py",
    "portal/test_compatibility.py",
    "portal/test_copy.py",
    "portal/test_docs.py",
    "portal/test_environment.py",
    "sandbox/test_index_rerun.py",
    "spec/test_aws_answers.py",
    "spec/test_fields.py",
    "spec/test_rules.py",
    "sync/test_many_events.py",
    "sync/test_poll_interval.py",
    "web/test_chooser.py",
    "web/test_doors.py",
    "web/test_field_cases.py",
    "web/test_paging.py",
    "web/test_reads.py",
)
MEASURED_THOUGH_LONG = (
    "admin/test_admin.py",
    "admin/test_definitions.py",
    "api/",
    "reports/test_logs.py",
    "sandbox/test_faults.py",
    "sync/test_events.py",
    "sync/test_restored_keys.py",
    "web/",
)


# Fixtures that start a whole portal: what shares one runs in one worker of xdist.
SHARED = ("demo_portal", "portal")


def is_measured(item: pytest.Item) -> bool:
    path = item.path.relative_to(HERE).as_posix()
    if item.get_closest_marker("browser") or path.startswith(NOT_MEASURED):
        return False
    return not item.get_closest_marker("long") or path.startswith(MEASURED_THOUGH_LONG)


def is_further_case(item: pytest.Item, tests: set[str]) -> bool:
    """Whether a test of the database had a case before. Those take long and reach little that the first did not."""
    test = item.nodeid.partition("[")[0]
    had_one = test in tests
    tests.add(test)
    return had_one and ("db" in getattr(item, "fixturenames", ()) or bool(item.get_closest_marker("django_db")))


def is_left_to_another_command(item: pytest.Item) -> bool:
    """Whether only a command that takes longer than the suite runs it. Those set CHAOS=1, FUZZ=1 or PICTURES=1."""
    return any(os.environ.get(mark.args[0].upper()) != "1" for mark in item.iter_markers("only_in"))


@pytest.hookimpl(tryfirst=True)  # before xdist's, which reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group tests for `--dist loadgroup`: by file, and those that share the running portal. The longest come first.

    Files that wait for processes or for a browser come before the others: begun last, the longest would be waited for
    by all.
    """
    left_out = [item for item in items if is_left_to_another_command(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    with_processes, with_browser = (
        {item.path for item in items if item.get_closest_marker(marker)} for marker in ("process", "browser")
    )

    def group(item: pytest.Item) -> str:
        shared = (name for name in SHARED if name in getattr(item, "fixturenames", ()))
        return next(shared, item.path.relative_to(HERE).as_posix())

    tests: set[str] = set()
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
        if is_measured(item) and not is_further_case(item, tests):
            item.add_marker(pytest.mark.measured)
    order = {name: number for number, name in enumerate(SHARED)}
    items.sort(
        key=lambda item: (
            order.get(group(item), len(SHARED)),
            item.path not in with_processes,
            item.path not in with_browser,
        )
    )


_coverage_pauses = {"is_paused": False}


def measure_coverage(config: pytest.Config, *, wanted: bool) -> None:
    """Measure from here on, or pause: what is measured takes more than twice as long."""
    controller = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if controller and _coverage_pauses["is_paused"] == wanted:
        (controller.resume if wanted else controller.pause)()
        _coverage_pauses["is_paused"] = not wanted


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Measure imports in one worker: all import the same. What hands out the tests runs nothing of the product."""
    hands_out = session.config.pluginmanager.has_plugin("dsession")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    measure_coverage(session.config, wanted=worker == "gw0" and not hands_out)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    measure_coverage(item.config, wanted=item.get_closest_marker("measured") is not None)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


_number = itertools.count()


@pytest.fixture(autouse=True)
def _own_incarnation(_folder: Path) -> None:
    """A name of its own; a folder for each of four thousand tests would take seconds."""
    settings.INCARNATION_FILE = _folder / f"incarnation-{next(_number)}"


@pytest.fixture(scope="session")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session")
def session_patch() -> Iterator[pytest.MonkeyPatch]:
    """What is patched for all tests: to do it anew for each takes a second of their time."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="session", autouse=True)
def _loopback_only(session_patch: pytest.MonkeyPatch) -> None:
    """No test reaches the network: a call that leaves this machine fails at once."""
    connect = socket.socket.connect

    def connect_to_loopback(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"A test tried to reach {address[0]}.")
        connect(self, address)

    session_patch.setattr(socket.socket, "connect", connect_to_loopback)


@pytest.fixture(scope="session", autouse=True)
def _no_pause_before_another_try(session_patch: pytest.MonkeyPatch) -> None:
    """An AWS that a test has no server for does not come by waiting: botocore tries again at once."""
    session_patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture(scope="session", autouse=True)
def _each_context_once(session_patch: pytest.MonkeyPatch) -> None:
    """Django's client copies the context for every part of a page; one copy for each context is enough."""

    def store(data: dict[str, Any], sender: Any, template: Any, context: Any, **_: Any) -> None:
        if data.get("last") is not context:
            data.setdefault("context", ContextList()).append(copy(context))
        data["last"] = context

    session_patch.setattr("django.test.client.store_rendered_templates", store)


@pytest.fixture(scope="session")
def django_db_use_migrations() -> bool:
    """Where seconds count, the tables come from the models: `make check` sees that it is the same."""
    return not QUICK


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, request: pytest.FixtureRequest) -> bool:
    """Measure no migrations, for which `django_db_setup` asks this first. Return whether the test is measured."""
    is_measured = not _coverage_pauses["is_paused"]
    measure_coverage(request.config, wanted=False)
    return is_measured


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_use_migrations: bool,
    django_db_modify_db_settings: bool,
    django_db_blocker: Any,
    request: pytest.FixtureRequest,
) -> None:
    if not django_db_use_migrations:
        with django_db_blocker.unblock():
            fill(*ROWS, SEAL, WORDS)
    measure_coverage(request.config, wanted=django_db_modify_db_settings)


@pytest.fixture(autouse=True)
def enqueued(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[str]:
    """What was rung for, instead of a Redis. Tests marked `process` ring for real."""
    heard: list[str] = []
    if "process" not in request.keywords:
        monkeypatch.setattr("jobs.task_queue._enqueue", lambda task, *_: heard.append(task))
    return heard


@pytest.fixture(autouse=True)
def _no_wait_for_registration(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Without a worker no definition becomes registered, so pages and API answer at once."""
    if "db" in request.fixturenames and "process" not in request.keywords:
        register = import_module("jobs.actions.register")  # the package has a function of that name
        monkeypatch.setattr(register, "REGISTRATION_WAIT_SECONDS", 0)


@pytest.fixture(autouse=True)
def _fresh_budgets() -> None:
    """People of one test have the numbers of those of another, and would spend each other's budgets."""
    rate_limit.reset_process_counts()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Headless Chromium, one for all tests of a process: a second Playwright beside it would not start."""
    from playwright.sync_api import expect, sync_playwright

    from tests.browser import TIMEOUT_MS

    path = chromium.require_chromium()
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield launched
        launched.close()


_running_portals: dict[str, tuple[Run, ExitStack]] = {}


def shared_portal(name: str, start: Callable[[], AbstractContextManager[Run]]) -> Run:
    """Return the running portal of that name. It is started for its first test and ends after the last in a row."""
    if name not in _running_portals:
        stack = ExitStack()
        _running_portals[name] = (stack.enter_context(start()), stack)
    return _running_portals[name][0]


@pytest.hookimpl(trylast=True)  # after fixtures that still ask it
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End portals that the next test does not share: an idle one takes processor time from all other tests."""
    still_needed = getattr(nextitem, "fixturenames", ())
    for name in [name for name in _running_portals if name not in still_needed]:
        _running_portals.pop(name)[1].close()


def pytest_sessionfinish() -> None:
    """End them too if the run is interrupted."""
    while _running_portals:
        _running_portals.popitem()[1][1].close()


@pytest.fixture
def portal(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole portal with its demo, as `make run` starts it. Tests that share it run one after another."""
    return shared_portal("portal", lambda: running(tmp_path_factory.mktemp("portal") / "state", find_free_port([])))


@pytest.fixture
def demo_portal(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The portal as `portal` has it, with the 90 days of history that people see in the demo, complete."""

    @contextmanager
    def with_history() -> Iterator[Run]:
        with running(tmp_path_factory.mktemp("demo") / "state", find_free_port([]), DEMO="on") as run:
            eventually(lambda: history_is_saved(run), SECONDS, describe=lambda: run.said.read_text()[-2000:])
            yield run

    return shared_portal("demo_portal", with_history)


@pytest.fixture
def new_page(browser: "Browser") -> Iterator["PageOpener"]:
    """Open pages at an address. Whatever they complain of fails the test."""
    from tests.browser import PageOpener

    opener = PageOpener(browser)
    yield opener
    opener.close()
    assert opener.unexpected_complaints() == []
