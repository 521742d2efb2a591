"""Devices of the fleets: most follow their fleet, some are pinned, behind, offline or have never been seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.rows.catalogue import add_actor, the
from upstream_mocks.balena.rows.plans import Planned
from upstream_mocks.balena.store import Store
from upstream_mocks.balena.writes.tracking import newest_usable
from upstream_mocks.world import World

_ADJECTIVES = ("quiet", "amber", "lucky", "polar", "brisk")
_NOUNS = ("river", "meadow", "comet", "harbour", "pine")
_PLACES = (("52.520", "13.405", "Berlin, Germany"), ("48.137", "11.575", "Munich, Germany"), ("47.376", "8.541", ""))


def furnish(store: Store, world: World, planned: Iterable[Planned]) -> None:
    for fleet in planned:
        for ordinal in range(fleet.device_count):
            rng = world.rng("balena", "device", fleet.fleet["slug"], ordinal)
            _add(store, world, the(store, "application", "id", fleet.fleet["id"]), ordinal, rng)


def _add(store: Store, world: World, fleet: Row, ordinal: int, rng: Random) -> None:
    usable = newest_usable(store, fleet["id"])
    running = usable[min(rng.choice((0, 0, 0, 1, 2)), len(usable) - 1)]["id"]
    pin = {"is_pinned_on__release": running} if rng.random() < 0.12 else {}
    born = fleet["created_at"] + timedelta(days=20 + ordinal, microseconds=rng.randint(0, 999_999))
    seen = _seen(world, rng) if ordinal % 11 else {"api_heartbeat_state": "unknown"}
    row = {
        "uuid": world.hex(32, "balena", "device", fleet["slug"], ordinal),
        "device_name": f"{rng.choice(_ADJECTIVES)}-{rng.choice(_NOUNS)}", "belongs_to__application": fleet["id"],
        "is_of__device_type": fleet["is_for__device_type"],
        "belongs_to__user": the(store, "user", "username", "demo")["id"],
        "actor": add_actor(store), "created_at": born, "modified_at": world.now - timedelta(minutes=ordinal),
        "is_running__release": running if ordinal % 11 else None, **pin, **seen,
    }  # fmt: skip
    device = store.add("device", row)
    if ordinal % 11:
        _add_installs(store, device)


def _seen(world: World, rng: Random) -> dict[str, Any]:
    """What a device tells once it has been online."""
    is_online = rng.random() < 0.8
    at = world.now - timedelta(minutes=rng.randint(1, 9_000), microseconds=rng.randint(0, 999_999))
    latitude, longitude, place = rng.choice(_PLACES)
    return {
        "is_online": is_online, "is_connected_to_vpn": is_online, "last_connectivity_event": at, "last_vpn_event": at,
        "api_heartbeat_state": "online" if is_online else rng.choice(("offline", "timeout", "online")),
        "status": "Idle", "os_version": rng.choice(("balenaOS 6.0.13+rev1", "balenaOS 6.1.2")), "os_variant": "prod",
        "supervisor_version": "16.7.6", "memory_usage": rng.randint(300, 900), "memory_total": 3_794,
        "storage_block_device": "/dev/mmcblk0p6", "storage_usage": rng.randint(900, 4_000), "storage_total": 14_237,
        "cpu_usage": rng.randint(1, 80), "cpu_temp": rng.randint(35, 70), "cpu_id": f"{rng.getrandbits(64):016x}",
        "ip_address": "192.168.1.44 10.114.101.7", "mac_address": "DC:A6:32:0F:00:0A DC:A6:32:0F:00:0B",
        "public_address": "203.0.113.7", "latitude": latitude, "longitude": longitude, "location": place,
    }  # fmt: skip


def _add_installs(store: Store, device: Row) -> None:
    release = device["is_running__release"]
    for part in store.by("release_image", "is_part_of__release", release):
        image = store.get("image", part["image"]) or {}
        about = {"device": device["id"], "created_at": device["modified_at"]}
        store.add("service_install", {**about, "installs__service": image["is_a_build_of__service"]})
        install = {"installs__image": image["id"], "is_provided_by__release": release, "status": "Running"}
        store.add("image_install", {**about, **install, "install_date": device["modified_at"]})
