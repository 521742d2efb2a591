"""Masking: what of an error a client sees. Whatever is not in our error tree is hidden behind the request's id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from graphql import GraphQLError

from resolvers.errors import ReleasegraphError, untraced
from resolvers.federation.report import Loss

_log = structlog.get_logger("releasegraph.execution")


def shown(error: GraphQLError, request_id: str, code: str = "BAD_ARGUMENT") -> dict[str, Any]:
    """One entry of `errors`. `code` is for GraphQL's own complaints, which carry none."""
    original = error.original_error
    if isinstance(original, ReleasegraphError):
        return {**_formatted(error), "extensions": original.extensions}
    if original is None or isinstance(original, GraphQLError):
        return {**_formatted(error), "extensions": {"code": code, **(error.extensions or {})}}
    _log.error("unexpected error", path=error.path, exc_info=original)
    message = f"something went wrong inside the gateway; an operator finds it by the request id {request_id}"
    return {**_formatted(error), "message": message, "extensions": {"code": "INTERNAL", "requestId": request_id}}


def forget(errors: Iterable[GraphQLError]) -> None:
    """Once they are told: see `untraced`."""
    for error in errors:
        untraced(error.original_error)
        untraced(error)


def lost(loss: Loss) -> dict[str, Any]:
    """The entry for a source that a list lacks, wholly or in part; `partial` while the others are there."""
    return {
        "message": str(loss.error),
        "path": list(loss.path),
        "extensions": {**loss.error.extensions, **({"partial": True} if loss.is_partial else {})},
    }


def _formatted(error: GraphQLError) -> dict[str, Any]:
    return {key: value for key, value in error.formatted.items() if key != "extensions"}
