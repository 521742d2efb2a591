"""Calls: every read of one installation, cut to the scope; what its rows tell of homes is kept.

Reads are POSTs with a form: the documentation's GET with a body may lose the body on the way, and the server would
answer with everything. For the same reason whatever a filter asked for is looked at again here and by who asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import msgspec

from resolvers import keys
from resolvers.errors import UpstreamRefused
from resolvers.graph.fleet import Fleet
from resolvers.transport import plan
from resolvers.transport.http import Http
from resolvers.transport.made import Made
from resolvers.upstreams import payload
from resolvers.upstreams.buildmaster import Config, normalise
from resolvers.upstreams.buildmaster.homes import Homes
from resolvers.upstreams.buildmaster.rows import ApplicationRow, BuildRow, FileRow, ReleaseRow, RunRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.prices import Learnt, ScopeCount

T = TypeVar("T")
InApplication = TypeVar("InApplication", ReleaseRow, BuildRow, RunRow, FileRow)
Form = Mapping[str, str]
EVERYTHING: Form = {}
DRAFT = re.compile(r"draft-[0-9a-fA-F]+")

RELEASES = "/api/releases"
NATIVE_ARTIFACTS = "/api/json/Artifacts_GetArtifacts"
ALL_OF_THEM = 2**31 - 1
"The native call wants a number of rows; whether 0 means all is told of another call only."


class Calls:
    def __init__(self, http: Http, config: Config):
        self.http, self.config, self.source = http, config, http.source
        self.release_homes, self.build_homes, self.run_homes = Homes(), Homes(), Homes()
        named = len(config.applications)
        self.made = Made()
        self.scopes = Learnt(ScopeCount(named) if named else None)

    async def releases(self, form: Form = EVERYTHING) -> Rows[ReleaseRow]:
        """They also tell the homes of the two builds each names: it is those that are looked up by id."""
        body = await self.http.post_form(RELEASES, form)
        rows, read = self.made.of(body, ReleaseRow, lambda: self._releases(body))
        plan.read(self.source, read)
        return rows

    def _releases(self, body: bytes) -> tuple[Rows[ReleaseRow], int]:
        """Those in scope, and how many there were."""
        read = payload.decode_rows(self.source, f"POST {RELEASES}", body, ReleaseRow)
        rows = Rows(self._held(read.rows), read.error)
        homes = [row.application_id for row in rows.rows]
        self.release_homes.learn([row.id for row in rows.rows], homes)
        for name in ("furthest_build_id", "latest_build_id", "furthest_package_id", "latest_package_id"):
            self.build_homes.learn(map(attrgetter(name), rows.rows), homes)
        return rows, len(read.rows)

    async def builds(self, form: Form) -> Rows[BuildRow]:
        rows = await self._inside("/api/releases/builds", form, BuildRow)
        self.build_homes.learn([row.id for row in rows.rows], [row.application_id for row in rows.rows])
        return rows

    async def runs(self, form: Form) -> Rows[RunRow]:
        rows = await self._inside("/api/releases/builds/deployments", form, RunRow)
        # A run asked for by its id may be a parent, which no list of its application shows.
        if "deploymentId" not in form:
            self.run_homes.learn([row.id for row in rows.rows], [row.application_id for row in rows.rows])
        return rows

    async def files(self, application_id: str) -> Rows[FileRow]:
        """Artifacts of one application, by the native API."""
        asked = {"Application_Id": int(application_id), "Artifact_Count": ALL_OF_THEM}
        body = await self.http.post_json(NATIVE_ARTIFACTS, msgspec.json.encode(asked))
        rows = payload.decode_rows(self.source, f"POST {NATIVE_ARTIFACTS}", body, FileRow)
        own = [row for row in self._held(rows.rows) if str(row.application_id) == application_id]
        self.build_homes.learn([row.build_id for row in own], [row.application_id for row in own])
        return Rows(own, rows.error)

    async def fleets(self, ids: Sequence[str] | None = None) -> Rows[Fleet]:
        """All in scope, sometimes narrowed to `ids`. The list of applications takes a grant the key may lack."""
        try:
            rows = await self._rows("/api/applications/list", EVERYTHING, ApplicationRow)
        except UpstreamRefused:
            return await self._fleets_of_releases(ids)
        shown = [row for row in rows.rows if self.config.holds(row.id, row.name) and not _is_draft(row)]
        self.scopes.learn(ScopeCount(len(shown)))
        return Rows([normalise.fleet(self.source, row) for row in shown], rows.error)

    async def application_ids(self) -> Rows[str]:
        """Of all in scope; a call unless they are configured by id."""
        if self.config.application_ids:
            return Rows(self.config.application_ids)
        fleets = await self.fleets()
        return Rows([fleet.native_id for fleet in fleets.rows], fleets.error)

    def application(self, ids: Sequence[str] | None = None) -> dict[str, str]:
        """The filter for the one application that is asked for; none when there are several. There are no lists."""
        if ids is not None and len(ids) == 1:
            return {"applicationId": ids[0]}
        if len(self.config.applications) != 1:
            return {}
        (chosen,) = self.config.applications
        return {"applicationName" if keys.integer(chosen) is None else "applicationId": chosen}

    async def _fleets_of_releases(self, ids: Sequence[str] | None) -> Rows[Fleet]:
        """What the releases tell of their applications; one without a release stays unseen."""
        rows = await self.releases(self.application(ids))
        one_of_each = {row.application_id: row for row in rows.rows}.values()
        return Rows([normalise.fleet_of(self.source, row) for row in one_of_each], rows.error)

    async def _inside(self, path: str, form: Form, row: type[InApplication]) -> Rows[InApplication]:
        """In scope, whatever the server made of the filters."""
        rows = await self._rows(path, form, row)
        return Rows(self._held(rows.rows), rows.error)

    def _held(self, rows: Sequence[InApplication]) -> Sequence[InApplication]:
        if not self.config.applications:
            return rows
        return [row for row in rows if self.config.holds(row.application_id, row.application_name)]

    async def _rows(self, path: str, form: Form, row: type[T]) -> Rows[T]:
        body = await self.http.post_form(path, form)
        return payload.decode_rows(self.source, f"POST {path}", body, row)


def numbers(ids: Iterable[str]) -> tuple[str, ...]:
    """The ids that can be meant, each once."""
    return tuple(native_id for native_id in dict.fromkeys(ids) if keys.integer(native_id) is not None)


def _is_draft(row: ApplicationRow) -> bool:
    """What an abandoned creation leaves behind: inactive, with a made-up name."""
    return row.active is False and DRAFT.fullmatch(row.name) is not None
