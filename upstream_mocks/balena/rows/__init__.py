"""The world as balena's rows: `furnish` fills an empty store with it.

Ids grow with time, as a database's do, and leave gaps. Everything follows from the world's seed.
"""

from __future__ import annotations

from upstream_mocks.balena.rows import catalogue, devices, fleets, releases, strangers
from upstream_mocks.balena.store import Store
from upstream_mocks.world import World

FIRST_IDS = {
    "organization": 180_000, "user": 90_000, "actor": 7_000_000, "application": 1_900_000, "service": 1_700_000,
    "release": 3_000_000, "image": 6_000_000, "release_image": 8_000_000, "release_tag": 400_000,
    "release_asset": 50_000, "device": 11_000_000, "image_install": 60_000_000, "service_install": 20_000_000,
}  # fmt: skip


def furnish(store: Store, world: World) -> None:
    for resource, first in FIRST_IDS.items():
        store.tables[resource].last_id = first
    catalogue.furnish(store, world)
    ours = fleets.furnish(store, world)
    theirs = strangers.furnish(store, world)
    releases.furnish(store, world, [*ours, *theirs])
    fleets.point(store)
    devices.furnish(store, world, [*ours, *theirs])
