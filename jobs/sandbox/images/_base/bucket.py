"""S3 in the sandbox: `s3://bucket/key` is a file below the folder in SANDBOX_BUCKETS."""

import json
import os
from pathlib import Path
from typing import Any


def _file(url: str) -> Path:
    parts = [part for part in url.removeprefix("s3://").split("/") if part not in {"", ".", ".."}]
    return Path(os.environ["SANDBOX_BUCKETS"], *parts)


def read(url: str) -> Any:
    try:
        return json.loads(_file(url).read_text())
    except (OSError, ValueError):
        return None


def write(url: str, document: object) -> None:
    file = _file(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(document))
    draft.replace(file)
