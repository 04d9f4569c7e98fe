"""Logging configuration: one event a line, JSON in production."""

from collections.abc import MutableMapping
from typing import Any

import structlog

from jobs.spec.redaction import redact_member

_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

_STRUCTLOG_KEYS = frozenset({"_record", "_from_structlog"})


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: value if key in _STRUCTLOG_KEYS else redact_member(key, _loggable(value)) for key, value in event.items()
    }


def _loggable(value: Any) -> Any:
    return value if isinstance(value, dict | list | tuple | str | int | float | None) else str(value)


def logging_config(*, as_json: bool, level: str) -> dict[str, Any]:
    """Configure structlog too, whose loggers end in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED_PROCESSORS,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.processors.LogfmtRenderer(bool_as_flag=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact_event,  # last, when a traceback is text
                    renderer,
                ],
                "foreign_pre_chain": _SHARED_PROCESSORS,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "rq.worker": {"level": "WARNING"},
            "rq": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "django_structlog": {"level": "WARNING"},
        },
    }
