"""Settling: an answer or why there is none, so that one source costs a line only its own part."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from resolvers.errors import UpstreamError, untraced
from resolvers.federation.reading import Unexpected

T = TypeVar("T")

_log = structlog.get_logger("releasegraph.lines")


async def settled(source: str, asked: Awaitable[T]) -> T | UpstreamError:
    """A mistake of one adapter must not cost the others: it is told as the trouble of its source."""
    try:
        return await asked
    except UpstreamError as error:
        untraced(error)
        return error
    except Exception as error:
        _log.error("unexpected error", source=source, exc_info=error)
        return Unexpected(source)
