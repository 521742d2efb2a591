"""NervesHub's own ways: releases are firmwares grouped by version, scopes are products, servers of three ages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.errors import UpstreamBroken, UpstreamError, UpstreamPayloadError, UpstreamRefused, UpstreamRejected
from resolvers.graph.enums import ArtifactKind, ReleaseStatus, SourceKind
from resolvers.graph.native.nerveshub import NervesHubProduct, NervesHubRelease
from resolvers.upstreams import payload
from resolvers.upstreams.nerveshub import normalise
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.rows import FirmwareRow, ListEnvelope, ProductRow
from resolvers.upstreams.port import ArtifactQuery, Chunk, FleetQuery, ReleaseQuery
from tests.conftest import MockPort, served
from tests.contract.conftest import Open
from upstream_mocks.nerveshub.model import Firmware
from upstream_mocks.nerveshub.rows import hub

KIND = SourceKind.NERVESHUB
GATEWAY = Product("acme", "gateway")
PRODUCTS = ["acme/gateway", "acme/sensor-hub", "acme/gauge", "umbra/dock"]

# Two firmwares as the server prints them, the first with all it may say; the third as v2.4.0 of March 2026 did.
FIRMWARES = b"""
{"data":[{"uuid":"6fd2bbc8-52b8-4826-9c2a-189968d0de23","version":"1.3.0","architecture":"arm","platform":"rpi4",
          "author":"Acme","product":"gateway","tool":"fwup"},
         {"uuid":"1c0ffee0-0000-4000-8000-000000000012","version":"1.2.0","architecture":"arm","platform":"rpi4",
          "author":null,"product":"gateway","tool":"fwup"},
         {"uuid":"7d0ffee0-0000-4000-8000-000000000013","version":"1.3.0","architecture":"xtensa","platform":"esp32",
          "author":"Acme","product":"gateway"}]}
"""


class Outcome(NamedTuple):
    rows: list[Any]
    errors: list[UpstreamError]
    fleet_ids: list[str | None]  # which fleet each error is of


async def read(stream: AsyncIterator[Chunk[Any]]) -> Outcome:
    outcome = Outcome([], [], [])
    async for chunk in stream:
        outcome.rows.extend(chunk.rows)
        outcome.errors.extend(failure.error for failure in chunk.failures)
        outcome.fleet_ids.extend(failure.fleet_id for failure in chunk.failures)
    return outcome


def decoded(body: bytes) -> list[FirmwareRow]:
    envelope = payload.decode("nerveshub", "GET firmwares", body, ListEnvelope)
    return list(payload.decode_rows("nerveshub", "GET firmwares", envelope.data, FirmwareRow, "$.data").rows)


def ids(rows: list[Any]) -> list[str]:
    return sorted(row.native_id for row in rows)


def held(mocks: MockPort) -> dict[str, list[Firmware]]:
    """The firmwares of each product, as the mock's world has them."""
    orgs = hub(mocks.mocks.world).orgs.values()
    return {f"{org.name}/{name}": product.firmwares for org in orgs for name, product in org.products.items()}


