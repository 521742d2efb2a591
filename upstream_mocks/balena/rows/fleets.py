"""The fleets of ours: one for each product, and an archived one; what they run is pointed out once releases exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from upstream_mocks.balena.model.versions import Semver, parsed
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.rows.catalogue import add_actor, the
from upstream_mocks.balena.rows.plans import Plan, Planned
from upstream_mocks.balena.store import Store
from upstream_mocks.balena.writes.tracking import newest_usable
from upstream_mocks.world import ORGANIZATION, Presence, World

MOST_DEVICES = 25
ARCHIVED = "smart-sink-legacy"
PINNED = "gateway"
"The fleet that does not track its latest release, but stays two behind."


def furnish(store: Store, world: World) -> list[Planned]:
    planned = [_of_product(store, world, presence) for presence in world.presences("balena")]
    return [*planned, _archived(store, world, planned[0])]


def add_fleet(store: Store, world: World, owner: str, name: str, device_type: str, **columns: Any) -> Row:
    organization = the(store, "organization", "handle", owner)
    row = {
        "uuid": world.uuid("balena", "fleet", owner, name).replace("-", ""),
        "app_name": name, "slug": f"{owner}/{name}".lower(), "organization": organization["id"],
        "is_for__device_type": the(store, "device_type", "slug", device_type)["id"],
        "application_type": next(iter(store.all("application_type")))["id"],
        "actor": add_actor(store), **columns,
    }  # fmt: skip
    fleet = store.add("application", row)
    store.tables["application"].last_id += 1 + int(world.hex(2, "balena", "gap", name), 16)
    for member in store.by("organization_membership", "is_member_of__organization", organization["id"]):
        access = {"user": member["user"], "application": fleet["id"], "created_at": fleet["created_at"]}
        store.add("user__has_direct_access_to__application", access)
    return fleet


def point(store: Store) -> None:
    """Fleets that track run their newest usable release; the pinned one an older."""
    for fleet in list(store.all("application")):
        newest = newest_usable(store, fleet["id"])
        if fleet["app_name"] == PINNED:
            store.change("application", fleet, {"should_be_running__release": newest[2]["id"]})
        elif newest and not fleet["is_archived"]:
            store.change("application", fleet, {"should_be_running__release": newest[0]["id"]})


def _of_product(store: Store, world: World, presence: Presence) -> Planned:
    product = presence.product
    born = presence.cuts[0].created_at - timedelta(days=9, hours=3, microseconds=481_211)
    fleet = add_fleet(
        store, world, product.organization, product.slug, product.device_type,
        created_at=born, should_track_latest_release=product.slug != PINNED,
    )  # fmt: skip
    tags = {"product": product.slug, "description": product.description}
    for key, value in tags.items():
        store.add("application_tag", {"application": fleet["id"], "tag_key": key, "value": value, "created_at": born})
    cuts = [Plan(cut.commit, parsed(cut.version), cut.created_at, cut.author, cut.notes) for cut in presence.cuts]
    plans = _MISHAPS.get(product.slug, _nothing)(world, cuts)
    return Planned(fleet, product.services, tuple(plans), min(product.device_count, MOST_DEVICES))


def _archived(store: Store, world: World, successor: Planned) -> Planned:
    at = successor.plans[0].created_at - timedelta(days=200, microseconds=77_777)
    fleet = add_fleet(
        store, world, ORGANIZATION, ARCHIVED, "raspberry-pi",
        created_at=at - timedelta(days=3), is_archived=True, should_track_latest_release=False,
    )  # fmt: skip
    old = Plan(world.hex(40, "balena", "legacy", 0), parsed("0.8.0"), at, "ada", "Last of its kind")
    broken = Plan(
        world.hex(40, "balena", "legacy", 1), parsed("0.8.1"), at + timedelta(days=2), "ada",
        status="interrupted", is_final=False,
    )  # fmt: skip
    return Planned(fleet, ("main",), (old, broken))


def _nothing(world: World, cuts: list[Plan]) -> list[Plan]:
    return cuts


def _draft_and_rebuild(world: World, cuts: list[Plan]) -> list[Plan]:
    """The same version built again, which becomes its `+rev1`; and a success nobody has made final."""
    first, newest = cuts[0], _newest_version(cuts)
    again = replace(
        first, commit=world.hex(40, "balena", "rebuild"), created_at=first.created_at + timedelta(hours=5),
        note="Rebuilt on a patched base image",
    )  # fmt: skip
    coming = Plan(
        world.hex(40, "balena", "draft"), replace(newest, patch=newest.patch + 1, prerelease="", build=""),
        min(cuts[-1].created_at + timedelta(hours=30), world.now - timedelta(hours=1)), "grace",
        is_final=False,
    )  # fmt: skip
    return [*cuts, again, coming]


def _failures(world: World, cuts: list[Plan]) -> list[Plan]:
    """Two failed tries at the commit that then succeeded, begun within one millisecond."""
    third = cuts[-3]
    tried = third.created_at.replace(microsecond=123_100) - timedelta(minutes=40)
    tries = [
        replace(third, created_at=tried + timedelta(microseconds=later), status="failed", is_final=False, note=None)
        for later in (0, 700)
    ]
    return [*cuts, *tries]


def _running(world: World, cuts: list[Plan]) -> list[Plan]:
    newest = _newest_version(cuts)
    untested = replace(cuts[0], columns={"is_passing_tests": False, "phase": "end-of-life"})
    building = Plan(
        world.hex(40, "balena", "running"), replace(newest, minor=newest.minor + 1, patch=0, prerelease="", build=""),
        world.now - timedelta(minutes=3, microseconds=5_421), "linus",
        status="running", is_final=False,
    )  # fmt: skip
    return [untested, *cuts[1:], building]


def _cancelled(world: World, cuts: list[Plan]) -> list[Plan]:
    at = cuts[-2].created_at + timedelta(hours=2)
    gone = Plan(world.hex(40, "balena", "cancelled"), None, at, "margaret", status="cancelled", is_final=False)
    known = replace(cuts[-1], columns={"known_issue_list": "Display stays dark below 5 °C", "phase": "current"})
    return [*cuts[:-1], known, gone]


def _invalidated(world: World, cuts: list[Plan]) -> list[Plan]:
    """The newest one is withdrawn, so that the fleet runs the one before it."""
    reason = {"is_invalidated": True, "invalidation_reason": "Charges past 100 %"}
    return [*cuts[:-1], replace(cuts[-1], columns=reason)]


def _newest_version(cuts: Sequence[Plan]) -> Semver:
    versions = [plan.version for plan in cuts if plan.version is not None]
    return max(versions, key=lambda version: (version.major, version.minor, version.patch))


_MISHAPS: dict[str, Callable[[World, list[Plan]], list[Plan]]] = {
    "smart-sink": _draft_and_rebuild,
    "gateway": _failures,
    "sensor-hub": _running,
    "gauge": _cancelled,
    "dock": _invalidated,
}
