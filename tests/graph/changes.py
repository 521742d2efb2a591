"""Changes: one of each mutation that each source has, with what the graph tells before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resolvers import keys
from tests.conftest import MockPort
from upstream_mocks.faults import Fault


def balena(type_name: str, native_id: str) -> str:
    return keys.encode(type_name, "balena", native_id)


def nerveshub(type_name: str, native_id: str) -> str:
    return keys.encode(type_name, "nerveshub", native_id)


def memfault(type_name: str, native_id: str) -> str:
    return keys.encode(type_name, "memfault", native_id)


def buildmaster(type_name: str, native_id: str) -> str:
    return keys.encode(type_name, "buildmaster", native_id)


SINK, LEGACY, SPARE = balena("Fleet", "1900001"), balena("Fleet", "1900515"), balena("Release", "3034633")
"A fleet that tracks its newest release, one nobody minds losing, and a release of the first that nothing uses."

DEVICE = balena("Device", "11000001")
GROUP, FIRMWARE = nerveshub("Cohort", "acme/gateway/production"), nerveshub("Release", "acme/gateway/1.2.4")
ROLLOUT, INTERNAL = memfault("Deployment", "acme/smart-sink/6"), memfault("Cohort", "acme/smart-sink/internal")
GAUGE, OPEN, CANCELLED = buildmaster("Fleet", "27"), buildmaster("Release", "201"), buildmaster("Release", "155")

NODE = "query ($id: ID!) {{ told: node(id: $id) {{ ... on {} {{ {} }} }} }}"
FLEETS = "query ($name: String!) { told: fleets(filter: { names: [$name] }) { nodes { slug } } }"
RELEASES = """query ($fleet: ID!, $version: String!) { told: fleet(id: $fleet) {
  releases(filter: { versions: [$version] }) { nodes { name } } } }"""
DEPLOYMENTS = "query ($id: ID!) { told: node(id: $id) { ... on Cohort { deployments { nodes { status } } } } }"
RUNS = "query ($id: ID!) { told: node(id: $id) { ... on Release { deployments { totalCount } } } }"


@dataclass(frozen=True)
class Change:
    """asks: for what the payload should hold, and does. look: a query with variables, what it tells before and after.

    sent: verb and path of the one request that changes something. looks_first: how often that path is read before it.
    """

    source: str
    mutation: str
    input: dict[str, Any]
    asks: str
    shows: dict[str, Any]
    look: tuple[str, dict[str, Any]]
    before: Any
    after: Any
    sent: tuple[str, str]
    looks_first: int = 0

    @property
    def text(self) -> str:
        type_name = f"{self.mutation[0].upper()}{self.mutation[1:]}Input"
        return (
            f"mutation ($input: {type_name}!) {{ "
            f"done: {self.mutation}(input: $input) {{ {self.asks} userErrors {{ code message path }} }} }}"
        )

    def __str__(self) -> str:
        return f"{self.source} {self.mutation}"


def node(type_name: str, global_id: str, fields: str) -> tuple[str, dict[str, Any]]:
    return NODE.format(type_name, fields), {"id": global_id}


def nodes(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": list(rows)}


BALENA = [
    Change(
        "balena",
        "createFleet",
        {"source": "balena", "name": "harbour-light", "organization": "acme", "deviceType": "raspberrypi4-64"},
        "fleet { name slug deviceType tracksLatest }",
        {
            "fleet": {
                "name": "harbour-light",
                "slug": "acme/harbour-light",
                "deviceType": "raspberrypi4-64",
                "tracksLatest": True,
            }
        },
        (FLEETS, {"name": "harbour-light"}),
        nodes(),
        nodes({"slug": "acme/harbour-light"}),
        ("POST", "/v7/application"),
    ),
    Change(
        "balena",
        "deleteFleet",
        {"source": "balena", "slug": "acme/smart-sink-legacy", "confirmName": "smart-sink-legacy"},
        "deletedId",
        {"deletedId": LEGACY},
        node("Fleet", LEGACY, "slug"),
        {"slug": "acme/smart-sink-legacy"},
        None,
        ("DELETE", "/v7/application(1900515)"),
    ),
    Change(
        "balena",
        "pinFleet",
        {"id": SINK, "releaseId": SPARE},
        "fleet { tracksLatest targetRelease { nativeId isDeployed } }",
        {"fleet": {"tracksLatest": False, "targetRelease": {"nativeId": "3034633", "isDeployed": True}}},
        node("Release", SPARE, "isDeployed deployments { nodes { status } }"),
        {"isDeployed": False, "deployments": nodes()},
        {"isDeployed": True, "deployments": nodes({"status": "ACTIVE"})},
        ("PATCH", "/v7/application(1900001)"),
    ),
    Change(
        "balena",
        "trackLatestRelease",
        {"source": "balena", "slug": "acme/smart-sink", "enabled": False},
        "fleet { tracksLatest }",
        {"fleet": {"tracksLatest": False}},
        node("Fleet", SINK, "tracksLatest"),
        {"tracksLatest": True},
        {"tracksLatest": False},
        ("PATCH", "/v7/application(1900001)"),
    ),
    Change(
        "balena",
        "updateRelease",
        {"id": SPARE, "isInvalidated": True, "invalidationReason": "It leaks: Ärger & Wasser"},
        "release { status native { ... on BalenaRelease { invalidationReason } } }",
        {"release": {"status": "INVALIDATED", "native": {"invalidationReason": "It leaks: Ärger & Wasser"}}},
        node("Release", SPARE, "status"),
        {"status": "AVAILABLE"},
        {"status": "INVALIDATED"},
        ("PATCH", "/v7/release(3034633)"),
    ),
    Change(
        "balena",
        "deleteRelease",
        {"id": SPARE, "confirmVersion": "1.3.0"},
        "deletedId",
        {"deletedId": SPARE},
        node("Release", SPARE, "name"),
        {"name": "1.3.0"},
        None,
        ("DELETE", "/v7/release(3034633)"),
    ),
    Change(
        "balena",
        "deployRelease",
        {"releaseId": SPARE, "fleetId": SINK},
        "deployment { nativeId status release { nativeId } fleet { slug } }",
        {
            "deployment": {
                "nativeId": "1900001/3034633",
                "status": "ACTIVE",
                "release": {"nativeId": "3034633"},
                "fleet": {"slug": "acme/smart-sink"},
            }
        },
        node("Release", SPARE, "isDeployed"),
        {"isDeployed": False},
        {"isDeployed": True},
        ("PATCH", "/v7/application(1900001)"),
    ),
    Change(
        "balena",
        "setTag",
        {"id": DEVICE, "key": "stage", "value": "Größe 'x' & y"},
        "tag { key value }",
        {"tag": {"key": "stage", "value": "Größe 'x' & y"}},
        node("Device", DEVICE, "tags { key value }"),
        {"tags": []},
        {"tags": [{"key": "stage", "value": "Größe 'x' & y"}]},
        ("POST", "/v7/device_tag"),
    ),
    Change(
        "balena",
        "removeTag",
        {"id": SPARE, "key": "channel"},
        "deletedId",
        {"deletedId": SPARE},
        node("Release", SPARE, "tags { key }"),
        {"tags": [{"key": "built-by"}, {"key": "channel"}]},
        {"tags": [{"key": "built-by"}]},
        ("DELETE", "/v7/release_tag"),
    ),
]
NERVESHUB = [
    Change(
        "nerveshub",
        "deployRelease",
        {"releaseId": FIRMWARE, "cohortId": GROUP},
        "deployment { nativeId status release { name } cohort { currentRelease { name } } }",
        {
            "deployment": {
                "nativeId": "acme/gateway/production/4",
                "status": "ACTIVE",
                "release": {"name": "1.2.4"},
                "cohort": {"currentRelease": {"name": "1.2.4"}},
            }
        },
        node("Cohort", GROUP, "currentRelease { name } deployments { nodes { nativeId } }"),
        {"currentRelease": {"name": "1.3.2"}, "deployments": nodes({"nativeId": "acme/gateway/production/3"})},
        {"currentRelease": {"name": "1.2.4"}, "deployments": nodes({"nativeId": "acme/gateway/production/4"})},
        ("PUT", "/api/orgs/acme/products/gateway/deployments/production"),
    ),
    Change(
        "nerveshub",
        "updateCohort",
        {"id": GROUP, "isActive": False},
        "cohort { isActive deployments { nodes { status } } }",
        {"cohort": {"isActive": False, "deployments": nodes({"status": "INACTIVE"})}},
        node("Cohort", GROUP, "isActive"),
        {"isActive": True},
        {"isActive": False},
        ("PUT", "/api/orgs/acme/products/gateway/deployments/production"),
    ),
]
SMART_SINK = "/api/v0/organizations/acme/projects/smart-sink"
MEMFAULT = [
    Change(
        "memfault",
        "createRelease",
        {"fleetId": memfault("Fleet", "acme/smart-sink"), "version": "9.0.0+b1", "notes": "<b>Neu</b>"},
        "release { nativeId notes status fleet { slug } }",
        {
            "release": {
                "nativeId": "acme/smart-sink/9.0.0%2Bb1",
                "notes": "<b>Neu</b>",
                "status": "AVAILABLE",
                "fleet": {"slug": "acme/smart-sink"},
            }
        },
        (RELEASES, {"fleet": memfault("Fleet", "acme/smart-sink"), "version": "9.0.0+b1"}),
        {"releases": nodes()},
        {"releases": nodes({"name": "9.0.0+b1"})},
        ("POST", f"{SMART_SINK}/releases"),
    ),
    Change(
        "memfault",
        "deleteRelease",
        {"id": memfault("Release", "umbra/dock/1.1.0"), "confirmVersion": "1.1.0"},
        "deletedId",
        {"deletedId": memfault("Release", "umbra/dock/1.1.0")},
        node("Release", memfault("Release", "umbra/dock/1.1.0"), "name"),
        {"name": "1.1.0"},
        None,
        ("DELETE", "/api/v0/organizations/umbra/projects/dock/releases/1.1.0"),
    ),
    Change(
        "memfault",
        "deployRelease",
        {"releaseId": memfault("Release", "acme/smart-sink/1.3.0"), "cohortId": INTERNAL, "rolloutPercent": 10},
        "deployment { status rolloutPercent release { name } cohort { slug } }",
        {
            "deployment": {
                "status": "RUNNING",
                "rolloutPercent": 10,
                "release": {"name": "1.3.0"},
                "cohort": {"slug": "internal"},
            }
        },
        (DEPLOYMENTS, {"id": INTERNAL}),
        {"deployments": nodes({"status": "ABORTED"})},
        {"deployments": nodes({"status": "RUNNING"}, {"status": "ABORTED"})},
        ("POST", f"{SMART_SINK}/deployments"),
    ),
    Change(
        "memfault",
        "updateDeployment",
        {"id": ROLLOUT, "rolloutPercent": 50},
        "deployment { status rolloutPercent }",
        {"deployment": {"status": "RUNNING", "rolloutPercent": 50}},
        node("Deployment", ROLLOUT, "rolloutPercent"),
        {"rolloutPercent": 25},
        {"rolloutPercent": 50},
        ("PATCH", f"{SMART_SINK}/deployments/6"),
    ),
    Change(
        "memfault",
        "abortDeployment",
        {"id": ROLLOUT},
        "deployment { status nativeStatus }",
        {"deployment": {"status": "INACTIVE", "nativeStatus": "pulled"}},
        node("Deployment", ROLLOUT, "status"),
        {"status": "RUNNING"},
        {"status": "INACTIVE"},
        ("DELETE", f"{SMART_SINK}/deployments/6"),
        looks_first=1,
    ),
]
BUILDMASTER = [
    Change(
        "buildmaster",
        "createRelease",
        {"fleetId": GAUGE, "version": "9.0, α+β & =", "name": "Größer?", "pipeline": "global::Firmware"},
        "release { name status version { raw } fleet { name } }",
        {
            "release": {
                "name": "Größer?",
                "status": "IN_PROGRESS",
                "version": {"raw": "9.0, α+β & ="},
                "fleet": {"name": "Gauge"},
            }
        },
        (RELEASES, {"fleet": GAUGE, "version": "9.0, α+β & ="}),
        {"releases": nodes()},
        {"releases": nodes({"name": "Größer?"})},
        ("POST", "/api/releases/create"),
    ),
    Change(
        "buildmaster",
        "cancelRelease",
        {"id": OPEN, "reason": "Nobody wants it."},
        "release { status builds { nodes { status } } }",
        {"release": {"status": "CANCELLED", "builds": nodes(*[{"status": "REJECTED"}] * 3)}},
        node("Release", OPEN, "status"),
        {"status": "IN_PROGRESS"},
        {"status": "CANCELLED"},
        ("POST", "/api/releases/cancel"),
    ),
    Change(
        "buildmaster",
        "restoreRelease",
        {"id": CANCELLED},
        "release { status finishedAt }",
        {"release": {"status": "IN_PROGRESS", "finishedAt": None}},
        node("Release", CANCELLED, "status"),
        {"status": "CANCELLED"},
        {"status": "IN_PROGRESS"},
        ("POST", "/api/releases/restore"),
    ),
    Change(
        "buildmaster",
        "deployRelease",
        {"releaseId": OPEN, "stage": "Integration"},
        "deployment { status stage release { nativeId } }",
        {"deployment": {"status": "QUEUED", "stage": "Integration", "release": {"nativeId": "201"}}},
        (RUNS, {"id": OPEN}),
        {"deployments": {"totalCount": 5}},
        {"deployments": {"totalCount": 6}},
        ("POST", "/api/releases/builds/deploy"),
    ),
]
CHANGES = [*BALENA, *NERVESHUB, *MEMFAULT, *BUILDMASTER]


def trouble(mocks: MockPort, change: Change, fault: dict[str, Any]) -> None:
    """The fault, for the one request that changes something."""
    path = f"/{change.source}{change.sent[1]}"
    mocks.mocks.faults.rules = [
        *[Fault(path=path, times=1) for _ in range(change.looks_first)],
        # balena's tags are deleted by a filter. A path of its own never goes on.
        *[Fault(path=path + more, **fault) for more in ("", "[?]*")],
    ]


def sent(mocks: MockPort) -> list[tuple[str, str, int]]:
    """Verb, path without query and status of every request that would change something; BuildMaster reads by POST."""
    reads = ("/api/releases", "/api/applications/list", "/api/releases/builds", "/api/releases/builds/deployments")
    made = [(str(call["method"]), _inside(str(call["path"])), int(str(call["status"]))) for call in mocks.calls]
    logins = ("/authentication",)
    return [call for call in made if call[0] != "GET" and call[1] not in (*reads, *logins)]


def _inside(path: str) -> str:
    """The path as the vendor sees it."""
    return "/" + path.partition("?")[0].lstrip("/").partition("/")[2]
