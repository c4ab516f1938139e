"""Structured logs without personal data: JSON lines whose keys come from a short list; anything else is dropped.

Of an exception only its class and place are written: its text could quote what somebody typed.
"""

import io
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from shared import tracing

ALLOWED = frozenset(
    [
        "event",
        "rows",
        "of",
        "level",
        "timestamp",
        "logger",
        "service",
        "role",
        "request_id",
        "method",
        "route",
        "status",
        "ms",
        "topic",
        "topics",
        "subject",
        "sequence",
        "partition",
        "partitions",
        "error",
        "place",
        "reason",
        "task",
        "state",
        "records",
        "revision",
        "count",
        "epoch",
        "lead_id",
        "unit",
        "action",
        "trace_id",
    ]
)
"""Keys that may be logged: names of things, numbers and ids; never a text that a person typed."""
_NOISY = ("aiokafka", "asyncpg", "httpx", "httpcore", "sqlalchemy", "uvicorn", "asyncio", "alembic")


def _only_allowed(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    fault = entry.pop("exc_info", None)
    if fault is True:
        fault = sys.exc_info()
    if isinstance(fault, tuple):
        fault = fault[1]
    if isinstance(fault, BaseException):
        entry["error"], entry["place"] = type(fault).__name__, place(fault)
    for key in [key for key in entry if key not in ALLOWED]:
        del entry[key]
    return entry


def _trace(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if tracing.on and (trace_id := tracing.trace_id()):
        entry["trace_id"] = trace_id
    return entry


def place(fault: BaseException) -> str:
    """Where an exception came from, as module:line."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"


class _Foreign(logging.Handler):
    """Lines of other libraries: their template and origin, without the values put into it."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        fault = record.exc_info[1] if record.exc_info else None
        event = f"library.{record.name}"
        logger.log(record.levelno, event, logger=record.name, exc_info=fault, reason=_template(record))


def _template(record: logging.LogRecord) -> str:
    """The message's own template; an already formatted message could carry values, so only templates with arguments are kept."""
    return str(record.msg)[:200] if record.args else ""


class _Output(io.TextIOBase):
    """Standard output that never raises: a log on a full disk loses lines, not the work that wrote them."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def configure(*, service: str, role: str, level: str = "INFO") -> None:
    """Set up logging for this process, to standard output."""
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace,
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", _Output())),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service, role=role)
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(logging.WARNING)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
