"""Plain strawberry with aiodataloader: a service as the two libraries' documentation would have it.

Types, resolvers, a loader for each request in the context, `strawberry.asgi`; nothing of it is tuned.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import aiohttp
import strawberry
from aiodataloader import DataLoader
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig
from yarl import URL

Row = dict[str, Any]
BALENA = {"Authorization": "Bearer demo-balena-token"}
BUILDMASTER = {"X-ApiKey": "demo-buildmaster-token"}
OURS = "is_directly_accessible_by__user/any(dau:true)"
OURS_ABOVE = f"belongs_to__application/any(a:a/{OURS})"
COLUMNS = "id,raw_version,status,is_final,is_invalidated,commit,note,created_at,belongs_to__application"
NEWEST = "$orderby=created_at%20desc,id%20desc"


@strawberry.enum
class ReleaseStatus(Enum):
    AVAILABLE = "AVAILABLE"
    CANCELLED = "CANCELLED"
    DEPLOYED = "DEPLOYED"
    DRAFT = "DRAFT"
    FAILED = "FAILED"
    IN_PROGRESS = "IN_PROGRESS"
    INVALIDATED = "INVALIDATED"


WORDS = {
    "active": ReleaseStatus.IN_PROGRESS,
    "deployed": ReleaseStatus.DEPLOYED,
    "canceled": ReleaseStatus.CANCELLED,
}
BUILDS = {
    "failed": ReleaseStatus.FAILED,
    "error": ReleaseStatus.FAILED,
    "cancelled": ReleaseStatus.CANCELLED,
    "interrupted": ReleaseStatus.CANCELLED,
    "running": ReleaseStatus.IN_PROGRESS,
}


def print_instant(moment: datetime) -> str:
    text = moment.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


DateTime = strawberry.scalar(name="DateTime", serialize=print_instant, parse_value=datetime.fromisoformat)


@dataclass
class Context:
    upstream: Upstream
    fleets: DataLoader[tuple[str, int], Fleet | None]


Info = strawberry.Info[Context, None]


@strawberry.type
class Fleet:
    source_name: str
    native_id: str
    name: str
    slug: str

    @strawberry.field
    def id(self) -> strawberry.ID:
        return global_id("Fleet", self.source_name, self.native_id)


@strawberry.type
class Release:
    source_name: str
    native_id: str
    name: str
    status: ReleaseStatus
    native_status: str
    created_at: datetime
    revision: str | None = None
    notes: str | None = None
    fleet_id: strawberry.Private[int | None] = None

    @strawberry.field
    def id(self) -> strawberry.ID:
        return global_id("Release", self.source_name, self.native_id)

    @strawberry.field
    async def fleet(self, info: Info) -> Fleet | None:
        return await info.context.fleets.load((self.source_name, self.fleet_id)) if self.fleet_id else None


@strawberry.type
class ReleaseConnection:
    nodes: list[Release]


@strawberry.type
class Query:
    @strawberry.field
    async def releases(self, info: Info, first: int = 20) -> ReleaseConnection:
        upstream = info.context.upstream
        lists = await asyncio.gather(*(upstream.releases(name, first) for name in upstream.sources))
        rows = sorted((row for rows in lists for row in rows), key=lambda row: row.created_at, reverse=True)
        return ReleaseConnection(nodes=rows[:first])

    @strawberry.field
    async def release(self, info: Info, id: strawberry.ID) -> Release | None:
        _, _, source, native_id = base64.urlsafe_b64decode(id + "==").decode().split(":")
        return await info.context.upstream.release(source, int(native_id))


class Upstream:
    def __init__(self, sources: Mapping[str, Mapping[str, str]]):
        self.sources = sources
        self.session: aiohttp.ClientSession | None = None

    async def releases(self, source: str, count: int) -> list[Release]:
        if self.sources[source]["kind"] == "buildmaster":
            async with self.opened().post(self.sources[source]["url"] + "/api/releases", headers=BUILDMASTER) as reply:
                return [of_buildmaster(source, row) for row in await reply.json()]
        rows = await self.balena(source, f"release?$select={COLUMNS}&$filter={OURS_ABOVE}&{NEWEST}&$top={count}")
        return [of_balena(source, row) for row in rows]

    async def release(self, source: str, native_id: int) -> Release | None:
        chosen = f"({OURS_ABOVE})%20and%20(id%20in%20({native_id}))"
        rows = await self.balena(source, f"release?$select={COLUMNS}&$filter={chosen}")
        return of_balena(source, rows[0]) if rows else None

    async def fleets(self, keys: Sequence[tuple[str, int]]) -> list[Fleet | None]:
        found: dict[tuple[str, int], Fleet] = {}
        for source in {source for source, _ in keys}:
            ids = ",".join(str(number) for name, number in keys if name == source)
            chosen = f"({OURS})%20and%20(id%20in%20({ids}))"
            for row in await self.balena(source, f"application?$select=id,app_name,slug&$filter={chosen}"):
                found[source, row["id"]] = Fleet(
                    source_name=source, native_id=str(row["id"]), name=row["app_name"], slug=row["slug"]
                )
        return [found.get(key) for key in keys]

    async def balena(self, source: str, target: str) -> list[Row]:
        url = URL(f"{self.sources[source]['url']}/v7/{target}", encoded=True)
        async with self.opened().get(url, headers=BALENA) as reply:
            rows: list[Row] = (await reply.json())["d"]
            return rows

    def opened(self) -> aiohttp.ClientSession:
        if self.session is None:
            self.session = aiohttp.ClientSession()
        return self.session


class App(GraphQL[Context, None]):
    def __init__(self, schema: strawberry.Schema, upstream: Upstream):
        super().__init__(schema)
        self.upstream = upstream

    async def get_context(self, request: Any, response: Any) -> Context:
        return Context(self.upstream, DataLoader(self.upstream.fleets))


def create(sources: Mapping[str, Mapping[str, str]]) -> App:
    """sources: {name: {"kind", "url"}}, the url with the vendor's prefix."""
    schema = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map={datetime: DateTime}))
    return App(schema, Upstream(sources))


def of_balena(source: str, row: Row) -> Release:
    return Release(
        source_name=source,
        native_id=str(row["id"]),
        name=row["raw_version"],
        status=status(row),
        native_status=row["status"],
        created_at=datetime.fromisoformat(row["created_at"]),
        revision=row["commit"],
        notes=row["note"],
        fleet_id=row["belongs_to__application"]["__id"],
    )


def of_buildmaster(source: str, row: Row) -> Release:
    return Release(
        source_name=source,
        native_id=str(row["id"]),
        name=row["name"],
        status=WORDS[row["status"]],
        native_status=row["status"],
        created_at=datetime.fromisoformat(row["createdOn"]),
    )


def status(row: Row) -> ReleaseStatus:
    if row["is_invalidated"]:
        return ReleaseStatus.INVALIDATED
    if row["status"] in BUILDS:
        return BUILDS[row["status"]]
    return ReleaseStatus.AVAILABLE if row["is_final"] else ReleaseStatus.DRAFT


def global_id(type_name: str, source: str, native_id: str) -> strawberry.ID:
    text = f"1:{type_name}:{source}:{native_id}"
    return strawberry.ID(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))
