"""Asking BuildMaster. Every list comes whole: there are filters, but no pages and no order.

Reads are POSTs with a form: the documentation's GET with a body may lose the body on the way, and the server would
answer with everything. For the same reason whatever a filter asked for is looked at again here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from resolvers import keys
from resolvers.errors import UpstreamRefused
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.session import Http
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.buildmaster import FACTS, STATUSES, Config, normalise
from resolvers.upstreams.buildmaster.rows import ApplicationRow, ReleaseRow
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Facts, FleetQuery, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")
WORDS: Mapping[ReleaseStatus, str] = {status: word for word, status in normalise.STATUSES.items()}
NO_ARTIFACTS: Sequence[Chunk[Artifact]] = ()
DRAFT = re.compile(r"draft-[0-9a-fA-F]+")


class BuildMaster:
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        self.http = http.signed(FixedHeaders({"X-ApiKey": config.token.get_secret_value()}), STATUSES)
        self.config = config

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        fleet_ids = query.fleet_ids and _numbers(query.fleet_ids)
        if fleet_ids is not None and not fleet_ids:
            return  # only ids of no application
        rows = await self._release_rows({**self._application(fleet_ids), **_filters(query)})
        asked = [row for row in rows.rows if fleet_ids is None or str(row.application_id) in fleet_ids]
        yield Chunk([normalise.release(self.http.source, row) for row in asked], rows.failures())

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        rows = await self._fleets(None)
        yield Chunk(rows.rows, rows.failures())

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        """A stream of nothing: see FACTS."""
        for chunk in NO_ARTIFACTS:
            yield chunk

    async def releases_by_id(self, ids: Sequence[str]) -> Found[Release]:
        """One call: filtered for one id, the whole list for more, since the filter takes no list of ids."""
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._find_releases(wanted))] if wanted else [])

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        """The list of applications: there is no other way to one."""
        wanted = _numbers(ids)
        return await scopes.look_up([(wanted, self._find_fleets(wanted))] if wanted else [])

    async def artifacts_by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        return {}

    async def artifacts_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        return {native_id: [] for native_id in ids}

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        return {}

    async def _find_releases(self, ids: Sequence[str]) -> Answer[Release]:
        # The id and an application exclude each other.
        rows = await self._release_rows({"releaseId": ids[0]} if len(ids) == 1 else self._application(None))
        return Answer({str(row.id): normalise.release(self.http.source, row) for row in rows.rows}, rows.error)

    async def _find_fleets(self, ids: Sequence[str]) -> Answer[Fleet]:
        rows = await self._fleets(ids)
        return Answer({fleet.native_id: fleet for fleet in rows.rows}, rows.error)

    async def _fleets(self, ids: Sequence[str] | None) -> Rows[Fleet]:
        """All in scope, sometimes narrowed to `ids`. The list of applications takes a grant the key may lack."""
        try:
            rows = await self._rows("/api/applications/list", {}, ApplicationRow)
        except UpstreamRefused:
            return await self._fleets_of_releases(ids)
        shown = [row for row in rows.rows if self.config.holds(row.id, row.name) and not _is_draft(row)]
        return Rows([normalise.fleet(self.http.source, row) for row in shown], rows.error)

    async def _fleets_of_releases(self, ids: Sequence[str] | None) -> Rows[Fleet]:
        """What the releases tell of their applications; one without a release stays unseen."""
        rows = await self._release_rows(self._application(ids))
        one_of_each = {row.application_id: row for row in rows.rows}.values()
        return Rows([normalise.fleet_of(self.http.source, row) for row in one_of_each], rows.error)

    def _application(self, fleet_ids: Sequence[str] | None) -> dict[str, str]:
        """The filter for the one application that is asked for; none when there are several. There are no lists."""
        if fleet_ids is not None and len(fleet_ids) == 1:
            return {"applicationId": fleet_ids[0]}
        if len(self.config.applications) != 1:
            return {}
        (chosen,) = self.config.applications
        return {"applicationName" if keys.integer(chosen) is None else "applicationId": chosen}

    async def _release_rows(self, form: Mapping[str, str]) -> Rows[ReleaseRow]:
        """In scope, whatever the server made of the filters."""
        rows = await self._rows("/api/releases", form, ReleaseRow)
        inside = [row for row in rows.rows if self.config.holds(row.application_id, row.application_name)]
        return Rows(inside, rows.error)

    async def _rows(self, path: str, form: Mapping[str, str], row: type[T]) -> Rows[T]:
        body = await self.http.post_form(path, form)
        return payload.decode_rows(self.http.source, f"POST {path}", body, row)


def _filters(query: ReleaseQuery) -> dict[str, str]:
    """What BuildMaster can narrow by itself: one value a filter, and either the number or the name."""
    statuses = {WORDS.get(status) for status in query.statuses or ()}
    (status,) = statuses if len(statuses) == 1 else (None,)
    text = _only("releaseNumber", query.versions) or _only("releaseName", query.names)
    return {**text, **({"status": status} if status else {})}


def _only(name: str, texts: Sequence[str] | None) -> dict[str, str]:
    # An empty value would be no filter: not wrong, but of no use.
    return {name: texts[0]} if texts and len(texts) == 1 and texts[0] else {}


def _numbers(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids that can be meant, each once."""
    return tuple(native_id for native_id in dict.fromkeys(ids) if keys.integer(native_id) is not None)


def _is_draft(row: ApplicationRow) -> bool:
    """What an abandoned creation leaves behind: inactive, with a made-up name."""
    return row.active is False and DRAFT.fullmatch(row.name) is not None
