"""Lineage: what a release row says of its place among the releases of its fleet."""

from __future__ import annotations

from dataclasses import dataclass

STEP = ("Release.lineage", "Release.status", "Release.raw_version", "Release.planned_start")
"What telling the releases before, after and beside one reads of every release of its fleet."

MEMBER = ("Fleet.name", "Fleet.slug")
"What telling whether a fleet is one of a product line reads of it."
SIGHTING = (*STEP, *MEMBER, "Release.revision", "Release.fleet_native_id")
"What telling where a version of a product line shows reads of all releases of its fleets, and of these."
STANDING = (*SIGHTING, "Fleet.target_release_native_id", "Release.known_device_count")
"What telling which version is on which fleet of a product line reads."


@dataclass(frozen=True, slots=True)
class Lineage:
    """How releases of one fleet follow one another, in the vendor's own facts.

    is_linked: `previous_id` and `hotfix_of_id` say it (MetaKraftwerk). Else a `sequence` orders them (BuildMaster),
    else their version does. counts: whether it can be the latest of its fleet, or the release before another.
    """

    is_linked: bool = False
    previous_id: str | None = None
    hotfix_of_id: str | None = None
    sequence: int | None = None
    counts: bool = True
