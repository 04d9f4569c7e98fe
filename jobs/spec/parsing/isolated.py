"""Parsing by a library in a process with limits: YAML can exhaust a parser (aliases of aliases, deep nesting)."""

import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

MAX_CPU_SECONDS = 5
"""The first Terraform after an installation takes two: the library builds its grammar."""
MAX_SECONDS = 10.0
"""Enough on a busy machine."""
MAX_MEMORY_BYTES = 512 * 1024 * 1024
MAX_OUTPUT_BYTES = 2 * 1024 * 1024

_LIMIT_AND_RUN = """\
import runpy, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
    resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
except ImportError:
    pass
runpy.run_path(sys.argv[1], run_name="__main__")
"""


class IsolatedParserError(Exception):
    """The process was stopped or failed."""


@lru_cache(maxsize=64)
def run_parser(program: Path, text: str) -> Any:
    """Raise IsolatedParserError. The result is shared: don't modify it."""
    limits = _LIMIT_AND_RUN.format(memory=MAX_MEMORY_BYTES, seconds=MAX_CPU_SECONDS)
    try:
        process = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", limits, str(program)],
            input=text.encode(),
            capture_output=True,
            timeout=MAX_SECONDS,
            env={},  # none of the portal's secrets
            check=True,
        )
        if len(process.stdout) > MAX_OUTPUT_BYTES:
            raise IsolatedParserError("too large")
        return json.loads(process.stdout)
    except (OSError, subprocess.SubprocessError, ValueError, RecursionError) as error:
        raise IsolatedParserError(str(error)) from error
