"""Names of every kind that has an adapter: whatever they hold, what has one is listed, found, and shown as it is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from gateway.app import create_app
from gateway.demo import demo_settings
from resolvers.graph.enums import SourceKind
from tests.conftest import MockPort, served
from tests.contract.conftest import CREDENTIALS, Open
from tests.contract.questions import EVERY_LOOK_UP, LOOK_UPS, plain, rows_of
from tests.contract.rewriting import PLACES, Rewriting, every, first, inside

ODD = "Größe '/&+;#% №漢🚰"
PLUS = "9.9.9+odd.b-1_c"
"As odd as Memfault lets a version be."

GATEWAY = "/memfault/api/v0/organizations/acme/projects/gateway"
PRODUCT = f"/nerveshub/api/orgs/acme/products/{quote(ODD, safe='')}"
NAMED = {"builds": "number", "deployments": "environment"}
"What a name is called where it is not called name."


class Maker:
    """Makes what is called so: by the vendor's own API, or on the way where that has none, or takes no such name."""

    def __init__(self, mocks: MockPort, http: aiohttp.ClientSession, rewriting: Rewriting):
        self.mocks, self.http, self.rewriting = mocks, http, rewriting

    async def send(self, method: str, path: str, **body: Any) -> Any:
        token = CREDENTIALS[SourceKind[path.split("/")[1].upper()]]["token"]
        headers = {"Authorization": f"Bearer {token}", "X-ApiKey": token}
        async with self.http.request(method, f"{self.mocks.url}{path}", headers=headers, **body) as reply:
            assert reply.status < 300, await reply.text()
            return await reply.json(content_type=None) if await reply.read() else None

    async def of_balena(self, what: str) -> None:
        rules = self.rewriting.rules
        match what:
            case "devices":
                device = (await self.send("GET", "/balena/v7/device?$top=1&$select=id"))["d"][0]["id"]
                await self.send("PATCH", f"/balena/v7/device({device})", json={"device_name": ODD})
            case "fleets":
                rules[PLACES[SourceKind.BALENA, what]] = every(app_name=ODD)
            case "releases":
                rules[PLACES[SourceKind.BALENA, what]] = every(raw_version=ODD)
            case "artifacts":
                rules[r"/v7/release\?"] = inside("release_asset", every(asset_key=ODD))
                rules[r"/v7/release_asset\?"] = every(asset_key=ODD)

    async def of_nerveshub(self, what: str) -> None:
        """All of them at once: a product of that name with one of each."""
        await self.send("POST", "/nerveshub/api/orgs/acme/products", json={"name": ODD})
        form = aiohttp.FormData()
        form.add_field("firmware", firmware(), filename="odd.fw")
        uuid = (await self.send("POST", f"{PRODUCT}/firmwares", data=form))["data"]["uuid"]
        await self.send("POST", f"{PRODUCT}/deployments", json={"name": ODD, "firmware": uuid, "conditions": {}})
        await self.send("POST", f"{PRODUCT}/devices", json={"identifier": ODD})

    async def of_memfault(self, what: str) -> None:
        match what:
            case "fleets":
                project = {"name": ODD, "slug": "odd"}
                await self.send("POST", "/memfault/api/v0/organizations/acme/projects", json=project)
            case "releases":
                await self.send("POST", f"{GATEWAY}/releases", json={"version": PLUS})
            case "artifacts":
                self.rewriting.rules[PLACES[SourceKind.MEMFAULT, what]] = inside("artifacts", every(filename=ODD))
            case "cohorts":
                await self.send("POST", f"{GATEWAY}/cohorts", json={"name": ODD, "slug": "odd"})
            case "devices":
                serial = (await self.send("GET", f"{GATEWAY}/devices"))["data"][0]["device_serial"]
                await self.send("PATCH", f"{GATEWAY}/devices/{serial}", json={"nickname": ODD})

    async def of_buildmaster(self, what: str) -> None:
        rules, releases = self.rewriting.rules, "/buildmaster/api/releases"
        match what:
            case "releases" | "builds":
                form = {"applicationId": "17", "releaseNumber": ODD, "pipelineName": "Release"}
                release = (await self.send("POST", f"{releases}/create", data=form))["id"]
                form = {"releaseId": str(release), "buildNumber": ODD}
                await self.send("POST", f"{releases}/builds/create", data=form)
            case "fleets":
                rules[PLACES[SourceKind.BUILDMASTER, what]] = every(name=ODD)
            case "artifacts":
                rules[PLACES[SourceKind.BUILDMASTER, what]] = first(Artifact_Name=ODD)
            case "deployments":
                rules[PLACES[SourceKind.BUILDMASTER, what]] = every(environmentName=ODD)

    async def of_metakraftwerk(self, what: str) -> None:
        downloads = inside("downloads", every(name=ODD))
        change = downloads if what == "artifacts" else every(name=ODD)
        place = r"/v1/deployments\?" if what == "deployments" else PLACES[SourceKind.METAKRAFTWERK, what]
        self.rewriting.rules[place] = change


