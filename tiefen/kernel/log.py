"""Structured logs without personal data: ids, codes and durations, never names, phones or bodies."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

_PRIVATE = frozenset(
    {"phone", "name", "address", "openid", "unionid", "password", "token", "secret", "content"}
    | {"body", "authorization", "cookie", "id_number", "email", "receiver", "session_key"}
)


# Without local variables: they hold keys, tokens and people.
_tracebacks = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


class _StandardError:
    """Standard error as it is when a line is written: whoever redirected it since gets the line."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, as_json: bool) -> None:
    """Set up structlog for the process; `as_json` for machines, else for a terminal."""
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _scrub,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tracebacks if as_json else structlog.dev.set_exc_info,
            renderer,
        ],
        # Standard output belongs to what a command was asked for (`--json`).
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _StandardError())),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)


def get(room: str) -> structlog.stdlib.BoundLogger:
    """The logger of a room."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(room=room)
    return logger


def _scrub(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in line:
        if key in _PRIVATE:
            line[key] = "[private]"
    return line
