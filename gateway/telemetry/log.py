"""Log: one structured line per request and per upstream call, tied together by the request id."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import orjson
import structlog

from gateway.settings import Telemetry
from gateway.telemetry.told import Told
from gateway.telemetry.tracing import Replied
from resolvers.transport.breaker import Circuit
from resolvers.transport.observe import Call

PROBED = frozenset({"/healthz", "/readyz", "/metrics"})
_log = structlog.get_logger("releasegraph")


def configure(telemetry: Telemetry) -> None:
    """Sets structlog up for this process. Lines go to standard error, so that piped output stays clean."""
    global _log
    level = logging.getLevelNamesMapping()[telemetry.log_level.upper()]
    console = telemetry.log_format == "console"
    render = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(_as_json)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    # Bound once: the lines below come several times a request, and a lazy logger is put together anew at each.
    _log = structlog.get_logger("releasegraph").bind()
    library = logging.getLogger("opentelemetry")
    library.handlers, library.propagate = [_OfLibraries(logging.WARNING)], False


class _StandardError:
    """Looked up at each line: standard error may have been replaced, and the old one closed."""

    def __init__(self, *names: str):
        pass

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg


def _as_json(line: dict[str, Any], default: Callable[[Any], Any]) -> str:
    try:
        return orjson.dumps(line, default=default).decode()
    except TypeError:  # half a surrogate pair, a number of more than 64 bits
        return json.dumps(line, default=default)


def upstream_call(call: Call) -> None:
    """An observer of upstream calls. Paths carry no secret: credentials travel in headers only.

    What was answered without a call is a line for debugging only.
    """
    tell = _log.info if call.was_made else _log.debug
    tell(
        "upstream call" if call.was_made else "answer remembered or shared",
        source=call.source,
        method=call.method,
        path=call.path,
        status=call.status,
        duration_ms=round(call.duration_ms, 2),
        size_bytes=call.size_bytes,
        error=call.error_code,
        session=call.is_session,
        retry=call.is_retry,
        cache=call.cache,
    )


def circuit(source: str, circuit: Circuit) -> None:
    """A source is left alone from now on, or asked again."""
    tell = _log.warning if circuit is Circuit.OPEN else _log.info
    tell("circuit", source=source, state=circuit.name)


def operation(told: Told, replied: Replied, duration_s: float) -> None:
    """One GraphQL operation, its reply sent."""
    _log.info(
        "operation",
        operation=told.name,
        type=told.kind,
        document=told.document,
        caller=told.caller,
        outcome=told.outcome,
        status=replied.status,
        errors=len(told.codes),
        codes=sorted(set(told.codes)),
        sources=told.sources,
        duration_ms=round(duration_s * 1000, 2),
        size_bytes=replied.size_bytes,
    )


def request(method: str, path: str, replied: Replied, duration_s: float) -> None:
    """Any other request. Those of probes come every few seconds and are worth a line only to who looks for them."""
    tell = _log.debug if path in PROBED else _log.info
    tell(
        "request",
        method=method,
        path=path,
        status=replied.status,
        duration_ms=round(duration_s * 1000, 2),
        size_bytes=replied.size_bytes,
    )


class _OfLibraries(logging.Handler):
    """What a library logs, as a line of ours. Its words alone: a traceback of its own is nobody's to read."""

    def emit(self, record: logging.LogRecord) -> None:
        _log.warning("library", logger=record.name, message=record.getMessage())
