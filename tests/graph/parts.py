"""What the tests of answers in parts share: reading parts as they come, putting them together as the draft says."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.leaks import heard

ACCEPT = "multipart/mixed, application/json"
HEAD = "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"

Part = dict[str, Any]


class Reply:
    """One reply in parts, read as it comes."""

    def __init__(self, response: aiohttp.ClientResponse):
        self.response = response
        self._text = ""

    async def next(self) -> Part:
        """The next part, which is whole when the boundary behind it is here."""
        while self._text.count("\r\n---") < 2:
            chunk = await self.response.content.readany()
            assert chunk, f"the reply ended behind {self._text!r}"
            heard("reply", chunk)
            self._text += chunk.decode()
        _, part, rest = self._text.split("\r\n---", 2)
        self._text = "\r\n---" + rest
        return body(part)

    async def rest(self) -> list[Part]:
        """All others, to the end of the reply."""
        parts = []
        while not parts or parts[-1]["hasNext"]:
            parts.append(await self.next())
        assert self._text + (await self.response.content.read()).decode() == "\r\n-----\r\n"
        return parts


def body(part: str) -> Part:
    assert part.startswith(HEAD)
    found: Part = json.loads(part.removeprefix(HEAD))
    return found


def all_parts(text: str) -> list[Part]:
    """Of a reply that has been read to its end."""
    assert (text[:5], text[-9:]) == ("\r\n---", "\r\n-----\r\n")
    return [body(part) for part in re.split("\r\n---", text.removesuffix("\r\n-----\r\n"))[1:]]


@asynccontextmanager
async def asked(
    session: aiohttp.ClientSession, url: str, query: str, variables: Mapping[str, Any] | None = None, **headers: str
) -> AsyncIterator[Reply]:
    """Its client hangs up when the block ends."""
    given = {"query": query, "variables": dict(variables or {})}
    async with session.post(f"{url}/graphql", json=given, headers={"accept": ACCEPT} | headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith('multipart/mixed;boundary="-"')
        yield Reply(response)


async def parts_of(
    session: aiohttp.ClientSession, url: str, query: str, variables: Mapping[str, Any] | None = None, **headers: str
) -> list[Part]:
    async with asked(session, url, query, variables, **headers) as reply:
        return await reply.rest()


def together(parts: Iterable[Part]) -> Part:
    """`data`, `errors` and `extensions` as if they had come whole."""
    first, *later = parts
    whole: Part = {"data": first["data"], "errors": list(first.get("errors", ()))}
    paths = {one["id"]: one["path"] for one in first["pending"]}
    for part in later:
        paths |= {one["id"]: one["path"] for one in part.get("pending", ())}
        for piece in part.get("incremental", ()):
            path = [*paths[piece["id"]], *piece.get("subPath", ())]
            assert all(error["path"][: len(path)] == path for error in piece.get("errors", ())), "errors of elsewhere"
            _put(whole["data"], path, piece)
            whole["errors"] += piece.get("errors", ())
        for one in part.get("completed", ()):
            whole["errors"] += one.get("errors", ())
            del paths[one["id"]]
        whole |= {"extensions": part["extensions"]} if "extensions" in part else {}
    assert not paths, f"announced, and never complete: {paths}"
    return whole if whole["errors"] else {name: value for name, value in whole.items() if name != "errors"}


def _put(place: Any, path: Iterable[str | int], piece: Part) -> None:
    for step in path:
        place = place[step]
    if "items" in piece:
        place += piece["items"]
        return
    assert not place.keys() & piece["data"].keys()
    place |= piece["data"]