@contextmanager
def answering(replies: Mapping[str, Any]) -> Iterator[str]:
    """A real server that knows these paths and nothing else: their data, or a whole envelope, or only a status."""

    async def answer(request: Request) -> Response:
        reply = replies.get(request.url.path, 404)
        if isinstance(reply, int):
            return Response(status_code=reply)
        return JSONResponse(reply if isinstance(reply, dict) else {"data": reply})

    with served(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


# Rows


def test_firmwares_of_one_version_are_one_release() -> None:
    releases = normalise.releases("hub", GATEWAY, decoded(FIRMWARES))

    assert [(release.native_id, release.name, release.raw_version) for release in releases] == [
        ("acme/gateway/1.3.0", "1.3.0", "1.3.0"),
        ("acme/gateway/1.2.0", "1.2.0", "1.2.0"),
    ]


def test_a_release_tells_all_its_firmwares_say() -> None:
    release = normalise.releases("hub", GATEWAY, decoded(FIRMWARES))[0]

    assert (release.source_name, release.fleet_native_id) == ("hub", "acme/gateway")
    assert release.native_of() == NervesHubRelease(
        firmware_uuids=["6fd2bbc8-52b8-4826-9c2a-189968d0de23", "7d0ffee0-0000-4000-8000-000000000013"],
        platforms=["rpi4", "esp32"],
        architectures=["arm", "xtensa"],
        authors=["Acme"],
        tools=["fwup"],
    )


def test_a_listed_version_is_available_and_tells_no_time_commit_or_notes() -> None:
    release = normalise.releases("hub", GATEWAY, decoded(FIRMWARES))[0]

    untold = (release.created_at, release.updated_at, release.revision, release.notes, release.native_status)
    assert release.status is ReleaseStatus.AVAILABLE
    assert untold == (None, None, None, None, None)


def test_an_artifact_is_the_firmware_file() -> None:
    artifact = normalise.artifacts("hub", GATEWAY, decoded(FIRMWARES))[0]

    assert (
        artifact.source_name,
        artifact.native_id,
        artifact.name,
        artifact.kind,
        artifact.filename,
        artifact.target,
        artifact.architecture,
        artifact.size_bytes,
        artifact.digests,
        artifact.created_at,
        artifact.release_native_ids,
    ) == (
        "hub",
        "acme/gateway/6fd2bbc8-52b8-4826-9c2a-189968d0de23",
        "gateway 1.3.0 rpi4 arm",
        ArtifactKind.FIRMWARE,
        "6fd2bbc8-52b8-4826-9c2a-189968d0de23.fw",
        "rpi4",
        "arm",
        None,
        [],
        None,
        ("acme/gateway/1.3.0",),
    )


def test_a_firmware_that_says_the_least_is_still_there() -> None:
    row = decoded(b'{"data":[{"uuid":"u-1","version":"1.0.0","platform":""}]}')

    release = normalise.releases("hub", GATEWAY, row)[0]
    artifact = normalise.artifacts("hub", GATEWAY, row)[0]

    assert (artifact.name, artifact.target, artifact.architecture) == ("gateway 1.0.0", None, None)
    assert release.native_of() == NervesHubRelease(
        firmware_uuids=["u-1"], platforms=[], architectures=[], authors=[], tools=[]
    )


@pytest.mark.parametrize(
    ("row", "native"),
    [
        pytest.param(
            ProductRow("gateway", True, ["fwup", "esp-idf"], False),
            NervesHubProduct(
                allowed_update_tools=["fwup", "esp-idf"],
                require_unique_firmware_version=True,
                allow_unsigned_esp_idf_firmware=False,
            ),
            id="since August 2026",
        ),
        pytest.param(
            ProductRow("gateway"),
            NervesHubProduct(
                allowed_update_tools=None, require_unique_firmware_version=None, allow_unsigned_esp_idf_firmware=None
            ),
            id="v2.4.0",
        ),
    ],
)
def test_a_product_is_a_fleet(row: ProductRow, native: NervesHubProduct) -> None:
    fleet = normalise.fleet("hub", GATEWAY, row)

    assert (fleet.native_id, fleet.name, fleet.slug, fleet.created_at) == (
        "acme/gateway",
        "gateway",
        "acme/gateway",
        None,
    )
    assert (fleet.organization and (fleet.organization.name, fleet.organization.handle)) == ("acme", "acme")
    assert fleet.native_of() == native


def test_names_with_spaces_and_slashes_stay_one_part_of_an_id() -> None:
    product = Product("acme", "Edge / Gateway")

    release = normalise.releases("hub", product, decoded(FIRMWARES))[0]

    assert release.native_id == "acme/Edge%20%2F%20Gateway/1.3.0"
    assert Product.of(product.native_id) == product


# Whole lists


async def test_every_version_of_every_product_is_a_release(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    expected = {f"{product}/{each.version}".replace("+", "%2B") for product, own in held(mocks).items() for each in own}
    assert ids(outcome.rows) == sorted(expected)


async def test_every_firmware_is_an_artifact_of_its_version(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).artifacts(ArtifactQuery()))

    expected = {
        (f"{product}/{each.uuid}", each.platform, each.architecture, f"{product}/{each.version}".replace("+", "%2B"))
        for product, own in held(mocks).items()
        for each in own
    }
    told = {(row.native_id, row.target, row.architecture, *row.release_native_ids) for row in outcome.rows}
    assert told == expected


async def test_a_release_holds_the_firmwares_of_its_version(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    release = next(row for row in outcome.rows if row.native_id == "acme/gateway/1.1.0")
    own = [each for each in held(mocks)["acme/gateway"] if each.version == "1.1.0"]
    assert len(own) == 2
    assert ids(release.artifacts_of()) == sorted(f"acme/gateway/{each.uuid}" for each in own)
    assert sorted(release.native_of().platforms) == sorted(each.platform for each in own)


async def test_every_product_is_a_fleet(upstream: Open) -> None:
    outcome = await read(upstream(KIND).fleets(FleetQuery()))

    assert ids(outcome.rows) == sorted(PRODUCTS)


async def test_a_server_of_march_2026_tells_less_and_is_read_all_the_same(upstream: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["nerveshub"]["server_version"] = "2.4.0"

    releases = await read(upstream(KIND).releases(ReleaseQuery()))
    fleets = await read(upstream(KIND).fleets(FleetQuery()))

    assert (len(releases.rows), releases.errors) == (45, [])
    assert {tuple(row.native_of().tools) for row in releases.rows} == {()}
    assert {row.native_of().allowed_update_tools for row in fleets.rows} == {None}


async def test_a_server_that_does_not_bring_products_along_is_asked_for_each_org(upstream: Open) -> None:
    replies = {
        "/api/orgs": [{"name": "acme"}, {"name": "umbra", "products": None}],
        "/api/orgs/acme/products": [{"name": "gateway"}],
        "/api/orgs/umbra/products": [{"name": "dock"}, {"name": "ui"}],
    }

    with answering(replies) as url:
        outcome = await read(upstream(KIND, url=url).fleets(FleetQuery()))

    assert ids(outcome.rows) == ["acme/gateway", "umbra/dock", "umbra/ui"]
    assert outcome.errors == []


# Calls


async def test_releases_cost_a_call_for_each_product(upstream: Open, mocks: MockPort) -> None:
    await read(upstream(KIND).releases(ReleaseQuery()))

    session, *asked = mocks.paths("nerveshub")
    assert session == "/nerveshub/api/orgs?include=products"
    assert sorted(asked) == sorted(
        f"/nerveshub/api/orgs/{product.replace('/', '/products/')}/firmwares" for product in PRODUCTS
    )


async def test_fleets_cost_one_call(upstream: Open, mocks: MockPort) -> None:
    await read(upstream(KIND).fleets(FleetQuery()))

    assert mocks.paths("nerveshub") == ["/nerveshub/api/orgs?include=products"]


async def test_releases_of_one_fleet_ask_that_product_alone(upstream: Open, mocks: MockPort) -> None:
    outcome = await read(upstream(KIND).releases(ReleaseQuery(fleet_ids=("umbra/dock", "umbra/gone"))))

    assert {row.fleet_native_id for row in outcome.rows} == {"umbra/dock"}
    assert mocks.paths("nerveshub")[1:] == ["/nerveshub/api/orgs/umbra/products/dock/firmwares"]


@pytest.mark.parametrize("what", ["releases", "artifacts"])
async def test_a_look_up_of_everything_costs_a_call_for_each_product(
    what: str, upstream: Open, mocks: MockPort
) -> None:
    adapter: Any = upstream(KIND)
    query = {"releases": ReleaseQuery(), "artifacts": ArtifactQuery()}[what]
    listed = ids((await read(getattr(adapter, what)(query))).rows)
    mocks.mocks.calls.clear()

    found = await getattr(adapter, f"{what}_by_id")(listed)

    assert sorted(found) == listed
    assert len(mocks.paths("nerveshub")) == 4


async def test_artifacts_of_releases_cost_a_call_for_each_product(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)

    await adapter.artifacts_by_release_id(["acme/gateway/1.1.0", "acme/gateway/1.2.0", "umbra/dock/1.0.1"])

    assert len(mocks.paths("nerveshub")) == 1 + 2


async def test_look_ups_of_fleets_cost_one_call(upstream: Open, mocks: MockPort) -> None:
    found = await upstream(KIND).fleets_by_id(PRODUCTS)

    assert sorted(found) == sorted(PRODUCTS)
    assert len(mocks.paths("nerveshub")) == 1


# Scope


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"organizations": ("umbra",)}, ["umbra/dock"], id="an organization"),
        pytest.param({"products": ("gauge", "dock")}, ["acme/gauge", "umbra/dock"], id="products by name"),
        pytest.param({"products": ("acme/gateway", "umbra/gauge")}, ["acme/gateway"], id="products with organization"),
        pytest.param({"organizations": ("acme",), "products": ("dock",)}, [], id="both must hold"),
    ],
)
async def test_lists_are_cut_to_the_scope(settings: dict[str, Any], expected: list[str], upstream: Open) -> None:
    adapter = upstream(KIND, **settings)

    fleets = await read(adapter.fleets(FleetQuery()))
    releases = await read(adapter.releases(ReleaseQuery()))

    assert ids(fleets.rows) == expected
    assert sorted({row.fleet_native_id for row in releases.rows}) == expected


