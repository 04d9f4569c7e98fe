"""S3 as the sandbox has it: `s3://bucket/key` is a file below the folder that SANDBOX_BUCKETS names.

Jobs have a folder of their own that is gone when they end; this is how one hands something to the next.
"""

import json
import os
from pathlib import Path
from typing import Any


def _file(url: str) -> Path:
    parts = [part for part in url.removeprefix("s3://").split("/") if part not in {"", ".", ".."}]
    return Path(os.environ["SANDBOX_BUCKETS"], *parts)


def read(url: str) -> Any:
    """The JSON document at an s3:// address, or None if there is none."""
    try:
        return json.loads(_file(url).read_text())
    except (OSError, ValueError):
        return None


def write(url: str, document: object) -> None:
    """Put a JSON document there; whoever reads at the same moment sees the old one or the new one."""
    file = _file(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(document))
    draft.replace(file)
