"""Asking balena. One scope: a list is one call whatever its length, since balena sends every row that matches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ArtifactKind
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.kept import Kept
from resolvers.transport.session import Http
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.balena import FACTS, STATUSES, Config, filters, normalise, odata, selection
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.balena.rows import (
    ActorRow,
    ApplicationRow,
    AssetRow,
    ColumnsRow,
    Envelope,
    ImageRow,
    ReleaseFilesRow,
    ReleaseRow,
)
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Facts, Failure, FleetQuery, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer

R = TypeVar("R")
T = TypeVar("T")
WHO_AM_I = "/actor/v1/whoami"


class Balena:
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        token = config.token.get_secret_value()
        self.http = http.signed(FixedHeaders({"Authorization": f"Bearer {token}"}), STATUSES)
        self.config = config
        self._actor = Kept(self._who_am_i)

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        calls = [self._release_chunk(where) for where in filters.releases(self.config, query)]
        for chunk in await _parts(calls):
            yield chunk

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        """What is ours; with `public` what is not as well, by a second call."""
        calls = [
            self._fleet_chunk(where, is_mine)
            for scope, is_mine in self._scopes()
            for where in filters.fleets(self.config, query, scope)
        ]
        for chunk in await _parts(calls):
            yield chunk

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        images, assets = (
            query.kinds is None or kind in query.kinds
            for kind in (ArtifactKind.CONTAINER_IMAGE, ArtifactKind.RELEASE_ASSET)
        )
        if images or assets:
            wanted = selection.files(filters.releases_in_scope(self.config), images=images, assets=assets)
            rows = await self._rows(odata.url("release", wanted), ReleaseFilesRow)
            yield Chunk(normalise.artifacts(self.http.source, rows.rows), rows.failures())

    async def releases_by_id(self, ids: Sequence[str]) -> Found[Release]:
        return await self._look_up(_numbered(ids), self._find_releases)

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        return await self._look_up(_numbered(ids), self._find_fleets)

    async def artifacts_by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        images = self._look_up(_numbered(ids, normalise.IMAGE), self._find_images)
        assets = self._look_up(_numbered(ids, normalise.ASSET), self._find_assets)
        found_images, found_assets = await asyncio.gather(images, assets)
        return {**found_images, **found_assets}

    async def artifacts_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        return await self._look_up(_numbered(ids), self._find_files)

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        names = sorted(columns & selection.HEAVY_RELEASE)

        async def find(numbers: Sequence[int]) -> Answer[Mapping[str, Any]]:
            wanted = odata.Options(("id", *names), self._of_releases(numbers))
            rows = await self._rows(odata.url("release", wanted), ColumnsRow)
            return Answer({str(row.id): normalise.columns(row, names) for row in rows.rows}, rows.error)

        if not names:
            return {}
        return await self._look_up(_numbered(ids), find)

    async def _release_chunk(self, where: Condition) -> Chunk[Release]:
        rows = await self._release_rows(where)
        return Chunk([normalise.release(self.http.source, row) for row in rows.rows], rows.failures())

    async def _fleet_chunk(self, where: Condition, is_mine: bool) -> Chunk[Fleet]:
        rows = await self._application_rows(where)
        fleets = [normalise.fleet(self.http.source, row, is_mine=is_mine) for row in rows.rows]
        return Chunk(fleets, rows.failures())

    async def _find_releases(self, numbers: Sequence[int]) -> Answer[Release]:
        rows = await self._release_rows(self._of_releases(numbers))
        return Answer({str(row.id): normalise.release(self.http.source, row) for row in rows.rows}, rows.error)

    async def _find_fleets(self, numbers: Sequence[int]) -> Answer[Fleet]:
        """What one of the calls finds holds, also when the other fails."""
        chosen = odata.one_of("id", numbers)
        calls = (self._fleet_chunk(odata.every(scope, chosen), is_mine) for scope, is_mine in self._scopes())
        chunks = await _parts(list(calls))
        error = next((failure.error for chunk in chunks for failure in chunk.failures), None)
        return Answer({fleet.native_id: fleet for chunk in chunks for fleet in chunk.rows}, error)

    async def _find_images(self, numbers: Sequence[int]) -> Answer[Artifact]:
        where = odata.every(filters.images_in_scope(self.config), odata.one_of("id", numbers))
        rows = await self._rows(odata.url("image", selection.images(where)), ImageRow)
        return _artifacts((normalise.linked_image(self.http.source, row) for row in rows.rows), rows.error)

    async def _find_assets(self, numbers: Sequence[int]) -> Answer[Artifact]:
        where = odata.every(filters.assets_in_scope(self.config), odata.one_of("id", numbers))
        rows = await self._rows(odata.url("release_asset", selection.assets(where)), AssetRow)
        return _artifacts((normalise.linked_asset(self.http.source, row) for row in rows.rows), rows.error)

    async def _find_files(self, numbers: Sequence[int]) -> Answer[Sequence[Artifact]]:
        wanted = selection.files(self._of_releases(numbers))
        rows = await self._rows(odata.url("release", wanted), ReleaseFilesRow)
        return Answer({str(row.id): normalise.artifacts(self.http.source, [row]) for row in rows.rows}, rows.error)

    def _of_releases(self, numbers: Sequence[int]) -> Condition:
        return odata.every(filters.releases_in_scope(self.config), odata.one_of("id", numbers))

    def _scopes(self) -> list[tuple[Condition, bool]]:
        """Conditions on applications, each with whether what meets it is ours."""
        own = [(filters.own(self.config), True)]
        return [*own, (filters.foreign(self.config), False)] if self.config.public else own

    async def _release_rows(self, where: Condition) -> Rows[ReleaseRow]:
        wanted = selection.releases(where, of_cloud=self.config.has_cloud_fields)
        return await self._rows(odata.url("release", wanted), ReleaseRow)

    async def _application_rows(self, where: Condition) -> Rows[ApplicationRow]:
        wanted = selection.applications(where, of_cloud=self.config.has_cloud_fields)
        return await self._rows(odata.url("application", wanted), ApplicationRow)

    async def _look_up(
        self, numbers: Mapping[int, str], find: Callable[[Sequence[int]], Awaitable[Answer[T]]]
    ) -> Found[T]:
        """`find` for each part of what one call takes; its answers go by native id."""
        parts = odata.chunked(list(numbers))
        return await scopes.look_up(([numbers[number] for number in part], find(part)) for part in parts)

    async def _rows(self, target: str, row: type[R]) -> Rows[R]:
        # A bad token reads as the guest: public rows and a 200. Only who-am-I says 401.
        await self._actor.get()
        call = f"GET {target.partition('?')[0]}"
        envelope = payload.decode(self.http.source, call, await self.http.get(target), Envelope)
        return payload.decode_rows(self.http.source, call, envelope.d, row, "$.d")

    async def _who_am_i(self) -> ActorRow:
        body = await self.http.get(WHO_AM_I, is_session=True)
        return payload.decode(self.http.source, f"GET {WHO_AM_I}", body, ActorRow)


def _numbered(ids: Sequence[str], first_part: str | None = None) -> dict[int, str]:
    """Native ids by their number; what cannot be one is left out."""
    found = {}
    for native_id in ids:
        parts = (first_part, native_id) if first_part is None else keys.split(native_id, 2)
        number = keys.integer(parts[1]) if parts and parts[0] == first_part else None
        if number is not None:
            found[number] = native_id
    return found


def _artifacts(found: Iterable[Artifact], error: UpstreamError | None) -> Answer[Artifact]:
    return Answer({artifact.native_id: artifact for artifact in found}, error)


async def _parts(calls: Sequence[Awaitable[Chunk[T]]]) -> list[Chunk[T]]:
    """The calls side by side; one that fails costs only itself. Raises when all of them fail."""
    answers = await scopes.settled(calls)
    errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
    if errors and len(errors) == len(answers):
        raise errors[0]
    return [Chunk(failures=(Failure(answer),)) if isinstance(answer, UpstreamError) else answer for answer in answers]