def firmware() -> bytes:
    """A signed archive as fwup makes them."""
    told = {"product": ODD, "version": "9.0.0", "platform": "rpi4", "architecture": "arm"}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("meta.conf", "".join(f'meta-{key}="{value}"\n' for key, value in told.items()))
        archive.writestr("meta.conf.ed25519", b"signature")
    return packed.getvalue()


@pytest.fixture
async def maker(mocks: MockPort, http: aiohttp.ClientSession, rewriting: Rewriting) -> AsyncIterator[Maker]:
    """The mocks' worlds are made anew afterwards."""
    yield Maker(mocks, http, rewriting)
    mocks.mocks.reset()


@pytest.fixture
def gateway_url(rewriting: Rewriting) -> Iterator[str]:
    """The demo's gateway, new, over what was made; with BuildMaster's artifacts."""
    settings = demo_settings(rewriting.url, 8000)
    sources = {
        name: config.model_copy(update={"native_artifacts": True} if name == "buildmaster" else {})
        for name, config in settings.sources.items()
    }
    with served(create_app(settings.model_copy(update={"sources": sources}))) as url:
        yield url


def shown(row: Any, what: str) -> str:
    """The name of a row; where the vendor gives it none, or one that cannot be odd, its id."""
    name = getattr(row, NAMED.get(what, "name"))
    return name if name in (ODD, PLUS) else row.native_id


def is_odd(text: str) -> bool:
    return text in (ODD, PLUS) or quote(ODD, safe="") in text


NAMELESS = {(SourceKind.BALENA, "deployments"), (SourceKind.MEMFAULT, "deployments")}
"Numbers all of them, with no name of their own."


@pytest.mark.parametrize(("kind", "what"), [case for case in EVERY_LOOK_UP.args[1] if case.values not in NAMELESS])
async def test_a_name_of_any_letters_survives(
    kind: SourceKind, what: str, opened: Open, maker: Maker, gateway_url: str, http: aiohttp.ClientSession
) -> None:
    adapter = opened(kind, what, url=f"{maker.rewriting.url}/{kind.value.lower()}")
    await getattr(maker, f"of_{kind.value.lower()}")(what)
    field = NAMED.get(what, "name")
    query = f"query ($id: ID!) {{ node(id: $id) {{ id ... on {what[:-1].title()} {{ nativeId {field} }} }} }}"

    row = next(row for row in await rows_of(adapter, what) if is_odd(shown(row, what)))
    found = await LOOK_UPS[what](adapter, [row.native_id])
    body = {"query": query, "variables": {"id": row.id()}}
    async with http.post(f"{gateway_url}/graphql", json=body) as reply:
        answer = await reply.json()

    assert {native_id: plain(each) for native_id, each in found.items()} == {row.native_id: plain(row)}
    assert "errors" not in answer
    assert answer["data"] == {"node": {"id": row.id(), "nativeId": row.native_id, field: getattr(row, field)}}
