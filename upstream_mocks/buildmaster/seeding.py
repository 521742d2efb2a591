"""The world as an installation: a release for each cut that arrived, the builds that led to it, the runs they took."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from upstream_mocks.buildmaster.seeding_runs import families_of
from upstream_mocks.buildmaster.state import STAGES, Application, Build, Installation, Release
from upstream_mocks.world import Cut, Presence, World

GROUPS = ("Devices", None, "Geräte/Außendienst", "Devices")
RETIRED = "Prüfstand/Alt"
USER_NAMES = ("SYSTEM", "API")
RELEASELESS = "Optional"  # the usage of the one application whose builds may do without a release


def seeded(world: World) -> Installation:
    """Ids climb with the time of birth across all applications, with gaps, as in a database that is shared."""
    presences = world.presences("buildmaster")
    applications = [_application(presence, place) for place, presence in enumerate(presences)]
    releases = [
        release
        for presence, application in zip(presences, applications, strict=True)
        for release in _releases(world, presence, application)
    ]
    applications += [_draft(world), _retired()]
    releases += _retired_releases(world, applications[-1])
    releases.sort(key=lambda release: release.created_at)
    for place, release in enumerate(releases):
        release.id = 101 + 2 * place
    _list_deployables(presences, next(release for release in releases if not release.application.is_retired))
    return _built(world, applications, releases)


def _built(world: World, applications: list[Application], releases: list[Release]) -> Installation:
    builds = [build for release in releases for build in _builds(world, release)]
    builds += [build for application in applications for build in _releaseless(world, application)]
    builds.sort(key=lambda build: build.created_at)
    for place, build in enumerate(builds):
        build.id = 1001 + 3 * place
        if build.release is not None:
            build.release.builds.append(build)
    installation = Installation(world.now, applications, releases, builds, [])
    families = [family for build in builds for family in families_of(world, build)]
    for family in sorted(families, key=lambda family: family.parent.created_at):
        installation.add_family(family)
    return installation


def _application(presence: Presence, place: int) -> Application:
    product = presence.product
    usage = RELEASELESS if place == 2 else "Required"
    return Application(
        12 + 5 * place, product.name, group_name=GROUPS[place], description=product.description, release_usage=usage
    )


def _draft(world: World) -> Application:
    """What a half-finished wizard leaves behind."""
    return Application(40, f"draft-{world.hex(8, 'buildmaster', 'draft')}", is_active=False, release_usage="Disabled")


def _retired() -> Application:
    return Application(7, RETIRED, group_name="Geräte", is_active=False, is_retired=True)


def _releases(world: World, presence: Presence, application: Application) -> Iterator[Release]:
    own_pipeline = "Release" if presence.product.slug in ("gateway", "gauge") else "global::Firmware"
    for place, cut in enumerate(presence.cuts):
        rng = world.rng("buildmaster", "release", presence.product.slug, cut.ordinal)
        age = len(presence.cuts) - place  # 1 is the newest
        release = Release(application, cut.version, _name(rng, cut, age), place + 1, _creator(rng, cut), cut.created_at)
        release.pipeline = None if age > 2 and rng.random() < 0.12 else own_pipeline
        release.target_at = _target(rng, cut)
        release.variables = {"CommitId": cut.commit, "Notes": cut.notes}
        _decide(rng, release, age)
        yield release


def _decide(rng: random.Random, release: Release, age: int) -> None:
    """The two newest are under way; of the older ones most were deployed, some canceled, some never closed."""
    draw = rng.random()
    if age <= 2 or release.pipeline is None:
        release.status = "active"
    elif draw < 0.15:
        release.status, release.canceled_by = "canceled", release.created_by
        release.canceled_at = release.created_at + timedelta(days=rng.randint(1, 9), minutes=rng.randint(0, 999))
    else:
        release.status = "active" if draw < 0.25 else "deployed"


def _name(rng: random.Random, cut: Cut, age: int) -> str:
    """The number, unless someone named it; the one before the newest always has a name that is hard to print."""
    if age == 2:
        return "Frühjahr/Außendienst №2"
    return rng.choice(("Spring wave", "Field trial", "Big bang")) if rng.random() < 0.2 else cut.version


def _creator(rng: random.Random, cut: Cut) -> str:
    return rng.choice(USER_NAMES) if rng.random() < 0.4 else cut.author


def _target(rng: random.Random, cut: Cut) -> datetime | None:
    if rng.random() > 0.4:
        return None
    return (cut.created_at + timedelta(days=rng.randint(20, 60))).replace(hour=0, minute=0, second=0, microsecond=0)


def _retired_releases(world: World, application: Application) -> Iterator[Release]:
    """Deactivating an application cancels its releases; the history stays."""
    for place, number in enumerate(("0.8", "0.9")):
        at = world.now - timedelta(days=700 - 30 * place)
        release = Release(application, number, number, place + 1, "SYSTEM", at, pipeline="Release", status="canceled")
        release.canceled_by, release.canceled_at = "SYSTEM", world.now - timedelta(days=500)
        yield release


def _list_deployables(presences: tuple[Presence, ...], oldest: Release) -> None:
    """Components of its application, as releases listed them before version 7; every other release has none."""
    products = {presence.product.name: presence.product for presence in presences}
    services = products[oldest.application.name].services
    oldest.deployables = [(11 + place, service) for place, service in enumerate(services)]


def _builds(world: World, release: Release) -> list[Build]:
    """Up to four; all but the last one or two were rejected when a newer one came along."""
    rng = world.rng("buildmaster", "builds", release.application.name, release.number)
    count = rng.randint(1, 4) if release.status == "deployed" else rng.randint(0, 3)
    at, builds = release.created_at, []
    for place in range(count):
        at += timedelta(minutes=rng.randint(20, 300), milliseconds=rng.randint(0, 999))
        number = f"{56 + place}.develop" if rng.random() < 0.08 else str(place + 1)
        build = Build(release.application, release, number, "API", at, pipeline=release.pipeline)
        build.variables = {**release.variables, "Branch": "main", "SigningKey": _hidden()}
        builds.append(build)
    _settle(rng, release, builds)
    return builds


def _settle(rng: random.Random, release: Release, builds: list[Build]) -> None:
    standing = 0 if release.status == "canceled" else 1 if release.status == "deployed" else 2
    for place, build in enumerate(builds):
        is_standing = len(builds) - place <= standing
        build.furthest_stage = _stage(rng, release, is_newest=build is builds[-1])
        if release.status == "deployed" and is_standing:
            build.status, build.furthest_stage = "deployed", STAGES[-1]
        elif not is_standing:
            build.reject("SYSTEM", release.canceled_at or build.created_at + timedelta(hours=rng.randint(7, 40)))


def _stage(rng: random.Random, release: Release, *, is_newest: bool) -> str | None:
    if release.pipeline is None:
        return None
    return rng.choice((None, "Integration")) if is_newest else "Testing"


def _releaseless(world: World, application: Application) -> Iterator[Build]:
    """Allowed where releases are optional; the second has no pipeline either."""
    if application.release_usage != RELEASELESS:
        return
    for place, pipeline in enumerate(("global::Firmware", None)):
        at = world.now - timedelta(days=90 - place, milliseconds=7)
        stage = "Integration" if pipeline else None
        yield Build(application, None, str(place + 1), "API", at, pipeline=pipeline, furthest_stage=stage)


def _hidden() -> dict[str, object]:
    return {"value": None, "sensitive": True, "evaluate": False}
