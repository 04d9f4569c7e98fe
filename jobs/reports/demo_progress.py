"""Progress of the demo's history, in a file: pages read it without a query."""

from contextlib import suppress
from pathlib import Path

from django.conf import settings

FILE_NAME = "demo-progress"


def save_demo_progress(saved: int, total: int) -> None:
    _file().write_text(str(100 * saved // total if total else 100))


def clear_demo_progress() -> None:
    _file().unlink(missing_ok=True)


def demo_progress() -> int | None:
    with suppress(OSError, ValueError):
        return int(_file().read_text())
    return None


def _file() -> Path:
    return Path(settings.STATE) / FILE_NAME
