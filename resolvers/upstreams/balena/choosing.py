"""Choosing: look-ups by id as calls that several of them can share, and the answer of such a call taken apart. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from resolvers.transport.exchange import Choice
from resolvers.upstreams.balena import odata
from resolvers.upstreams.balena.columns import Cut
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.balena.rows import LinkedRow, Listed


def choice(resource: str, view: Cut[Any], scope: Condition, numbers: Sequence[int]) -> Choice:
    """The rows of these ids that are in the scope. At most `odata.MAX_NUMBERS`."""
    before, after = _around(resource, view, scope)
    return Choice(before, tuple(numbers), after, odata.MAX_NUMBERS, split)


def _around(resource: str, view: Cut[Any], scope: Condition) -> tuple[str, str]:
    """Written once for a cut: most look-ups differ in their ids alone."""
    known = view.around.get((resource, scope))
    if known is None:
        where = odata.every(scope, odata.chosen_ones("id"))
        known = view.around[resource, scope] = odata.around(odata.url(resource, view.options(where)))
    return known


def split(body: bytes, lists: Sequence[Sequence[int]]) -> list[bytes] | None:
    """The rows of each list of ids in an envelope of their own; None unless every row has an id."""
    try:
        raws = _ROWS.decode(body).d
        known = {_NUMBER.decode(raw).id: raw for raw in raws}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return [b'{"d":[%b]}' % b",".join([known[one] for one in ids if one in known]) for ids in lists]


_ROWS = msgspec.json.Decoder(Listed[msgspec.Raw])
_NUMBER = msgspec.json.Decoder(LinkedRow)
