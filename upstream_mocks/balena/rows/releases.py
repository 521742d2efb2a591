"""Plans become releases, oldest first, with tags and assets; images come with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from upstream_mocks.balena.model.versions import Semver
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.rows.images import Builder
from upstream_mocks.balena.rows.plans import Plan, Planned
from upstream_mocks.balena.store import Store
from upstream_mocks.world import World

_ENDLESS = ("running", "interrupted")


def furnish(store: Store, world: World, planned: Iterable[Planned]) -> None:
    """All fleets together in order of birth, so that ids grow with time over all of them."""
    builders = [(Builder(store, world, fleet.fleet["id"], fleet.services), fleet) for fleet in planned]
    births = [(plan, builder) for builder, fleet in builders for plan in fleet.plans]
    for plan, builder in sorted(births, key=lambda birth: (birth[0].created_at, birth[0].commit)):
        release = _add(store, world, plan, builder)
        builder.build(release)
        _add_tags(store, release, plan)
        _add_assets(store, world, release)


def _add(store: Store, world: World, plan: Plan, builder: Builder) -> Row:
    version = plan.version or Semver()
    began = plan.created_at - timedelta(seconds=2, microseconds=418)
    ended = None if plan.status in _ENDLESS else plan.created_at + timedelta(minutes=7, microseconds=90_533)
    row: dict[str, Any] = {
        "belongs_to__application": builder.fleet, "is_created_by__user": _user(store, plan.author),
        "commit": plan.commit, "status": plan.status, "source": "cloud", "note": plan.note, **version.columns(),
        "composition": builder.composition(), "contract": _contract(plan, builder.services),
        "revision": builder.next_revision(version) if plan.is_final else None,
        "is_finalized_at__date": ended if plan.is_final else None, "build_log": _log(plan, builder.services),
        "start_timestamp": began, "end_timestamp": ended, "update_timestamp": ended or plan.created_at,
        "created_at": plan.created_at, **plan.columns,
    }  # fmt: skip
    release = store.add("release", row)
    store.tables["release"].last_id += int(world.hex(3, "balena", "gap", plan.commit, plan.status), 16) % 977
    return release


def _user(store: Store, author: str) -> int | None:
    # The demo's own releases can be told from a colleague's, who stays invisible.
    name = "demo" if author == "grace" else author
    return next((int(row["id"]) for row in store.by("user", "username", name)), None)


def _contract(plan: Plan, services: Sequence[str]) -> dict[str, Any] | None:
    if plan.version is None:
        return None
    version = f"{plan.version.major}.{plan.version.minor}.{plan.version.patch}"
    return {"type": "sw.application", "slug": services[0], "version": version}


def _log(plan: Plan, services: Sequence[str]) -> str:
    lines = [f"[{service}] Step {step}/9" for service in services for step in range(1, 10)]
    return "\n".join([f"Building commit {plan.commit}", *lines, f"Build finished: {plan.status}"])


def _add_tags(store: Store, release: Row, plan: Plan) -> None:
    channel = "beta" if plan.version is not None and plan.version.prerelease else "stable"
    tags = {"channel": channel, "built-by": plan.author} if plan.is_final else {"built-by": plan.author}
    for key, value in tags.items():
        row = {"release": release["id"], "tag_key": key, "value": value, "created_at": release["created_at"]}
        store.add("release_tag", row)


def _add_assets(store: Store, world: World, release: Row) -> None:
    """Every third final release carries a bill of materials, every ninth a slot nobody filled."""
    draw = int(world.hex(4, "balena", "assets", release["commit"]), 16)
    if release["revision"] is None or draw % 3:
        return
    content = f'{{"bomFormat":"CycloneDX","serialNumber":"{release["commit"]}"}}'.encode() * (1 + draw % 40)
    sbom = {"filename": "sbom.json", "content_type": "application/json", "size": len(content), "content": content}
    _add_asset(store, release, "sbom.json", sbom)
    if draw % 9 == 0:
        _add_asset(store, release, "manual.pdf", None)


def _add_asset(store: Store, release: Row, key: str, asset: dict[str, Any] | None) -> None:
    row = {"release": release["id"], "asset_key": key, "asset": asset, "created_at": release["created_at"]}
    store.add("release_asset", row)
