"""What building a release makes: its revision, and container images.

There is one image per service and release, unless the service did not change: then its last one is used again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from upstream_mocks.balena.model.versions import Semver
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.store import Store
from upstream_mocks.world import World

REGISTRY = "registry2.balena-cloud.com"
_UNCHANGED = 0.3
_SIZES = (75_123_123, 412_998_144, 5_368_709_121)
"In bytes; the last is more than 32 bits can say."


class Builder:
    """Builds the releases of one fleet, oldest first, and remembers the last good image of each service."""

    def __init__(self, store: Store, world: World, fleet: int, services: tuple[str, ...]):
        self.store = store
        self.world = world
        self.fleet = fleet
        self.services = services
        self._ids: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._finals: Counter[Semver] = Counter()

    def next_revision(self, version: Semver) -> int:
        """How many releases of the version, its build aside, became final before."""
        core = replace(version, build="")
        self._finals[core] += 1
        return self._finals[core] - 1

    def composition(self) -> dict[str, Any]:
        services = {name: {"build": {"context": f"./{name}"}, "restart": "always"} for name in self.services}
        return {"version": "2.4", "services": services}

    def build(self, release: Row) -> None:
        for name in self.services:
            image = self._last.get(name) if self._is_unchanged(release, name) else None
            row = {"image": image or self._add(release, name), "is_part_of__release": release["id"]}
            self.store.add("release_image", {**row, "created_at": release["created_at"]})

    def _is_unchanged(self, release: Row, name: str) -> bool:
        # A fleet of one service has nothing else to release for.
        draw = self.world.rng("balena", "unchanged", release["commit"], name).random()
        return release["status"] == "success" and name != self.services[0] and draw < _UNCHANGED

    def _add(self, release: Row, name: str) -> int:
        row = self.store.add("image", {**self._about(release), "is_a_build_of__service": self._service(release, name)})
        hexes = {"location": 32, "digest": 64}
        location, digest = (self.world.hex(size, "balena", what, row["id"]) for what, size in hexes.items())
        pushed = {"content_hash": f"sha256:{digest}"} if row["status"] == "success" else {}
        location = f"{REGISTRY}/v2/{location}"
        self.store.change("image", row, {"is_stored_at__image_location": location, **pushed})
        if row["status"] == "success":
            self._last[name] = row["id"]
        return int(row["id"])

    def _about(self, release: Row) -> dict[str, Any]:
        rng = self.world.rng("balena", "image", release["commit"], release["status"])
        status, ended = release["status"], release["end_timestamp"]
        is_good = status == "success"
        return {
            "created_at": release["created_at"] + timedelta(seconds=3, microseconds=71),
            "start_timestamp": release["start_timestamp"], "end_timestamp": ended,
            "push_timestamp": ended - timedelta(seconds=21) if is_good and ended else None,
            "status": status, "project_type": "Standard Dockerfile" if is_good else None,
            "image_size": rng.choice(_SIZES) + rng.randint(0, 999) if is_good else None,
            "dockerfile": "FROM alpine:3.20\nCMD [\"run\"]\n" if is_good else None,
            "error_message": "The command returned a non-zero code: 1" if status == "failed" else None,
        }  # fmt: skip

    def _service(self, release: Row, name: str) -> int:
        if name not in self._ids:
            row = {"application": self.fleet, "service_name": name, "created_at": release["created_at"]}
            self._ids[name] = int(self.store.add("service", row)["id"])
        return self._ids[name]
