"""The world as Memfault holds it: every cut is a release, whatever its version looks like."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from random import Random

from upstream_mocks.memfault.auth import API_KEY
from upstream_mocks.memfault.model import (
    Artifact,
    Cloud,
    Cohort,
    Deployment,
    Device,
    Organization,
    Project,
    Release,
)
from upstream_mocks.world import Cut, Presence, World

MAX_PROJECTS = 4
COHORTS = {"default": "default", "beta": "Beta", "prod": "Production", "internal": "Internal Group"}
_COHORT_SHARES = {"default": 20, "beta": 15, "prod": 65, "internal": 0}


def cloud(world: World) -> Cloud:
    filled = Cloud(today=world.now, api_key=API_KEY)
    for presence in world.presences("memfault")[:MAX_PROJECTS]:
        slug = presence.product.organization
        if slug not in filled.organizations:
            filled.organizations[slug] = Organization(filled.next_id("organization"), slug.title(), slug)
        filled.organizations[slug].projects[presence.product.slug] = _project(filled, world, presence)
    return filled


def _project(filled: Cloud, world: World, presence: Presence) -> Project:
    product, born = presence.product, world.now - timedelta(days=800)
    key = world.hex(32, "memfault", "project key", product.slug)
    project = Project(filled.next_id("project"), born, born, product.name, product.slug, key)
    project.hardware_versions = list(product.hardware_versions)
    for slug, name in COHORTS.items():
        project.cohorts[slug] = Cohort(filled.next_id("cohort"), born, born, name, slug)
    for cut in presence.cuts:
        project.releases[cut.version] = _release(filled, world, presence, cut)
    for deployment in _deployments(filled, world, project):
        project.deployments[deployment.id] = deployment
    for number in range(1, product.device_count + 1):
        device = _device(filled, world, project, number)
        project.devices[device.serial] = device
    return project


def _release(filled: Cloud, world: World, presence: Presence, cut: Cut) -> Release:
    rng = world.rng("memfault", "release", presence.product.slug, cut.ordinal)
    arrived = min(cut.created_at + timedelta(minutes=rng.randint(5, 600)), world.now)
    release = Release(filled.next_id("release"), arrived, min(arrived + timedelta(minutes=6), world.now), cut.version)
    earlier = [other.version for other in presence.cuts if other.ordinal < cut.ordinal]
    release.min_version = rng.choice(earlier) if earlier and rng.random() < 0.3 else ""
    release.revision = cut.commit if rng.random() < 0.94 else ""
    release.notes = cut.notes if rng.random() < 0.8 else ""
    release.extra_info = {"ci": f"gh-{rng.randint(1000, 9999)}"} if rng.random() < 0.4 else None
    release.must_pass_through = rng.random() < 0.1
    if rng.random() < 0.95:
        release.artifacts = _artifacts(filled, world, presence, release)
    return release


def _artifacts(filled: Cloud, world: World, presence: Presence, release: Release) -> list[Artifact]:
    """A firmware for each hardware version the release knows, and symbols for about half of them."""
    artifacts = []
    for index, hardware in enumerate(presence.product.hardware_versions):
        rng = world.rng("memfault", "artifact", presence.product.slug, release.version, hardware)
        if index and rng.random() < 0.2:
            continue
        build_id = world.hex(40, "build", presence.product.slug, release.version) if rng.random() < 0.6 else ""
        for kind, ending in (("firmware", "bin"), ("symbols", "elf"))[: rng.choice((1, 2))]:
            name = f"{presence.product.slug}-{release.version}-{hardware}.{ending}"
            content = f"{name}\n".encode() * rng.randint(20, 200)
            made = artifact(filled, release, kind, hardware, name, content)
            made.build_id = build_id
            made.newer = {each: value for each, value in made.newer.items() if rng.random() < 0.8}
            artifacts.append(made)
    return artifacts


def artifact(filled: Cloud, release: Release, kind: str, hardware: str, name: str, content: bytes) -> Artifact:
    """With true digests of its content, dated with its release."""
    md5, sha1 = hashlib.md5(content).hexdigest(), hashlib.sha1(content).hexdigest()  # noqa: S324 - what the vendor prints
    sha256 = hashlib.sha256(content).hexdigest()
    newer = {"file_size": len(content), "sha1": sha1, "sha256": sha256, "extra_info": None}
    at = release.updated_date
    return Artifact(filled.next_id("artifact"), at, at, kind, hardware, name, content, md5, newer=newer)


def _deployments(filled: Cloud, world: World, project: Project) -> list[Deployment]:
    """Production got each of the last releases in turn, beta is being given the newest, an attempt was aborted."""
    releases = list(project.releases.values())
    plan = (
        (-4, "prod", "normal", "pulled", 0),
        (-3, "default", "normal", "done", 0),
        (-3, "prod", "normal", "done", 0),
        (-2, "beta", "staged_rollout", "done", 100),
        (-1, "internal", "staged_rollout", "aborted", 10),
        (-1, "beta", "staged_rollout", "in_progress", 25),
    )
    deployments = []
    for index, cohort, kind, status, percent in plan:
        release = releases[max(index, -len(releases))]
        number = filled.next_id("deployment")
        at = min(release.created_date + timedelta(hours=3, microseconds=number), world.now)
        made = Deployment(number, at, at, at, kind, status, percent, release, project.cohorts[cohort])
        deployments.append(made)
    return deployments


def _device(filled: Cloud, world: World, project: Project, number: int) -> Device:
    rng = world.rng("memfault", "device", project.slug, number)
    cohort = project.cohorts[rng.choices(list(_COHORT_SHARES), list(_COHORT_SHARES.values()))[0]]
    born = world.now - timedelta(days=rng.randint(60, 700), microseconds=rng.randint(0, 999_999))
    serial, hardware = f"{project.slug.upper()}-{number:04}", rng.choice(project.hardware_versions)
    device = Device(filled.next_id("device"), born, born, serial, hardware, cohort)
    device.owner_ref = f"user{rng.randint(1, 40)}" if rng.random() < 0.3 else ""
    device.nickname = f"unit {number}" if rng.random() < 0.1 else ""
    if rng.random() < 0.93:
        device.last_seen = world.now - timedelta(hours=rng.randint(0, 2000), microseconds=rng.randint(0, 999_999))
        device.updated_date = device.last_seen
        device.release = _reported(project, cohort, rng)
    return device


def _reported(project: Project, cohort: Cohort, rng: Random) -> Release:
    """Mostly what its cohort has deployed for good, else any release that is held."""
    deployed = [each.release for each in project.deployments_to(cohort) if each.status == "done"]
    return deployed[0] if deployed and rng.random() < 0.75 else rng.choice(list(project.releases.values()))
