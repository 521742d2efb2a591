"""Log: one structured line per request and per upstream call, tied together by the request id."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from datetime import UTC, datetime
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
_tells_all = True
_is_plain = False
"Whether lines of the level info are told, as JSON: those that come with every request are then written at once."
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def configure(telemetry: Telemetry) -> None:
    """Sets structlog up for this process. Lines go to standard error, so that piped output stays clean."""
    global _log, _is_plain, _tells_all
    level = logging.getLevelNamesMapping()[telemetry.log_level.upper()]
    console = telemetry.log_format == "console"
    render = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(_as_json)
    structlog.configure(
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StandardError,
        cache_logger_on_first_use=False,
    )
    _tells_all = level <= logging.DEBUG
    _is_plain = not console and level <= logging.INFO
    # Bound once: the lines below come several times a request, and a lazy logger is put together anew at each.
    _log = structlog.get_logger("releasegraph").bind()
    library = logging.getLogger("opentelemetry")
    library.handlers, library.propagate = [_OfLibraries(logging.WARNING)], False


class of_request(AbstractContextManager[None]):  # noqa: N801  # used as a function
    """Lines of the block, in this task and those it starts, carry the id."""

    __slots__ = ("_before", "_id")

    def __init__(self, request_id: str):
        self._id = request_id

    def __enter__(self) -> None:
        self._before = _request_id.set(self._id)

    def __exit__(self, *_: object) -> None:
        _request_id.reset(self._before)


def _with_request_id(logger: object, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    request_id = _request_id.get()
    if request_id is not None:
        line.setdefault("request_id", request_id)
    return line


class _StandardError:
    """Looked up at each line: standard error may have been replaced, and the old one closed."""

    def __init__(self, *names: str):
        pass

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg


_STANDARD_ERROR = _StandardError()


def _as_json(line: dict[str, Any], default: Callable[[Any], Any]) -> str:
    try:
        return orjson.dumps(line, default=default).decode()
    except TypeError:  # half a surrogate pair, a number of more than 64 bits
        return json.dumps(line, default=default)


def upstream_call(call: Call) -> None:
    """An observer of upstream calls. Paths carry no secret: credentials travel in headers only.

    What was answered without a call is a line for debugging only.
    """
    if call.is_unreadable:
        _log.warning("upstream answer unreadable", **_of_call(call))
    elif not call.was_made:
        if _tells_all:
            _log.debug("answer remembered or shared", **_of_call(call))
    elif _is_plain:
        _write(_of_call(call), "upstream call")
    else:
        _log.info("upstream call", **_of_call(call))


def _of_call(call: Call) -> dict[str, Any]:
    return {
        "source": call.source,
        "method": call.method,
        "path": call.path,
        "status": call.status,
        "duration_ms": round(call.duration_ms, 2),
        "size_bytes": call.size_bytes,
        "error": call.error_code,
        "session": call.is_session,
        "retry": call.is_retry,
        "cache": call.cache,
    }


def circuit(source: str, circuit: Circuit) -> None:
    """A source is left alone from now on, or asked again."""
    tell = _log.warning if circuit is Circuit.OPEN else _log.info
    tell("circuit", source=source, state=circuit.name)


def operation(told: Told, replied: Replied, duration_s: float) -> None:
    """One GraphQL operation, its reply sent."""
    if _is_plain:
        _write(_of_operation(told, replied, duration_s), "operation")
    else:
        _log.info("operation", **_of_operation(told, replied, duration_s))


def _of_operation(told: Told, replied: Replied, duration_s: float) -> dict[str, Any]:
    return {
        "operation": told.name,
        "type": told.kind,
        "document": told.document,
        "caller": told.caller,
        "outcome": told.outcome,
        "status": replied.status,
        "errors": len(told.codes),
        "codes": sorted(set(told.codes)) if told.codes else [],
        "sources": told.sources,
        "duration_ms": round(duration_s * 1000, 2),
        "size_bytes": replied.size_bytes,
    }


def _write(line: dict[str, Any], event: str) -> None:
    """A line of the level info, as the processors above would make it; walking through them costs four times as much.
    Two such lines come with every request."""
    line["event"] = event
    request_id = _request_id.get()
    if request_id is not None:
        line["request_id"] = request_id
    line["level"] = "info"
    line["timestamp"] = f"{datetime.now(UTC).replace(tzinfo=None).isoformat()}Z"
    _STANDARD_ERROR.msg(_as_json(line, str))


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
