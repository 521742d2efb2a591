"""Links to firmware: where NervesHub sends a download on to, asked for and not followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from resolvers.errors import UpstreamPayloadError, UpstreamRefused, UpstreamRejected
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.port import ArtifactQuery
from tests.conftest import MockPort, served
from tests.contract.conftest import Open
from tests.contract.test_nerveshub import ids, read

KIND = SourceKind.NERVESHUB
SIGNED = "https://storage.example/acme/u%2F1.fw?X-Amz-Signature=a%2Bb+c%3D&X-Amz-Expires=600"


@contextmanager
def redirecting(status: int, **headers: str) -> Iterator[str]:
    """A server that answers every request so, with a body nobody may want."""

    async def answer(request: Request) -> Response:
        return Response(b"x" * 100_000, status_code=status, headers=headers)

    with served(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


async def test_a_link_leads_to_the_stored_file_and_is_not_followed(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    artifact_id = ids((await read(adapter.artifacts(ArtifactQuery()))).rows)[0]
    mocks.mocks.calls.clear()

    found = await adapter.download_url_by_artifact_id([artifact_id, artifact_id])

    org, product, uuid = artifact_id.split("/")
    assert found == {artifact_id: f"{mocks.url}/nerveshub/storage/{org}/{uuid}.fw"}
    assert mocks.paths("nerveshub") == [f"/nerveshub/api/orgs/{org}/products/{product}/firmwares/{uuid}/download"]


async def test_a_link_is_asked_for_anew_each_time(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    artifact_id = ids((await read(adapter.artifacts(ArtifactQuery()))).rows)[0]
    mocks.mocks.calls.clear()

    await adapter.download_url_by_artifact_id([artifact_id])
    await adapter.download_url_by_artifact_id([artifact_id])

    assert len(mocks.paths("nerveshub")) == 2


async def test_a_file_that_is_not_there_has_no_link(upstream: Open) -> None:
    assert await upstream(KIND).download_url_by_artifact_id(["acme/gateway/gone"]) == {}


async def test_the_role_view_gets_no_links(upstream: Open) -> None:
    adapter = upstream(KIND, token="demo-nerveshub-view-token")
    artifact_id = ids((await read(adapter.artifacts(ArtifactQuery()))).rows)[0]

    found: Any = await adapter.download_url_by_artifact_id([artifact_id])

    assert type(found[artifact_id]) is UpstreamRefused


async def test_the_releases_of_an_artifact_are_its_version(upstream: Open) -> None:
    adapter = upstream(KIND)
    artifact = (await read(adapter.artifacts(ArtifactQuery()))).rows[0]

    found = await adapter.release_ids_by_artifact_id([artifact.native_id])

    assert found == {artifact.native_id: artifact.release_native_ids}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_signed_link_keeps_every_character(status: int, upstream: Open) -> None:
    with redirecting(status, Location=SIGNED) as url:
        found = await upstream(KIND, url=url).download_url_by_artifact_id(["acme/gateway/u-1"])

    assert found == {"acme/gateway/u-1": SIGNED}


async def test_a_link_to_the_server_itself_is_made_whole(upstream: Open) -> None:
    with redirecting(302, Location="/uploads/u-1.fw") as url:
        found = await upstream(KIND, url=url).download_url_by_artifact_id(["acme/gateway/u-1"])

    assert found == {"acme/gateway/u-1": f"{url}/uploads/u-1.fw"}


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(200, {}, id="the file itself"),
        pytest.param(200, {"Location": SIGNED}, id="the file itself, with a header that means nothing"),
        pytest.param(302, {}, id="to nowhere"),
        pytest.param(302, {"Location": "javascript:alert(1)"}, id="not to the web"),
        pytest.param(302, {"Location": "http://[half"}, id="no address"),
    ],
)
async def test_what_is_no_link_is_not_passed_on(status: int, headers: dict[str, str], upstream: Open) -> None:
    with redirecting(status, **headers) as url:
        found: Any = await upstream(KIND, url=url).download_url_by_artifact_id(["acme/gateway/u-1"])

    assert type(found["acme/gateway/u-1"]) is UpstreamPayloadError
    assert "an answer that sends nowhere" in str(found["acme/gateway/u-1"])


async def test_other_refusals_stay_what_they_are(upstream: Open) -> None:
    with redirecting(418, Location=SIGNED) as url:
        found: Any = await upstream(KIND, url=url).download_url_by_artifact_id(["acme/gateway/u-1"])

    assert type(found["acme/gateway/u-1"]) is UpstreamRejected
