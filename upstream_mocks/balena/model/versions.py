"""Versions of releases: reading what a client writes, and the texts computed from what is stored.

Source: balena-io/open-balena-api, release-additions.ts and release-versioning.ts; node-semver's strict parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from upstream_mocks.balena.odata.model import Row, View

_NUMBER = r"(?:0|[1-9]\d*)"
_PRERELEASE = rf"(?:{_NUMBER}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD = r"[0-9a-zA-Z-]+"
_SEMVER = re.compile(
    rf"v?(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<prerelease>{_PRERELEASE}(?:\.{_PRERELEASE})*))?(?:\+(?P<build>{_BUILD}(?:\.{_BUILD})*))?"
)
_REVISION = re.compile(r"rev(\d+)")
_LONGEST, _LARGEST = 256, 2**53 - 1


@dataclass(frozen=True, slots=True)
class Semver:
    """major.minor.patch with the dotted rest; the rest is empty text when there is none."""

    major: int = 0
    minor: int = 0
    patch: int = 0
    prerelease: str = ""
    build: str = ""

    @property
    def revisions(self) -> list[int]:
        """The `rev<N>` parts a client wrote into the build."""
        return [int(found[1]) for part in self.build.split(".") if (found := _REVISION.fullmatch(part))]

    def columns(self) -> dict[str, Any]:
        return {
            "semver_major": self.major, "semver_minor": self.minor, "semver_patch": self.patch,
            "semver_prerelease": self.prerelease, "semver_build": self.build,
        }  # fmt: skip


def parsed(spelled: Any) -> Semver | None:
    """A strict SemVer, a leading `v` allowed; None for anything else."""
    if not isinstance(spelled, str) or len(spelled) > _LONGEST:
        return None
    found = _SEMVER.fullmatch(spelled.strip())
    if found is None:
        return None
    major, minor, patch = (int(found[part]) for part in ("major", "minor", "patch"))
    if max(major, minor, patch) > _LARGEST:
        return None
    return Semver(major, minor, patch, found["prerelease"] or "", found["build"] or "")


def semver(view: View, row: Row) -> str:
    core = f"{row['semver_major']}.{row['semver_minor']}.{row['semver_patch']}"
    prerelease, build = row["semver_prerelease"], row["semver_build"]
    return core + (f"-{prerelease}" if prerelease else "") + (f"+{build}" if build else "")


def raw_version(view: View, row: Row) -> str:
    """The version as shown: a draft carries its birth in epoch milliseconds, a rebuild its revision."""
    build = _build(row)
    return _without_build(row) + ("+" + ".".join(build) if build else "")


def version(view: View, row: Row) -> dict[str, Any]:
    return {
        "raw": raw_version(view, row),
        "major": row["semver_major"], "minor": row["semver_minor"], "patch": row["semver_patch"],
        "version": _without_build(row), "prerelease": _prerelease(row), "build": _build(row),
    }  # fmt: skip


def _without_build(row: Row) -> str:
    core = f"{row['semver_major']}.{row['semver_minor']}.{row['semver_patch']}"
    return "-".join([core, *([".".join(map(str, parts))] if (parts := _prerelease(row)) else [])])


def _prerelease(row: Row) -> list[str | int]:
    parts: list[str | int] = [*filter(None, row["semver_prerelease"].split("."))]
    return parts if row["revision"] is not None else [*parts, int(row["created_at"].timestamp() * 1000)]


def _build(row: Row) -> list[str]:
    parts = [*filter(None, row["semver_build"].split("."))]
    revision = f"rev{row['revision'] or 0}"
    if row["revision"] and revision not in parts:
        parts.append(revision)
    return [*parts, *filter(None, [row["variant"]])]
