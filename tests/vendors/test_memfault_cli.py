"""Memfault's own command line tool works on the mock as it comes, and the graph shows what it did."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MockPort
from tests.graph.conftest import Gateway

TOOL = Path(sys.executable).with_name("memfault")
PROJECT = "acme/smart-sink"
FIRMWARE = b"\x7f smart sink \x00" * 64
VERSION = "9.1.0+b1"  # the plus must survive their path and ours

RELEASE = """query Release($id: String!) { release: releaseByNativeId(source: "memfault", nativeId: $id) {
  name revision notes status isDeployed
  artifacts { nodes { filename target sizeBytes digests { algorithm value } } }
  deployments { nodes { status nativeStatus rolloutPercent cohort { slug } } } } }"""
COHORTS = """query Cohorts($id: String!) { fleetByNativeId(source: "memfault", nativeId: $id) {
  cohorts(first: 50) { nodes { slug currentRelease { name } deployments(first: 100) {
    nodes { status nativeStatus rolloutPercent release { name } } } } } } }"""


@dataclass(frozen=True)
class Ran:
    code: int
    output: str


@dataclass(frozen=True)
class Tool:
    """The tool as a process of its own, told of nothing but this host."""

    url: str

    async def __call__(self, *words: str | Path) -> Ran:
        organization, project = PROJECT.split("/")
        login = ("--org-token", "demo-memfault-token", "--org", organization, "--project", project)
        command = (TOOL, "--url", f"{self.url}/memfault", *login, *words)
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=self._surroundings())
        told, complained = await process.communicate()
        return Ran(process.returncode or 0, (told + complained).decode())

    def _surroundings(self) -> dict[str, str]:
        """Nothing of its own settings, which it would read from MEMFAULT_*."""
        return {name: value for name, value in os.environ.items() if not name.startswith("MEMFAULT_")}

    async def uploaded(self, file: Path, *more: str, version: str = VERSION) -> Ran:
        about = ("--hardware-version", "evt", "--software-type", "main", "--software-version", version)
        return await self("upload-ota-payload", *about, *more, file)


@pytest.fixture
def memfault(world: MockPort) -> Tool:
    return Tool(world.url)


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    file = tmp_path / "smart-sink.bin"
    file.write_bytes(FIRMWARE)
    return file


async def release(gateway: Gateway, version: str = VERSION) -> Any:
    native_id = f"{PROJECT}/{version.replace('+', '%2B')}"
    return (await gateway.data(RELEASE, id=native_id))["release"]


async def cohort(gateway: Gateway, slug: str) -> Any:
    nodes = (await gateway.data(COHORTS, id=PROJECT))["fleetByNativeId"]["cohorts"]["nodes"]
    return next(node for node in nodes if node["slug"] == slug)


async def newest_two(gateway: Gateway) -> tuple[str, str]:
    """Versions of the two newest releases, the older first."""
    query = """query Newest($id: String!) { fleetByNativeId(source: "memfault", nativeId: $id) {
      releases(first: 2) { nodes { name } } } }"""
    newer, older = (await gateway.data(query, id=PROJECT))["fleetByNativeId"]["releases"]["nodes"]
    return older["name"], newer["name"]


async def test_a_payload_it_uploads_is_a_release_with_a_sized_and_digested_artifact(
    memfault: Tool, gateway: Gateway, firmware: Path
) -> None:
    ran = await memfault.uploaded(firmware, "--revision", "9f1c0d2", "--notes", "Battery & fixes")

    shown = await release(gateway)
    assert ran.code == 0, ran.output
    assert (shown["name"], shown["revision"], shown["notes"], shown["status"]) == (
        VERSION, "9f1c0d2", "Battery & fixes", "AVAILABLE",
    )  # fmt: skip
    (artifact,) = shown["artifacts"]["nodes"]
    digests = {digest["algorithm"]: digest["value"] for digest in artifact["digests"]}
    assert (artifact["filename"], artifact["target"]) == ("smart-sink.bin", "evt")
    assert int(artifact["sizeBytes"]) == len(FIRMWARE)
    assert digests.items() >= {"sha256": hashlib.sha256(FIRMWARE).hexdigest()}.items()


async def test_a_large_payload_goes_up_in_parts(
    memfault: Tool, world: MockPort, gateway: Gateway, firmware: Path
) -> None:
    world.mocks.switches["memfault"]["max_ota_upload_size"] = 5_000_000_000

    ran = await memfault.uploaded(firmware)

    assert ran.code == 0, ran.output
    assert any(path.endswith("/upload_multipart") for path in world.paths("memfault"))
    (artifact,) = (await release(gateway))["artifacts"]["nodes"]
    assert int(artifact["sizeBytes"]) == len(FIRMWARE)


async def test_the_same_payload_again_is_no_second_artifact(memfault: Tool, gateway: Gateway, firmware: Path) -> None:
    await memfault.uploaded(firmware)

    again = await memfault.uploaded(firmware)

    assert again.code == 0
    assert "was already uploaded" in again.output
    assert len((await release(gateway))["artifacts"]["nodes"]) == 1


async def test_a_release_it_deploys_is_on_all_of_the_cohort(memfault: Tool, gateway: Gateway, firmware: Path) -> None:
    await memfault.uploaded(firmware)

    ran = await memfault("deploy-release", "--release-version", VERSION, "--cohort", "default")

    assert ran.code == 0, ran.output
    assert "deployed successfully" in ran.output
    shown = await cohort(gateway, "default")
    assert shown["currentRelease"] == {"name": VERSION}
    assert {
        "status": "ACTIVE", "nativeStatus": "done", "rolloutPercent": 100, "release": {"name": VERSION},
    } in shown["deployments"]["nodes"]  # fmt: skip
    assert (await release(gateway))["isDeployed"] is True


async def test_a_release_it_stages_is_running_on_a_share(memfault: Tool, gateway: Gateway, firmware: Path) -> None:
    await memfault.uploaded(firmware)
    words = ("--release-version", VERSION, "--cohort", "beta", "--rollout-percent", "25")

    ran = await memfault("deploy-release", *words)

    assert ran.code == 0, ran.output
    assert (await release(gateway))["deployments"]["nodes"] == [
        {"status": "RUNNING", "nativeStatus": "in_progress", "rolloutPercent": 25, "cohort": {"slug": "beta"}}
    ]


async def test_a_release_it_takes_back_is_inactive_and_still_listed(
    memfault: Tool, world: MockPort, gateway: Gateway, firmware: Path
) -> None:
    await memfault.uploaded(firmware)
    words = ("deploy-release", "--release-version", VERSION, "--cohort", "default")
    await memfault(*words)

    ran = await memfault(*words, "--deactivate")
    again = await memfault(*words, "--deactivate")

    assert (ran.code, again.code) == (0, 2)
    assert "Could not find an active deployment" in again.output
    assert [call["status"] for call in world.calls if call["method"] == "DELETE"] == [204]
    shown = await release(gateway)
    assert [(node["status"], node["nativeStatus"]) for node in shown["deployments"]["nodes"]] == [
        ("INACTIVE", "pulled")
    ]
    assert shown["isDeployed"] is False
    assert (await cohort(gateway, "default"))["currentRelease"] != {"name": VERSION}


async def test_a_delta_payload_it_uploads_leaves_the_full_release_as_it_was(
    memfault: Tool, gateway: Gateway, firmware: Path
) -> None:
    older, newer = await newest_two(gateway)
    before = await release(gateway, newer)
    about = ("--hardware-version", "evt", "--software-type", "main", "--delta-from", older, "--delta-to", newer)

    ran = await memfault("upload-ota-payload", *about, firmware)

    assert ran.code == 0, ran.output
    assert await release(gateway, newer) == before


async def test_a_delta_it_deploys_leads_to_its_newer_release(memfault: Tool, world: MockPort, gateway: Gateway) -> None:
    older, newer = await newest_two(gateway)
    words = ("deploy-release", "--delta-from", older, "--delta-to", newer, "--cohort", "internal")

    deployed = await memfault(*words)
    during = await cohort(gateway, "internal")
    taken_back = await memfault(*words, "--deactivate")
    afterwards = await cohort(gateway, "internal")

    assert (deployed.code, taken_back.code) == (0, 0), deployed.output + taken_back.output
    assert any(f"delta_from={older}&delta_to={newer}" in path for path in world.paths("memfault"))
    assert during["currentRelease"] == {"name": newer}
    first = {"rolloutPercent": 100, "release": {"name": newer}}
    assert during["deployments"]["nodes"][0] == {"status": "ACTIVE", "nativeStatus": "done", **first}
    assert afterwards["deployments"]["nodes"][0] == {"status": "INACTIVE", "nativeStatus": "pulled", **first}


async def test_what_is_active_already_is_refused_to_it(memfault: Tool, gateway: Gateway, firmware: Path) -> None:
    await memfault.uploaded(firmware)
    words = ("deploy-release", "--release-version", VERSION, "--cohort", "default")
    await memfault(*words)

    again = await memfault(*words)

    assert again.code == 1
    assert "already active" in again.output
    assert len((await release(gateway))["deployments"]["nodes"]) == 1


async def test_a_wrong_token_is_told_so(memfault: Tool, world: MockPort) -> None:
    words = ("--org-token", "oat_expired", "deploy-release", "--release-version", "1.4.1", "--cohort", "default")

    ran = await memfault(*words)

    assert ran.code == 1
    assert "HTTP status 401" in ran.output
    assert [call["status"] for call in world.calls] == [401]
