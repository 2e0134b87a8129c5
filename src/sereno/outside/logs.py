"""The log: one JSON line per event on standard error, of our own words and of every library alike."""

from __future__ import annotations

import logging
import logging.config
from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

from sereno.core import trace

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_logging(process: str, *, level: str = "INFO") -> None:
    """Write every event of this process, named `process`, as one JSON line; call once, at the very start."""
    logging.config.dictConfig(logging_settings(process, level=level))


def logging_settings(process: str, *, level: str = "INFO") -> dict[str, Any]:
    """The same as a dictionary for `logging.config`, for servers that configure logging themselves."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _formatter, "process": process}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            # Gunicorn's own loggers would otherwise bring handlers of their own.
            "gunicorn.error": {"level": level, "propagate": True, "handlers": []},
            "gunicorn.access": {"level": "WARNING", "propagate": False, "handlers": []},
            "alembic": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
        },
    }


def bind(**values: str | None) -> None:
    """Say these things in every event of the present request, and nothing of the request before it."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**{name: value for name, value in values.items() if value})


def _formatter(process: str) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, _named(process)],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.dict_tracebacks,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _named(process: str) -> structlog.types.Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        present = trace.current.get()
        if present is not None:
            event.setdefault("trace_id", present.trace_id)
            event.setdefault("span_id", present.span_id)
        return event

    return add


__all__ = ["bind", "configure_logging", "logging_settings"]
