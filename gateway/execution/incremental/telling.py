"""Telling: errors of one request as its client sees them, whichever part they come in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphql import GraphQLError

from gateway.execution import masking
from resolvers.federation.report import Loss
from resolvers.request import Request

Shown = dict[str, Any]


class Telling:
    """tells_losses: also of lists that lost a source and say so themselves."""

    def __init__(self, request: Request, request_id: str, *, tells_losses: bool):
        self._request, self._request_id, self._tells_losses = request, request_id, tells_losses

    def error(self, error: GraphQLError) -> Shown:
        if error.original_error is None and error.path is None and error.nodes is None:
            # Nothing of the operation: graphql-core gave up a part for a reason of its own.
            error = GraphQLError(error.message, original_error=RuntimeError(error.message))
        shown = masking.shown(error, self._request_id)
        masking.forget([error])
        return shown

    def losses(self) -> Iterator[tuple[Loss, Shown]]:
        """Those so far, in the order they came."""
        for loss in self._request.collector.losses:
            if self._tells_losses or not loss.may_be_left_out:
                yield loss, masking.lost(loss)

    def whole(self, errors: Sequence[GraphQLError] | None) -> list[Shown]:
        """All of an answer that comes whole."""
        return [*(masking.shown(one, self._request_id) for one in errors or ()), *(shown for _, shown in self.losses())]
