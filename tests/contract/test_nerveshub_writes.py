"""Changing NervesHub: a firmware to a group makes a release of it, `state` switches it on and off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from resolvers.errors import UpstreamBroken, UpstreamError, UpstreamRefused, UserMistake
from resolvers.graph.enums import DeploymentStatus, SourceKind, SourceOperation
from resolvers.upstreams.commands import AbortDeployment, DeployRelease, UpdateCohort
from resolvers.upstreams.nerveshub import FACTS
from resolvers.upstreams.nerveshub.api import refusal
from resolvers.upstreams.port import ReleaseQuery, Upstream
from tests.conftest import MockPort, served
from tests.contract.conftest import Open
from tests.contract.test_nerveshub import read

KIND = SourceKind.NERVESHUB
GROUP = "acme/gateway/production"
SEVERAL = "acme/gateway/1.1.0"
"A version with two firmwares."

NOT_THERE = "Resource Not Found or Authorization Insufficient"


@pytest.fixture(autouse=True)
def rebuilt(mocks: MockPort) -> Iterator[None]:
    """What a test changed, the next one must not see."""
    yield
    mocks.mocks.reset()


@pytest.fixture
async def single(upstream: Open, mocks: MockPort) -> str:
    """A release of the gateway with one firmware, which is not in force."""
    adapter = upstream(KIND)
    current = (await adapter.cohorts_by_id([GROUP]))[GROUP]
    rows = (await read(adapter.releases(ReleaseQuery(fleet_ids=("acme/gateway",))))).rows
    found = next(row for row in rows if len(row.artifacts_of()) == 1 and row.native_id != now_of(current))
    mocks.mocks.calls.clear()
    native_id: str = found.native_id
    return native_id


def now_of(cohort: Any) -> str | None:
    current: str | None = cohort.current_release_native_id
    return current


async def in_force(adapter: Upstream) -> Any:
    found: Any = await adapter.deployments_by_cohort_id([GROUP])
    (deployment,) = found[GROUP]
    return deployment


def written(mocks: MockPort) -> list[str]:
    return [f"{call['method']} {call['path']}" for call in mocks.calls if call["method"] != "GET"]


async def mistake(adapter: Upstream, command: Any) -> tuple[str, str, tuple[str, ...] | None]:
    with pytest.raises(UserMistake) as raised:
        await adapter.perform(command)
    return raised.value.kind, str(raised.value), raised.value.path


@contextmanager
def refusing(status: int, body: bytes, media_type: str = "application/json") -> Iterator[str]:
    """A server with one product and one firmware, that answers every PUT so."""
    firmwares = [{"uuid": "u-1", "version": "1.0.0"}]
    replies = {"/api/orgs": [{"name": "acme", "products": [{"name": "gateway"}]}]}

    async def answer(request: Request) -> Response:
        if request.method == "PUT":
            return Response(body, status, media_type=media_type)
        return JSONResponse({"data": replies.get(request.url.path, firmwares)})

    with served(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "PUT"])])) as url:
        yield url


def test_nerveshub_deploys_and_pauses_and_nothing_else() -> None:
    assert FACTS.operations == (SourceOperation.DEPLOY_RELEASE, SourceOperation.UPDATE_COHORT)


# Deploying


async def test_a_deployed_firmware_becomes_the_current_release_of_its_group(
    upstream: Open, mocks: MockPort, single: str
) -> None:
    adapter = upstream(KIND)
    before = await in_force(adapter)

    deployment_id = await adapter.perform(DeployRelease(single, cohort_id=GROUP))

    after: Any = (await adapter.deployments_by_id([deployment_id]))[deployment_id]
    assert deployment_id == f"{GROUP}/{int(before.native_id.rpartition('/')[2]) + 1}"
    assert (after.release_native_id, after.cohort_native_id) == (single, GROUP)
    assert after.status is DeploymentStatus.ACTIVE
    assert written(mocks) == ["PUT /nerveshub/api/orgs/acme/products/gateway/deployments/production"]


async def test_what_was_replaced_is_not_found_any_more(upstream: Open, single: str) -> None:
    adapter = upstream(KIND)
    before = await in_force(adapter)

    await adapter.perform(DeployRelease(single, cohort_id=GROUP))

    assert await adapter.deployments_by_id([before.native_id]) == {}


async def test_a_group_that_is_off_stays_off(upstream: Open, single: str) -> None:
    adapter = upstream(KIND)
    paused = "acme/gateway/Prod%20Deployment"

    deployment_id = await adapter.perform(DeployRelease(single, cohort_id=paused, fleet_id="acme/gateway"))

    after: Any = (await adapter.deployments_by_id([deployment_id]))[deployment_id]
    assert after.status is DeploymentStatus.INACTIVE


async def test_of_several_firmwares_the_named_one_is_deployed(
    upstream: Open, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    adapter = upstream(KIND)
    files: Any = (await adapter.artifacts_by_release_id([SEVERAL]))[SEVERAL]
    meant = files[1].native_id

    await adapter.perform(DeployRelease(SEVERAL, cohort_id=GROUP, artifact_id=meant))

    headers = {"Authorization": "token demo-nerveshub-token"}
    url = f"{mocks.url}/nerveshub/api/orgs/acme/products/gateway/deployments/production"
    async with http.get(url, headers=headers) as response:
        row = (await response.json())["data"]
    assert row["firmware_uuid"] == meant.rpartition("/")[2]


async def test_of_several_firmwares_one_must_be_named(upstream: Open, mocks: MockPort) -> None:
    kind, message, path = await mistake(upstream(KIND), DeployRelease(SEVERAL, cohort_id=GROUP))

    assert (kind, path) == ("REQUIRED", ("input", "artifactId"))
    assert message.startswith("the version has several firmwares, name one: gateway 1.1.0 ")
    assert written(mocks) == []


async def test_a_server_of_march_2026_does_not_number_what_it_made(
    upstream: Open, mocks: MockPort, single: str
) -> None:
    mocks.mocks.switches["nerveshub"]["server_version"] = "2.4.0"
    adapter = upstream(KIND)

    changed = await adapter.perform(DeployRelease(single, cohort_id=GROUP))

    cohort = (await adapter.cohorts_by_id([GROUP]))[GROUP]
    assert (changed, now_of(cohort)) == (GROUP, single)
    assert await adapter.deployments_by_id([changed]) == {}


@pytest.mark.parametrize("is_stale", [True, False])
async def test_the_number_is_right_whatever_the_count_of_releases_says(
    is_stale: bool, upstream: Open, mocks: MockPort, single: str
) -> None:
    mocks.mocks.switches["nerveshub"]["stale_releases_count"] = is_stale
    adapter = upstream(KIND)

    deployment_id = await adapter.perform(DeployRelease(single, cohort_id=GROUP))

    assert deployment_id in await adapter.deployments_by_id([deployment_id])


@pytest.mark.parametrize(
    ("command", "kind", "field"),
    [
        pytest.param(DeployRelease(SEVERAL), "REQUIRED", "cohortId", id="to no group"),
        pytest.param(DeployRelease(SEVERAL, fleet_id="acme/gateway"), "REQUIRED", "cohortId", id="to a fleet"),
        pytest.param(
            DeployRelease(SEVERAL, cohort_id=GROUP, fleet_id="acme/gauge"), "INVALID", "fleetId", id="of another fleet"
        ),
        pytest.param(
            DeployRelease(SEVERAL, cohort_id=GROUP, rollout_percent=10), "INVALID", "rolloutPercent", id="to a part"
        ),
        pytest.param(DeployRelease(SEVERAL, cohort_id=GROUP, stage="QA"), "INVALID", "stage", id="to a stage"),
        pytest.param(DeployRelease(SEVERAL, cohort_id=GROUP, build_id="7"), "INVALID", "buildId", id="a build"),
        pytest.param(DeployRelease(SEVERAL, cohort_id="acme/gateway"), "NOT_FOUND", "cohortId", id="no group's id"),
        pytest.param(
            DeployRelease(SEVERAL, cohort_id="umbra/dock/beta"), "INVALID", "releaseId", id="of another product"
        ),
        pytest.param(
            DeployRelease("acme/gateway/9.9.9", cohort_id=GROUP), "NOT_FOUND", "releaseId", id="no such version"
        ),
        pytest.param(
            DeployRelease(SEVERAL, cohort_id=GROUP, artifact_id="acme/gateway/gone"),
            "INVALID",
            "artifactId",
            id="no firmware of it",
        ),
    ],
)
async def test_what_cannot_be_deployed_is_told_and_nothing_is_sent(
    command: DeployRelease, kind: str, field: str, upstream: Open, mocks: MockPort
) -> None:
    told, message, path = await mistake(upstream(KIND), command)

    assert (told, path) == (kind, ("input", field))
    assert message
    assert written(mocks) == []


async def test_a_group_that_is_not_there_is_the_callers_mistake(upstream: Open, single: str) -> None:
    told = await mistake(upstream(KIND), DeployRelease(single, cohort_id="acme/gateway/gone"))

    assert told == ("NOT_FOUND", NOT_THERE, None)


async def test_a_product_out_of_scope_is_not_written_to(upstream: Open, mocks: MockPort, single: str) -> None:
    adapter = upstream(KIND, products=("umbra/dock",))

    deploying = await mistake(adapter, DeployRelease(single, cohort_id=GROUP))
    pausing = await mistake(adapter, UpdateCohort(GROUP, False))

    assert (deploying[0], pausing[0]) == ("NOT_FOUND", "NOT_FOUND")
    assert mocks.paths("nerveshub") == []


# On and off


@pytest.mark.parametrize("is_active", [False, True])
async def test_a_group_is_switched(is_active: bool, upstream: Open, mocks: MockPort) -> None:
    adapter = upstream(KIND)
    before: Any = (await adapter.cohorts_by_id([GROUP]))[GROUP]
    await adapter.perform(UpdateCohort(GROUP, not is_active))

    changed = await adapter.perform(UpdateCohort(GROUP, is_active))

    after: Any = (await adapter.cohorts_by_id([GROUP]))[GROUP]
    assert (changed, after.is_active) == (GROUP, is_active)
    assert now_of(after) == now_of(before)
    assert len(written(mocks)) == 2


async def test_a_name_with_a_space_is_sent_as_one_part_of_the_path(upstream: Open, mocks: MockPort) -> None:
    await upstream(KIND).perform(UpdateCohort("acme/gateway/Prod%20Deployment", True))

    assert written(mocks) == ["PUT /nerveshub/api/orgs/acme/products/gateway/deployments/Prod%20Deployment"]


@pytest.mark.parametrize("cohort_id", ["acme/gateway", "", "acme/gateway/production/1"])
async def test_what_is_no_group_is_not_switched(cohort_id: str, upstream: Open, mocks: MockPort) -> None:
    told = await mistake(upstream(KIND), UpdateCohort(cohort_id, True))

    assert told == ("NOT_FOUND", "there is no such deployment group", ("input", "id"))
    assert mocks.paths("nerveshub") == []


# Refusals


async def test_the_role_view_may_not_write(upstream: Open, mocks: MockPort) -> None:
    with pytest.raises(UpstreamRefused):
        await upstream(KIND, token="demo-nerveshub-view-token").perform(UpdateCohort(GROUP, False))

    assert len(written(mocks)) == 1


async def test_a_write_is_never_repeated(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/deployments/production", status=503)

    with pytest.raises(UpstreamBroken):
        await upstream(KIND).perform(UpdateCohort(GROUP, False))

    assert len(written(mocks)) == 1


async def test_a_version_that_could_not_be_looked_up_is_not_deployed(upstream: Open, mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", path="*/gateway/firmwares", status=503)

    with pytest.raises(UpstreamError):
        await upstream(KIND).perform(DeployRelease(SEVERAL, cohort_id=GROUP))

    assert written(mocks) == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(
            422, {"errors": {"firmware": ["can't be blank"]}}, ("REJECTED", "firmware can't be blank"), id="of a field"
        ),
        pytest.param(
            409, {"errors": {"name": ["has already been taken"]}}, ("CONFLICT", "name has already been taken"), id="409"
        ),
        pytest.param(400, {"errors": {"detail": "Bad."}}, ("REJECTED", "Bad."), id="one sentence"),
        pytest.param(404, {"errors": {"detail": NOT_THERE}}, ("NOT_FOUND", NOT_THERE), id="not there"),
    ],
)
async def test_a_refusal_is_told_in_the_servers_words(
    status: int, body: dict[str, Any], expected: tuple[str, str], upstream: Open
) -> None:
    with refusing(status, json.dumps(body).encode()) as url:
        told = await mistake(
            upstream(KIND, url=url), DeployRelease("acme/gateway/1.0.0", cohort_id="acme/gateway/production")
        )

    assert told == (*expected, None)


async def test_a_page_of_a_proxy_is_not_shown(upstream: Open) -> None:
    with refusing(400, b"<html><h1>Bad Request</h1></html>", "text/html") as url:
        told = await mistake(upstream(KIND, url=url), UpdateCohort(GROUP, True))

    assert told == ("REJECTED", "nerveshub refused it (400)", None)


@pytest.mark.parametrize(
    ("body", "sentences"),
    [
        pytest.param(b'{"errors":{"name":["is taken","is odd"],"tags":["is invalid"]}}',
                     "name is taken; name is odd; tags is invalid", id="several fields"),
        pytest.param(b'{"errors":{"conditions":{"version":["must be a requirement"]}}}',
                     "conditions must be a requirement", id="of an association"),
        pytest.param(b'{"errors":{"releases":[{},{"notes":["too long"]}]}}', "releases too long", id="of a list"),
        pytest.param(b'{"errors":{}}', None, id="nothing"),
        pytest.param(b'{"errors":"no"}', None, id="another shape"),
        pytest.param(b'{"message":{}}', None, id="another member"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b'{"errors":{"name":["M\xfcll"]}}', None, id="another encoding"),
        pytest.param(b'{"errors":{"name":' + b"[" * 100_000, None, id="a nest without end"),
        pytest.param(b'{"errors":{"name":' + b"[" * 700 + b"]" * 700 + b"}}", None, id="a deep nest"),
    ],
)  # fmt: skip
def test_sentences_are_found_wherever_they_stand(body: bytes, sentences: str | None) -> None:
    assert refusal(body) == sentences


async def test_what_nerveshub_has_no_operation_for_is_a_bug_of_ours(upstream: Open) -> None:
    with pytest.raises(NotImplementedError):
        await upstream(KIND).perform(AbortDeployment("acme/gateway/production/1"))
