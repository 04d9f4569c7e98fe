"""`python -m tests.chaos.quickstart …`: the quick start, with processes whose waits are short, as hasty has them."""

import os
import sys
from unittest import mock

from portal.quickstart import __main__ as quickstart
from portal.quickstart.config import web_command
from tests.chaos import hasty


def command(*words: str) -> list[str]:
    """Return how a command of manage.py is started. The sandbox takes a signature as long as the portal reckons."""
    options = ["--signature-seconds", str(hasty.SIGNATURE)] if words[0] == "sandbox" else []
    return [sys.executable, "-m", "tests.chaos.hasty", *words, *options]


def pages(port: int) -> list[str]:
    return [word.replace("portal.wsgi", "tests.chaos.pages") for word in web_command(port)]


if __name__ == "__main__":
    with (
        mock.patch.object(quickstart, "manage_command", command),
        mock.patch.object(quickstart, "web_command", pages),
    ):
        sys.exit(quickstart.main(sys.argv[1:], os.environ))