async def test_what_is_outside_the_scope_is_not_found_and_not_asked_for(upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND, products=("umbra/dock",))

    releases = await adapter.releases_by_id(["acme/gateway/1.1.0"])
    fleets = await adapter.fleets_by_id(["acme/gateway"])
    artifacts = await adapter.artifacts_by_release_id(["acme/gateway/1.1.0"])

    assert (releases, fleets, artifacts) == ({}, {}, {})
    assert mocks.paths("nerveshub") == []


# Trouble


async def test_a_product_that_fails_costs_only_itself(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/gauge/firmwares", status=503)

    outcome = await read(upstream(KIND).releases(ReleaseQuery()))

    assert {row.fleet_native_id for row in outcome.rows} == set(PRODUCTS) - {"acme/gauge"}
    assert [(type(each), of) for each, of in zip(outcome.errors, outcome.fleet_ids, strict=True)] == [
        (UpstreamBroken, "acme/gauge")
    ]


async def test_a_product_that_fails_leaves_the_ids_of_others_known(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/gauge/firmwares", status=503)

    found = await upstream(KIND).releases_by_id(["acme/gauge/1.1.0", "acme/gateway/1.1.0", "acme/gateway/9.9.9"])

    assert {native_id: type(each).__name__ for native_id, each in found.items()} == {
        "acme/gauge/1.1.0": "UpstreamBroken",
        "acme/gateway/1.1.0": "Release",
    }


async def test_a_product_that_went_away_since_is_an_error_of_that_product(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/gauge/firmwares", status=404)

    outcome = await read(upstream(KIND).releases(ReleaseQuery(fleet_ids=("acme/gauge",))))

    assert [type(each) for each in outcome.errors] == [UpstreamRejected]


async def test_a_token_nobody_knows_is_refused_and_not_told(upstream: Open) -> None:
    adapter = upstream(KIND, token="nhu_not-a-token")

    with pytest.raises(UpstreamRefused) as refusal:
        await read(adapter.fleets(FleetQuery()))

    assert str(refusal.value) == "nerveshub: refused our credential: 401 (GET /api/orgs)"


async def test_the_role_view_is_enough_to_read(upstream: Open) -> None:
    outcome = await read(upstream(KIND, token="demo-nerveshub-view-token").releases(ReleaseQuery()))

    assert len(outcome.rows) == 45
    assert outcome.errors == []


async def test_a_member_of_no_org_has_nothing(upstream: Open) -> None:
    outcome = await read(upstream(KIND, token="demo-nerveshub-stranger-token").releases(ReleaseQuery()))

    assert outcome == Outcome([], [], [])


async def test_a_misfit_firmware_is_dropped_and_reported_with_its_path(upstream: Open) -> None:
    firmwares = [*json.loads(FIRMWARES)["data"], {"uuid": 7, "version": "1.4.0"}, {"uuid": "u-2", "version": ""}]
    replies = {
        "/api/orgs": [{"name": "acme", "products": [{"name": "gateway"}]}],
        "/api/orgs/acme/products/gateway/firmwares": firmwares,
    }

    with answering(replies) as url:
        outcome = await read(upstream(KIND, url=url).releases(ReleaseQuery()))

    assert ids(outcome.rows) == ["acme/gateway/1.2.0", "acme/gateway/1.3.0"]
    assert outcome.fleet_ids == ["acme/gateway"]
    assert [type(each) for each in outcome.errors] == [UpstreamPayloadError]
    assert "2 of 5 rows" in str(outcome.errors[0])
    assert "Expected `str`, got `int` at $.data[3].uuid" in str(outcome.errors[0])
    assert "at $.data[4].version" in str(outcome.errors[0])


async def test_next_to_a_misfit_firmware_what_is_not_found_is_unknown(upstream: Open) -> None:
    replies = {
        "/api/orgs": [{"name": "acme", "products": [{"name": "gateway"}]}],
        "/api/orgs/acme/products/gateway/firmwares": [{"uuid": "u-1", "version": "1.0.0"}, {"uuid": "u-2"}],
    }

    with answering(replies) as url:
        found = await upstream(KIND, url=url).releases_by_id(["acme/gateway/1.0.0", "acme/gateway/2.0.0"])

    assert {native_id: type(each).__name__ for native_id, each in found.items()} == {
        "acme/gateway/1.0.0": "Release",
        "acme/gateway/2.0.0": "UpstreamPayloadError",
    }


async def test_a_misfit_product_is_reported_by_lists_and_look_ups(upstream: Open) -> None:
    replies = {
        "/api/orgs": [{"name": "acme", "products": [{"name": "gateway"}, {"title": "gauge"}]}],
        "/api/orgs/acme/products/gateway/firmwares": [{"uuid": "u-1", "version": "1.0.0"}],
    }

    with answering(replies) as url:
        adapter = upstream(KIND, url=url)
        releases = await read(adapter.releases(ReleaseQuery()))
        of_gateway = await read(adapter.releases(ReleaseQuery(fleet_ids=("acme/gateway",))))
        found = await adapter.releases_by_id(["acme/gauge/1.0.0"])

    assert ids(releases.rows) == ["acme/gateway/1.0.0"]
    assert "missing required field `name` at $.data[acme].products[1]" in str(releases.errors[0])
    assert of_gateway.errors == []
    assert {native_id: type(each) for native_id, each in found.items()} == {"acme/gauge/1.0.0": UpstreamPayloadError}


async def test_an_org_that_fails_costs_only_itself_and_is_asked_again(upstream: Open) -> None:
    replies: dict[str, Any] = {
        "/api/orgs": [{"name": "acme"}, {"name": "umbra"}],
        "/api/orgs/acme/products": 503,
        "/api/orgs/umbra/products": [{"name": "dock"}],
        "/api/orgs/umbra/products/dock/firmwares": [{"uuid": "u-1", "version": "1.0.0"}],
        "/api/orgs/acme/products/gateway/firmwares": [{"uuid": "u-2", "version": "1.0.0"}],
    }

    with answering(replies) as url:
        adapter = upstream(KIND, url=url)
        before = await read(adapter.releases(ReleaseQuery()))
        replies["/api/orgs/acme/products"] = [{"name": "gateway"}]
        after = await read(adapter.releases(ReleaseQuery()))

    assert (ids(before.rows), [type(each) for each in before.errors]) == (["umbra/dock/1.0.0"], [UpstreamBroken])
    assert (ids(after.rows), after.errors) == (["acme/gateway/1.0.0", "umbra/dock/1.0.0"], [])
