"""Fleets that track their latest release: where they move when a release changes."""

from __future__ import annotations

from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.store import Store

TRACKED = ("status", "is_invalidated", "is_passing_tests")
"Members whose writing makes fleets look again; so does becoming final."


def newest_usable(store: Store, fleet: int) -> list[Row]:
    """The releases a tracking fleet would run, the newest start first."""
    usable = [row for row in store.by("release", "belongs_to__application", fleet) if _is_usable(row)]
    return sorted(usable, key=lambda row: (row["start_timestamp"], row["id"]), reverse=True)


def retarget(store: Store, fleet: int) -> None:
    """Point a tracking fleet to its newest usable release; when there is none it keeps what it has."""
    row = store.get("application", fleet)
    newest = newest_usable(store, fleet)
    if row is not None and row["should_track_latest_release"] and newest:
        store.change("application", row, {"should_be_running__release": newest[0]["id"]})


def _is_usable(row: Row) -> bool:
    is_good = row["status"] == "success" and row["revision"] is not None
    return is_good and row["is_passing_tests"] and not row["is_invalidated"]
