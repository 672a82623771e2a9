"""Logs: one JSON object a line, with the fields of the call and nothing of a frame or a patient."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

__all__ = ["JsonFormatter", "configure_logs", "is_told"]

_REFUSED_HANDSHAKE = "ASGI callable returned without completing handshake."
"""What uvicorn calls an error where a WebSocket is refused by an HTTP answer: anybody could fill the log with it."""


class JsonFormatter(logging.Formatter):
    """Formats time, level, logger, message and the record's `fields`; of an exception only its class and its place.

    The text of an exception may quote what a caller sent, so it is left out.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _place(record.exc_info[2])
        return json.dumps(line, default=str)


def configure_logs(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all log records of this process to one stream, standard output by default, as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "grpc"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(is_told)


def is_told(record: logging.LogRecord) -> bool:
    """Tell whether a record of uvicorn is logged: a refused handshake is a request, which is logged as one."""
    return record.msg != _REFUSED_HANDSHAKE


def _place(trace: Any) -> str:
    """Return "function:line" of where an exception was raised, "" without a traceback."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
