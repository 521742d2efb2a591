"""By hand: no GraphQL at all. Three questions answered by code written for just them, on starlette, aiohttp and orjson.

The limit: what is above it is the price of a graph. An operation is known by its name, its text is not looked at.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from yarl import URL

Row = dict[str, Any]
BALENA = {"Authorization": "Bearer demo-balena-token"}
BUILDMASTER = {"X-ApiKey": "demo-buildmaster-token"}
OURS = "is_directly_accessible_by__user/any(dau:true)"
OURS_ABOVE = f"belongs_to__application/any(a:a/{OURS})"
COLUMNS = "id,raw_version,status,is_final,is_invalidated,created_at"
FULL_COLUMNS = f"{COLUMNS},commit,note,belongs_to__application"
NEWEST = "$orderby=created_at%20desc,id%20desc"
WORDS = {"active": "IN_PROGRESS", "deployed": "DEPLOYED", "canceled": "CANCELLED"}
BUILDS = {
    "failed": "FAILED", "error": "FAILED", "cancelled": "CANCELLED", "interrupted": "CANCELLED",
    "running": "IN_PROGRESS",
}  # fmt: skip


class ByHand:
    def __init__(self, sources: Mapping[str, Mapping[str, str]]):
        self.sources = sources
        self.answers = {"A": self.page, "AExpanded": self.page_expanded, "B": self.merged, "C": self.one}

    async def graphql(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        data = await self.answers[asked["operationName"]](asked.get("variables") or {})
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    async def page(self, given: Row) -> Row:
        """Releases, then their fleets in one call."""
        name = next(iter(self.sources))
        count = given.get("first", 100)
        rows = await self.balena(name, f"release?$select={FULL_COLUMNS}&$filter={OURS_ABOVE}&{NEWEST}&$top={count}")
        ids = ",".join(map(str, {row["belongs_to__application"]["__id"] for row in rows}))
        found = await self.balena(
            name, f"application?$select=id,app_name,slug&$filter=({OURS})%20and%20(id%20in%20({ids}))"
        )
        fleets = {row["id"]: _fleet(name, row) for row in found}
        nodes = [{**_release(name, row), "fleet": fleets[row["belongs_to__application"]["__id"]]} for row in rows]
        return {"releases": {"nodes": nodes}}

    async def page_expanded(self, given: Row) -> Row:
        """The same in one call, since balena can."""
        name = next(iter(self.sources))
        rows = await self.balena(
            name,
            f"release?$select={COLUMNS},commit,note&$filter={OURS_ABOVE}&{NEWEST}&$top={given.get('first', 100)}"
            "&$expand=belongs_to__application($select=id,app_name,slug)",
        )
        nodes = [{**_release(name, row), "fleet": _fleet(name, row["belongs_to__application"][0])} for row in rows]
        return {"releases": {"nodes": nodes}}

    async def merged(self, given: Row) -> Row:
        count = given.get("first", 300)
        lists = await asyncio.gather(*(self.listed(name, count) for name in self.sources))
        # Both vendors print instants with milliseconds or finer, so that this much of the text has their order.
        rows = sorted((row for rows in lists for row in rows), key=lambda row: row[0][:23], reverse=True)
        return {"releases": {"nodes": [node for _, node in rows[:count]]}}

    async def one(self, given: Row) -> Row:
        _, _, name, native_id = base64.urlsafe_b64decode(given["id"] + "==").decode().split(":")
        rows = await self.balena(
            name, f"release?$select={COLUMNS},commit,note&$filter=({OURS_ABOVE})%20and%20(id%20in%20({native_id}))"
        )
        return {"release": _release(name, rows[0]) if rows else None}

    async def listed(self, name: str, count: int) -> list[tuple[str, Row]]:
        """Rows of one source with the instant they are ordered by."""
        if self.sources[name]["kind"] == "buildmaster":
            async with self.session.post(self.sources[name]["url"] + "/api/releases", headers=BUILDMASTER) as reply:
                own = orjson.loads(await reply.read())
            return [_of_buildmaster(name, row) for row in own]
        rows = await self.balena(name, f"release?$select={COLUMNS}&$filter={OURS_ABOVE}&{NEWEST}&$top={count}")
        return [_of_balena(name, row) for row in rows]

    async def balena(self, name: str, target: str) -> list[Row]:
        url = URL(f"{self.sources[name]['url']}/v7/{target}", encoded=True)
        async with self.session.get(url, headers=BALENA) as reply:
            rows: list[Row] = orjson.loads(await reply.read())["d"]
            return rows

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as self.session:
            yield


def create(sources: Mapping[str, Mapping[str, str]]) -> Starlette:
    """sources: {name: {"kind", "url"}}, the url with the vendor's prefix."""
    peer = ByHand(sources)
    return Starlette(routes=[Route("/graphql", peer.graphql, methods=["POST"])], lifespan=peer.lifespan)


def _release(source: str, row: Row) -> Row:
    return {
        "id": _id("Release", source, row["id"]),
        "name": row["raw_version"],
        "status": _status(row),
        "revision": row["commit"],
        "createdAt": _instant(row["created_at"]),
        "notes": row["note"],
    }


def _of_balena(source: str, row: Row) -> tuple[str, Row]:
    node = {
        "id": _id("Release", source, row["id"]),
        "sourceName": source,
        "nativeId": str(row["id"]),
        "name": row["raw_version"],
        "status": _status(row),
        "nativeStatus": row["status"],
        "createdAt": _instant(row["created_at"]),
    }
    return row["created_at"], node


def _of_buildmaster(source: str, row: Row) -> tuple[str, Row]:
    node = {
        "id": _id("Release", source, row["id"]),
        "sourceName": source,
        "nativeId": str(row["id"]),
        "name": row["name"],
        "status": WORDS[row["status"]],
        "nativeStatus": row["status"],
        "createdAt": _instant(row["createdOn"]),
    }
    return row["createdOn"], node


def _fleet(source: str, row: Row) -> Row:
    return {"id": _id("Fleet", source, row["id"]), "name": row["app_name"], "slug": row["slug"]}


def _id(type_name: str, source: str, native_id: int) -> str:
    return base64.urlsafe_b64encode(f"1:{type_name}:{source}:{native_id}".encode()).decode().rstrip("=")


def _status(row: Row) -> str:
    if row["is_invalidated"]:
        return "INVALIDATED"
    if row["status"] in BUILDS:
        return BUILDS[row["status"]]
    return "AVAILABLE" if row["is_final"] else "DRAFT"


def _instant(text: str) -> str:
    """Without digits that say nothing."""
    return text[:-1].rstrip("0").rstrip(".") + "Z"
