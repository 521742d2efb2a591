"""Made: what several make of one answer in the same moment is made once.

Who asked the same at the same time waits for one call, and all of them get its bytes in one turn of the loop. Reading
those bytes is most of what a list costs, so the first one's rows serve the others too. Beyond that turn nothing is held
here, and nothing at all of an answer that only one has waited for: how long it may serve is decided in
`transport/recall`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from resolvers.transport import coalesce

T = TypeVar("T")


class Made:
    """What is made must not be changed by anybody: others have it as well."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Hashable], tuple[object, Any]] = {}

    def of(self, what: object, how: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of this very object. how: tells what is made of it, and by what. Errors are not shared."""
        if not coalesce.are_several():
            return make()
        key = id(what), how
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = what, make()  # held, so that its number is nobody else's meanwhile
            # Those who are to have it too are called in this turn, before what is told now.
            asyncio.get_running_loop().call_soon(self._known.pop, key, None)
        return cast(T, known[1])
