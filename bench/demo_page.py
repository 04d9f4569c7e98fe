"""A page of a portal with demo data in Chromium, for benchmarks."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from portal.quickstart.state_dir import find_free_port
from tests import chromium
from tests.browser import visitor_cookies
from tests.eventually import eventually
from tests.quickstart_process import SECONDS, history_is_saved, running


@contextmanager
def demo_page(executable_path: str, seed: str) -> Iterator[tuple[Page, str]]:
    """Start a portal and run the program `seed` on it. Yield a page of the analyst, and the address it printed."""
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        running(Path(folder) / "state", find_free_port([]), DEMO="on") as portal,
        sync_playwright() as playwright,
    ):
        eventually(lambda: history_is_saved(portal), SECONDS)
        address = _run(seed, portal.state)
        browser = playwright.chromium.launch(executable_path=executable_path, args=list(chromium.ARGUMENTS))
        context = browser.new_context(base_url=portal.url, viewport={"width": 1440, "height": 1000})
        context.add_cookies(visitor_cookies(portal.url, "analyst"))
        yield context.new_page(), address
        browser.close()


def _run(program: str, state: Path) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "STATE": str(state)}
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return answer.stdout.strip().splitlines()[-1]
