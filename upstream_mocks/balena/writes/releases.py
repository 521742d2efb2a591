"""Releases: versions, one success per commit, tracking, and what may be deleted."""

from __future__ import annotations

from collections.abc import Sequence

from upstream_mocks.balena.errors import (
    MUST_PIN_SUCCESS,
    MUST_RUN_SUCCESS,
    ONE_RELEASE_PER_REVISION,
    ONE_SUCCESS_PER_COMMIT,
    ONE_SUCCESS_PER_VERSION,
    REASON_NEEDS_INVALIDATION,
    RefusedError,
)
from upstream_mocks.balena.model.releases import RELEASE
from upstream_mocks.balena.model.versions import raw_version
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.store import Store
from upstream_mocks.balena.writes import bodies
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context, Hooks
from upstream_mocks.balena.writes.tracking import TRACKED, retarget
from upstream_mocks.balena.writes.versioning import PARTS, with_parts, with_revision


class ReleaseHooks(Hooks):
    def prepare(self, context: Context, body: Body, *, is_new: bool) -> Body:
        # The stamp is the server's, and makes every change of a release one of a known member.
        return {**with_parts(body), "update_timestamp": context.now.isoformat()}

    def complete(self, context: Context, values: Row, body: Body, before: Row | None) -> Row:
        is_final = self._asked_final(body, is_new=before is None)
        if before is not None and before["revision"] is not None and is_final is False:
            raise RefusedError(400, "Finalized releases cannot be converted to draft.")
        values = {**values, "update_timestamp": context.now}
        if before is None:
            fields = RELEASE.fields
            values = {**{name: fields[name].default for name in (*PARTS, "variant")}, **values}
            values.setdefault("belongs_to__application", None)
        completed = with_revision(context.store, values, before, becomes_final=bool(is_final))
        became = "revision" in completed and (before is None or before["is_finalized_at__date"] is None)
        return {**completed, "is_finalized_at__date": context.now} if became and is_final else completed

    def check(self, context: Context, row: Row) -> None:
        if row["invalidation_reason"] is not None and not row["is_invalidated"]:
            raise RefusedError(400, REASON_NEEDS_INVALIDATION)
        check_targets(context.store, row)
        _check_twins(context.store, row)

    def settled(self, context: Context, row: Row, body: Body, before: Row | None) -> None:
        is_final = self._asked_final(body, is_new=before is None)
        if is_final or any(member in body for member in TRACKED):
            retarget(context.store, row["belongs_to__application"])

    def deleting(self, context: Context, rows: Sequence[Row]) -> None:
        for row in rows:
            for fleet in context.store.by("application", "should_be_running__release", row["id"]):
                version, kind = raw_version(context.view, row), fleet["is_of__class"]
                raise RefusedError(
                    400, f"Unable to delete release {version} because it is the {kind}'s target release."
                )
        if any(context.store.by("device", "is_pinned_on__release", row["id"]) for row in rows):
            raise RefusedError(400, "Unable to delete a release because device(s) are pinned to it.")

    def _asked_final(self, body: Body, *, is_new: bool) -> bool | None:
        """What the body says of it; a new release is final unless it says otherwise."""
        if body.get("is_final") is None:
            return True if is_new else None
        return bool(bodies.value(RELEASE.fields["is_final"], body["is_final"]))


def check_targets(store: Store, row: Row) -> None:
    """A release that something is to run must have succeeded, in that something's fleet."""
    is_good = row["status"] == "success"
    for fleet in store.by("application", "should_be_running__release", row["id"]):
        if not is_good or row["belongs_to__application"] != fleet["id"]:
            raise RefusedError(400, MUST_RUN_SUCCESS)
    for device in store.by("device", "is_pinned_on__release", row["id"]):
        if not is_good or row["belongs_to__application"] != device["belongs_to__application"]:
            raise RefusedError(400, MUST_PIN_SUCCESS)


def _check_twins(store: Store, row: Row) -> None:
    """What only one release of a fleet may be."""
    siblings = store.by("release", "belongs_to__application", row["belongs_to__application"])
    for other in siblings:
        if other["id"] == row["id"]:
            continue
        if row["status"] == other["status"] == "success" and row["commit"] == other["commit"]:
            raise RefusedError(400, ONE_SUCCESS_PER_COMMIT)
        if row["release_version"] is not None and _is_valid(row) and _is_valid(other) and _same(row, other, _VERSION):
            raise RefusedError(400, ONE_SUCCESS_PER_VERSION)
        if row["revision"] is not None and _same(row, other, _REVISION):
            raise RefusedError(400, ONE_RELEASE_PER_REVISION)


def _is_valid(row: Row) -> bool:
    return row["status"] == "success" and not row["is_invalidated"]


def _same(row: Row, other: Row, names: tuple[str, ...]) -> bool:
    return all(row[name] == other[name] for name in names)


_VERSION = ("release_version",)
_REVISION = (*PARTS[:-1], "variant", "revision")
