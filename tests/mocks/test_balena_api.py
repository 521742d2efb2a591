"""How the tests of the balena mock's writes ask it: a client with the demo token and a fleet of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from yarl import URL

Json = dict[str, Any]
MUST_RUN = (
    "It is necessary that each release that should be running on an application, has a status that is equal to "
    '"success" and belongs to the application.'
)
MUST_PIN = (
    'It is necessary that each release that is pinned to a device, has a status that is equal to "success" and '
    "belongs to an application1 that the device belongs to."
)


@dataclass
class Reply:
    status: int
    text: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and sentence; an empty body stays empty."""
        return self.status, json.loads(self.text) if self.text else ""


@dataclass
class Api:
    """A client with the demo token and a fleet of its own."""

    http: aiohttp.ClientSession
    url: str
    commits: int = 0
    fleet: int = 0
    ids: Json = field(default_factory=dict)

    async def ask(self, method: str, target: str, body: Any = None, **more: Any) -> Reply:
        url = URL(f"{self.url}/balena/v7{target}", encoded=True)
        given = {"json": body} if body is not None else {}
        headers = {"Authorization": "Bearer demo-balena-token", **more.pop("headers", {})}
        async with self.http.request(method, url, headers=headers, **given, **more) as response:
            return Reply(response.status, await response.text(), response.headers)

    async def d(self, target: str) -> Any:
        reply = await self.ask("GET", target)
        assert reply.status == 200, (target, reply)
        return reply.json["d"]

    async def made(self, resource: str, **body: Any) -> Json:
        reply = await self.ask("POST", f"/{resource}", body)
        assert reply.status == 201, (resource, reply)
        return dict(reply.json)

    async def patched(self, target: str, **body: Any) -> Reply:
        return await self.ask("PATCH", target, body)

    async def release(self, **more: Any) -> Json:
        """A new release of the own fleet: final, successful, begun later than the ones before."""
        self.commits += 1
        body = {
            "belongs_to__application": self.fleet, "commit": f"{self.commits:040x}", "status": "success",
            "source": "cloud", "composition": {"services": {}},
            "start_timestamp": f"2026-10-{self.commits:02}T08:00:00Z",
        }  # fmt: skip
        return await self.made("release", **{**body, **more})

    async def raw_version(self, release: Json) -> str:
        ((row,),) = [await self.d(f"/release({release['id']})?$select=raw_version")]
        return str(row["raw_version"])

    async def target(self) -> int | None:
        (row,) = await self.d(f"/application({self.fleet})?$select=should_be_running__release")
        link = row["should_be_running__release"]
        return None if link is None else int(link["__id"])

    async def device(self, **more: Any) -> Json:
        return await self.made(
            "device", belongs_to__application=self.fleet, is_of__device_type=self.ids["device_type"], **more
        )

    @classmethod
    async def with_own_fleet(cls, http: aiohttp.ClientSession, url: str) -> Api:
        """On a world made anew."""
        await http.post(f"{url}/_mock/reset")
        api = cls(http, url)
        (organization,) = await api.d("/organization(handle='acme')?$select=id")
        (device_type,) = await api.d("/device_type(slug='raspberrypi4-64')?$select=id")
        api.ids = {"organization": organization["id"], "device_type": device_type["id"]}
        about = {"organization": organization["id"], "is_for__device_type": device_type["id"]}
        api.fleet = (await api.made("application", app_name="Own-Fleet", **about))["id"]
        return api


@pytest.fixture
async def api(mocks: Any, http: aiohttp.ClientSession) -> AsyncIterator[Api]:
    yield await Api.with_own_fleet(http, mocks.url)
    await http.post(f"{mocks.url}/_mock/reset")


async def test_a_refused_write_changes_nothing(api: Api) -> None:
    release = await api.release()

    await api.patched(f"/release({release['id']})", note="lost", status="failed")

    assert (await api.d(f"/release({release['id']})?$select=note,status")) == [{"note": None, "status": "success"}]


async def test_a_reset_takes_changes_back(api: Api) -> None:
    await api.http.post(f"{api.url}/_mock/reset")

    assert await api.d("/application(slug='acme/own-fleet')") == []
