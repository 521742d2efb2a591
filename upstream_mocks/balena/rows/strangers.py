"""What is public of somebody else: the host OS of a board, and a fleet anybody may join. Readable, never ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from upstream_mocks.balena.model.versions import parsed
from upstream_mocks.balena.rows.catalogue import HOST_ORGANIZATION, STRANGERS
from upstream_mocks.balena.rows.fleets import add_fleet
from upstream_mocks.balena.rows.plans import Plan, Planned
from upstream_mocks.balena.store import Store
from upstream_mocks.world import World

HOST_OS = "raspberrypi4-64"
WEATHER = "weather-station"
_HOST_VERSIONS = ("5.3.27", "6.0.10", "6.0.13", "6.0.13", "6.1.2")
_WEATHER_VERSIONS = ("0.1.0", "0.2.0", "1.0.0-beta.2", "1.0.0")
_BORN = datetime(2025, 9, 14, 6, 2, 11, 905_118, tzinfo=UTC)


def furnish(store: Store, world: World) -> list[Planned]:
    return [
        _planned(store, world, HOST_ORGANIZATION, HOST_OS, _HOST_VERSIONS, "hostapp", is_host=True),
        _planned(store, world, STRANGERS, WEATHER, _WEATHER_VERSIONS, "station"),
    ]


def _planned(
    store: Store, world: World, owner: str, name: str, versions: tuple[str, ...], service: str, **columns: Any
) -> Planned:
    fleet = add_fleet(store, world, owner, name, HOST_OS, created_at=_BORN, is_public=True, **columns)
    plans = tuple(
        Plan(
            world.hex(40, "balena", name, ordinal), parsed(version),
            _BORN + timedelta(days=31 * (ordinal + 1), microseconds=3_331 * ordinal), "ada",
        )
        for ordinal, version in enumerate(versions)
    )  # fmt: skip
    return Planned(fleet, (service,), plans, 0 if columns else 2)
