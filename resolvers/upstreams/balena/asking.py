"""Asking: the way in to balena. Who-am-I before the first read, rows of any resource, look-ups part by part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.columns import Columned
from resolvers.graph.columns import linked as behind_of
from resolvers.transport import plan
from resolvers.transport.http import Http
from resolvers.transport.kept import Kept
from resolvers.transport.made import Made
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.balena import Config, choosing, odata
from resolvers.upstreams.balena.columns import At, Cut, Table, cut
from resolvers.upstreams.balena.odata import Condition, Options
from resolvers.upstreams.balena.rows import ActorRow, Envelope
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Chunk, Columns, Failure, Found
from resolvers.upstreams.scopes import Answer

R = TypeVar("R")
T = TypeVar("T")
C = TypeVar("C", bound=Columned)
WHO_AM_I = "/actor/v1/whoami"


class Asking:
    """One source of balena, as everything that reads or changes it knows it."""

    def __init__(self, http: Http, config: Config):
        self.http, self.config, self._of_cloud = http, config, config.has_cloud_fields
        self.at = At(self.source, config.web_url, is_mine=None if config.public else True)
        self.made = Made()
        self._actor = Kept(http.credentials, self._who_am_i, source=http.source)

    @property
    def source(self) -> str:
        return self.http.source

    async def rows(self, target: str, row: type[R], *, may_be_kept: bool = True) -> Rows[R]:
        call, body = await self._list(target, may_be_kept=may_be_kept)
        return payload.decode_rows(self.source, call, body, row, "$.d")

    async def _list(self, target: str, *, may_be_kept: bool = True) -> tuple[str, msgspec.Raw]:
        """What stands in the envelope, with the call's name for messages."""
        call, body = await self._body(target, may_be_kept=may_be_kept)
        return call, payload.decode(self.source, call, body, Envelope).d

    async def _body(self, target: str, *, may_be_kept: bool = True) -> tuple[str, bytes]:
        # A bad token reads as the guest: public rows and a 200. Only who-am-I says 401.
        await self._actor.get()
        return f"GET {target.partition('?')[0]}", await self.http.get(target, may_be_kept=may_be_kept)

    @property
    def of_cloud(self) -> bool:
        return self._of_cloud

    def cut(self, table: Table[C], columns: Columns) -> Cut[C]:
        """The table for these columns, of the server that this source is."""
        return cut(table, columns, self.of_cloud, _untold(table, columns) if self.config.public else frozenset())

    async def cut_rows(self, resource: str, options: Options, view: Cut[Any]) -> Rows[Any]:
        """The rows in the shape of the cut; all of them without what came along when that of one does not fit."""
        call, body = await self._body(odata.url(resource, options))
        rows = self.made.of(body, view, lambda: self._fitted(call, body, view))
        plan.read(self.source, len(rows.rows))
        return rows

    async def chosen_rows(self, resource: str, view: Cut[Any], scope: Condition, numbers: Sequence[int]) -> Rows[Any]:
        """Likewise those of so many numbers as one call takes. Look-ups that come in the same moment share a call."""
        await self._actor.get()
        body = await self.http.look_up(choosing.choice(resource, view, scope, numbers))
        return self._fitted(f"GET /v7/{resource}", body, view)

    def _fitted(self, call: str, body: bytes, view: Cut[Any]) -> Rows[Any]:
        fitting = payload.fitting(body, view.envelope)
        if fitting is not None:
            plan.read(self.source, len(fitting.d))
            return Rows(fitting.d)
        inside = payload.decode(self.source, call, body, Envelope).d
        return payload.decode_rows(self.source, call, inside, view.plain, "$.d")

    async def count(self, resource: str, where: Condition) -> int:
        target = odata.count_url(resource, where)
        call, body = await self._list(target)
        return payload.decode(self.source, call, body, int)

    async def look_up(
        self, numbers: Mapping[int, str], find: Callable[[Sequence[int]], Awaitable[Answer[T]]]
    ) -> Found[T]:
        """`find` for each part of what one call takes; its answers go by native id."""
        parts = odata.chunked(list(numbers))
        return await scopes.look_up(([numbers[number] for number in part], find(part)) for part in parts)

    async def _who_am_i(self) -> ActorRow:
        body = await self.http.get(WHO_AM_I, is_session=True)
        return payload.decode(self.source, f"GET {WHO_AM_I}", body, ActorRow)


def _untold(table: Table[Any], columns: Columns) -> frozenset[str]:
    """Links to fleets of whom it is wanted whether they are ours: where strangers' show too, their rows do not say."""
    return frozenset(
        name for name in table.links if columns is not None and "is_mine" in (behind_of(columns, name) or ())
    )


def numbered(ids: Sequence[str], first_part: str | None = None) -> dict[int, str]:
    """Native ids by their number; what cannot be one is left out."""
    found = {}
    for native_id in ids:
        parts = (first_part, native_id) if first_part is None else keys.split(native_id, 2)
        number = keys.integer(parts[1]) if parts and parts[0] == first_part else None
        if number is not None:
            found[number] = native_id
    return found


def shared_out(
    numbers: Iterable[int], rows: Iterable[tuple[int | None, T]], error: UpstreamError | None
) -> Answer[Sequence[T]]:
    """Rows by the number of whom they belong to. One that was dropped may be anybody's: then no list is whole."""
    if error is not None:
        return Answer({}, error)
    lists: dict[int | None, list[T]] = {number: [] for number in numbers}
    for owner, row in rows:
        lists.get(owner, []).append(row)
    return Answer({str(number): own for number, own in lists.items()})


async def side_by_side(calls: Sequence[Awaitable[Chunk[T]]]) -> list[Chunk[T]]:
    """The calls together; one that fails costs only itself. Raises when all of them fail."""
    answers = await scopes.settled(calls)
    errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
    if errors and len(errors) == len(answers):
        raise errors[0]
    return [Chunk(failures=(Failure(answer),)) if isinstance(answer, UpstreamError) else answer for answer in answers]
