"""Work: builds, and the runs that deployed them, an application at a time.

The API has no list filters: one release or one id is asked for by itself, several by their applications, which are
scopes, and shared out here. Builds asked for by release may be those of another one too, so they are looked at again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from resolvers.errors import SourceTooLarge, UpstreamError
from resolvers.upstreams import scopes
from resolvers.upstreams.buildmaster.calls import Calls, Form, numbers
from resolvers.upstreams.buildmaster.homes import Homes
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Found
from resolvers.upstreams.scopes import Answer

ALONE = 20
"How many runs that no list shows are asked for one by one in a batch."


class Placed(Protocol):
    """A row of a release, or of an application alone."""

    @property
    def id(self) -> int: ...

    @property
    def application_id(self) -> int: ...

    @property
    def release_id(self) -> int | None: ...


Row = TypeVar("Row", bound=Placed)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Work(Generic[Row, T]):
    """Rows of one type. hides_some: lists leave out rows that are found by their id (the parents of runs)."""

    calls: Calls
    read: Callable[[Form], Awaitable[Rows[Row]]]
    translate: Callable[[str, Row], T]
    homes: Homes
    id_filter: str
    hides_some: bool = False

    async def by_release(self, ids: Sequence[str]) -> Found[Sequence[T]]:
        """One call for one release; a call an application for more, and one for homes that are not known yet."""
        wanted = numbers(ids)
        if len(wanted) == 1:
            return await scopes.look_up([(wanted, self._of_releases({"releaseId": wanted[0]}, wanted))])
        groups, lost = await release_homes(self.calls, wanted)
        calls = [(group, self._of_releases({"applicationId": home}, group)) for home, group in groups.items()]
        found = await scopes.look_up(calls)
        return {**lost, **found}

    async def by_application(self, ids: Sequence[str]) -> Found[Sequence[T]]:
        return await scopes.look_up([((one,), self._of_application(one)) for one in numbers(ids)])

    async def by_id(self, ids: Sequence[str]) -> Found[T]:
        """A call for each application the ids are known to belong to; for the others see `_strangers`."""
        groups, strangers = self.homes.grouped(numbers(ids))
        known, others = await asyncio.gather(self._at_home(groups), self._strangers(strangers))
        return {**known, **others}

    async def _at_home(self, groups: Mapping[str, Sequence[str]]) -> Found[T]:
        return await scopes.look_up([(ids, self._in_application(home, ids)) for home, ids in groups.items()])

    async def _strangers(self, ids: Sequence[str]) -> Found[T]:
        """Ids whose application is not known: as many calls as there are ids, or applications, whichever is less."""
        if len(ids) <= 1:
            return await self._one_by_one(ids)
        try:
            applications = await self.calls.application_ids()
        except UpstreamError as error:
            return dict.fromkeys(ids, error)
        if len(ids) <= len(applications.rows):
            return await self._one_by_one(ids)
        found = await scopes.look_up([(ids, self._anywhere(ids, applications))])
        return {**found, **await self._unlisted([one for one in ids if one not in found])}

    async def _unlisted(self, ids: Sequence[str]) -> Found[T]:
        """What no application lists: gone, unless it is of a type whose lists hide some."""
        if not self.hides_some:
            return {}
        message = f"more than {ALONE} ids in one request that no list has; ask for fewer"
        too_many = SourceTooLarge(self.calls.source, message)
        return {**await self._one_by_one(ids[:ALONE]), **dict.fromkeys(ids[ALONE:], too_many)}

    async def _one_by_one(self, ids: Iterable[str]) -> Found[T]:
        return await scopes.look_up([((one,), self._found({self.id_filter: one})) for one in ids])

    async def _in_application(self, home: str, ids: Sequence[str]) -> Answer[T]:
        return await self._found({self.id_filter: ids[0]} if len(ids) == 1 else {"applicationId": home})

    async def _anywhere(self, ids: Sequence[str], applications: Rows[str]) -> Answer[T]:
        answers = await scopes.settled(self._found({"applicationId": one}) for one in applications.rows)
        whole = scopes.together(answers)
        return Answer(whole.found, whole.error or applications.error)

    async def _found(self, form: Form) -> Answer[T]:
        rows = await self.read(form)
        return Answer({str(row.id): self.translate(self.calls.source, row) for row in rows.rows}, rows.error)

    async def _of_application(self, application_id: str) -> Answer[Sequence[T]]:
        rows = await self.read({"applicationId": application_id})
        own = [row for row in rows.rows if str(row.application_id) == application_id]
        return self._shared(rows, {application_id: own})

    async def _of_releases(self, form: Form, ids: Sequence[str]) -> Answer[Sequence[T]]:
        rows = await self.read(form)
        return self._shared(rows, by_release(rows.rows, ids))

    def _shared(self, rows: Rows[Row], lists: Mapping[str, Sequence[Row]]) -> Answer[Sequence[T]]:
        translated = {key: [self.translate(self.calls.source, row) for row in own] for key, own in lists.items()}
        return scopes.shared_out(translated, rows.error)


async def release_homes(calls: Calls, ids: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, UpstreamError]]:
    """The releases by their application, and the error for those it could not be found out of. One call at most."""
    _, strangers = calls.release_homes.grouped(ids)
    error: UpstreamError | None = None
    if strangers:
        try:
            form = {"releaseId": strangers[0]} if len(strangers) == 1 else calls.application()
            error = (await calls.releases(form)).error
        except UpstreamError as failure:
            error = failure
    groups, missing = calls.release_homes.grouped(ids)
    return groups, {} if error is None else dict.fromkeys(missing, error)


class OfRelease(Protocol):
    @property
    def release_id(self) -> int | None: ...


Owned = TypeVar("Owned", bound=OfRelease)


def by_release(rows: Iterable[Owned], ids: Sequence[str]) -> dict[str, list[Owned]]:
    """The rows of each of these releases; none is [], and rows of other releases are left out."""
    lists: dict[str, list[Owned]] = {native_id: [] for native_id in ids}
    for row in rows:
        if row.release_id is not None and str(row.release_id) in lists:
            lists[str(row.release_id)].append(row)
    return lists
