"""Words of every kind that has an adapter: each documented status is understood, any other is told and not guessed."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.graph.enums import BuildStatus, DeploymentStatus, ReleaseStatus, SourceKind
from tests.contract.conftest import Open
from tests.contract.questions import LOOK_UPS, rows_of
from tests.contract.rewriting import PLACES, Rewriting, every

BALENA, NERVESHUB, MEMFAULT = SourceKind.BALENA, SourceKind.NERVESHUB, SourceKind.MEMFAULT
BUILDMASTER, METAKRAFTWERK = SourceKind.BUILDMASTER, SourceKind.METAKRAFTWERK


def balena(status: str, *, is_final: bool = True, is_invalidated: bool = False) -> dict[str, Any]:
    return {"status": status, "is_final": is_final, "is_invalidated": is_invalidated}


def run(status: str, canceled: str | None = None) -> dict[str, Any]:
    return {"status": status, "canceledOn": canceled}


RELEASES: list[tuple[SourceKind, dict[str, Any], ReleaseStatus]] = [
    (BALENA, balena("success"), ReleaseStatus.AVAILABLE),
    (BALENA, balena("success", is_final=False), ReleaseStatus.DRAFT),
    (BALENA, balena("success", is_invalidated=True), ReleaseStatus.INVALIDATED),
    (BALENA, balena("failed", is_invalidated=True), ReleaseStatus.INVALIDATED),
    (BALENA, balena("resting", is_invalidated=True), ReleaseStatus.INVALIDATED),
    (BALENA, balena("failed"), ReleaseStatus.FAILED),
    (BALENA, balena("failed", is_final=False), ReleaseStatus.FAILED),
    (BALENA, balena("error"), ReleaseStatus.FAILED),
    (BALENA, balena("cancelled"), ReleaseStatus.CANCELLED),
    (BALENA, balena("cancelled", is_final=False), ReleaseStatus.CANCELLED),
    (BALENA, balena("interrupted"), ReleaseStatus.CANCELLED),
    (BALENA, balena("running"), ReleaseStatus.IN_PROGRESS),
    (BALENA, balena("running", is_final=False), ReleaseStatus.IN_PROGRESS),
    (NERVESHUB, {}, ReleaseStatus.AVAILABLE),
    (MEMFAULT, {}, ReleaseStatus.AVAILABLE),
    (BUILDMASTER, {"status": "active"}, ReleaseStatus.IN_PROGRESS),
    (BUILDMASTER, {"status": "deployed"}, ReleaseStatus.DEPLOYED),
    (BUILDMASTER, {"status": "canceled"}, ReleaseStatus.CANCELLED),
    (METAKRAFTWERK, {"deleted": True, "closed": True}, ReleaseStatus.DELETED),
    (METAKRAFTWERK, {"deleted": True, "closed": False}, ReleaseStatus.DELETED),
    (METAKRAFTWERK, {"deleted": False, "closed": True}, ReleaseStatus.CLOSED),
    (METAKRAFTWERK, {"deleted": False, "closed": False}, ReleaseStatus.IN_PROGRESS),
    (METAKRAFTWERK, {"deleted": 0, "closed": 1}, ReleaseStatus.CLOSED),
    (METAKRAFTWERK, {"deleted": None, "closed": None}, ReleaseStatus.IN_PROGRESS),
]
BUILDS: list[tuple[SourceKind, dict[str, Any], BuildStatus]] = [
    (BUILDMASTER, {"status": "active"}, BuildStatus.OPEN),
    (BUILDMASTER, {"status": "deployed"}, BuildStatus.SUCCEEDED),
    (BUILDMASTER, {"status": "rejected"}, BuildStatus.REJECTED),
    (METAKRAFTWERK, {"status": "BUILDING"}, BuildStatus.RUNNING),
    (METAKRAFTWERK, {"status": "FINISHED"}, BuildStatus.SUCCEEDED),
    (METAKRAFTWERK, {"status": "FAILED"}, BuildStatus.FAILED),
    (METAKRAFTWERK, {"status": "CANCELED"}, BuildStatus.CANCELLED),
]
DEPLOYMENTS: list[tuple[SourceKind, dict[str, Any], DeploymentStatus]] = [
    (BALENA, {}, DeploymentStatus.ACTIVE),
    (NERVESHUB, {"is_active": True, "state": "on"}, DeploymentStatus.ACTIVE),
    (NERVESHUB, {"is_active": False, "state": "off"}, DeploymentStatus.INACTIVE),
    (NERVESHUB, {"is_active": None, "state": "on"}, DeploymentStatus.ACTIVE),
    (NERVESHUB, {"is_active": None, "state": "off"}, DeploymentStatus.INACTIVE),
    (MEMFAULT, {"status": "in_progress"}, DeploymentStatus.RUNNING),
    (MEMFAULT, {"status": "done"}, DeploymentStatus.ACTIVE),
    (MEMFAULT, {"status": "pulled"}, DeploymentStatus.INACTIVE),
    (MEMFAULT, {"status": "aborted"}, DeploymentStatus.ABORTED),
    (BUILDMASTER, run("pending"), DeploymentStatus.QUEUED),
    (BUILDMASTER, run("executing"), DeploymentStatus.RUNNING),
    (BUILDMASTER, run("succeeded"), DeploymentStatus.SUCCEEDED),
    (BUILDMASTER, run("warned"), DeploymentStatus.SUCCEEDED),
    (BUILDMASTER, run("failed"), DeploymentStatus.FAILED),
    (BUILDMASTER, run("pending", "2026-03-02T09:15:00.0000000Z"), DeploymentStatus.ABORTED),
    (BUILDMASTER, run("succeeded", "2026-03-02T09:15:00.0000000Z"), DeploymentStatus.ABORTED),
    (BUILDMASTER, run("resting", "2026-03-02T09:15:00.0000000Z"), DeploymentStatus.ABORTED),
    (METAKRAFTWERK, {}, DeploymentStatus.UNKNOWN),
    (METAKRAFTWERK, {"status": None}, DeploymentStatus.UNKNOWN),
    (METAKRAFTWERK, {"status": "FINISHED"}, DeploymentStatus.SUCCEEDED),
    (METAKRAFTWERK, {"status": "FAILED"}, DeploymentStatus.FAILED),
]
WORDS = {"releases": RELEASES, "builds": BUILDS, "deployments": DEPLOYMENTS}
WORDLESS = [
    (BALENA, "releases", balena("resting")),
    (BUILDMASTER, "releases", {"status": "resting"}),
    (BUILDMASTER, "builds", {"status": "resting"}),
    (METAKRAFTWERK, "builds", {"status": "resting"}),
    (NERVESHUB, "deployments", {"is_active": None, "state": "resting"}),
    (MEMFAULT, "deployments", {"status": "resting"}),
    (BUILDMASTER, "deployments", run("resting")),
    (METAKRAFTWERK, "deployments", {"status": "resting"}),
]
"Every kind that has words of its own, with one that nobody documented; a draft of balena's is DRAFT all the same."


def named(kind: SourceKind, what: str, members: dict[str, Any], *more: Any) -> Any:
    said = " ".join(f"{name}={value}" for name, value in members.items())
    return pytest.param(kind, what, members, *more, id=f"{kind.value.lower()} {what} {said}".strip())


@pytest.mark.parametrize(
    ("kind", "what", "members", "status"),
    [named(kind, what, members, status) for what, table in WORDS.items() for kind, members, status in table],
)
async def test_a_documented_word_has_its_status(
    kind: SourceKind, what: str, members: dict[str, Any], status: Any, opened: Open, rewriting: Rewriting
) -> None:
    adapter = opened(kind, what, url=f"{rewriting.url}/{kind.value.lower()}")
    rewriting.rules[PLACES[kind, what]] = every(**members)

    rows = await rows_of(adapter, what)
    found: dict[str, Any] = dict(await LOOK_UPS[what](adapter, [rows[0].native_id]))

    assert {row.status for row in rows} == {status}
    assert [row.status for row in found.values()] == [status]


@pytest.mark.parametrize(("kind", "what", "members"), [named(*case) for case in WORDLESS])
async def test_an_undocumented_word_is_unknown_and_told_as_it_is(
    kind: SourceKind, what: str, members: dict[str, Any], opened: Open, rewriting: Rewriting
) -> None:
    adapter = opened(kind, what, url=f"{rewriting.url}/{kind.value.lower()}")
    rewriting.rules[PLACES[kind, what]] = every(**members)

    rows = await rows_of(adapter, what)
    found: dict[str, Any] = dict(await LOOK_UPS[what](adapter, [rows[0].native_id]))

    assert {(row.status.name, row.native_status) for row in rows} == {("UNKNOWN", "resting")}
    assert [(row.status.name, row.native_status) for row in found.values()] == [("UNKNOWN", "resting")]
