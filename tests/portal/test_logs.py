"""Log lines hold no secret, whoever logs it: by the name of a field, by the looks of a value, in a traceback."""

import logging
import logging.config
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from jobs.spec.redaction import MASK
from portal.logs import logging_config

CANARY = "wombat7Canary"


@pytest.fixture(params=[True, False], ids=["json", "logfmt"])
def log_output(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """What a handler of the portal writes."""
    formatter = logging_config(as_json=request.param, level="INFO")["formatters"]["line"]
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(**{k: v for k, v in formatter.items() if k != "()"}))
    logger = logging.getLogger("canary")
    logger.addHandler(handler)
    logger.propagate = False
    yield stream
    logger.removeHandler(handler)
    logger.propagate = True


def test_a_log_line_masks_what_is_secret_and_says_the_rest(log_output: StringIO) -> None:
    structlog.get_logger("canary").warning(
        "job_refused",
        password=CANARY,
        address=f"postgres://user:{CANARY}@db/x",
        document={"environment": [{"name": "DB_PWD", "value": CANARY}, {"name": "STAGE", "value": "prod"}]},
        jobs=3,
    )
    line = log_output.getvalue()

    assert CANARY not in line
    assert all(word in line for word in ("job_refused", "postgres://user:", "@db/x", "STAGE", "prod", "3"))


def test_a_traceback_and_a_library_are_masked_too(log_output: StringIO) -> None:
    secret = f"run --token {CANARY}"
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("canary").exception("failed: %s", secret)
    line = log_output.getvalue()

    assert CANARY not in line
    assert "Traceback" in line
    assert MASK in line or MASK.encode("ascii", "backslashreplace").decode() in line
