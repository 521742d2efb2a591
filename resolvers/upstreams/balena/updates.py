"""Updates: the changes of a release as the members balena takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from resolvers.errors import UserMistake

PHASES = ("next", "current", "sunset", "end-of-life")


class Member(NamedTuple):
    name: str  # balena's
    field: str  # the input's
    can_be_cleared: bool = False


MEMBERS = {
    "notes": Member("note", "notes", can_be_cleared=True),
    "known_issues": Member("known_issue_list", "knownIssues", can_be_cleared=True),
    "phase": Member("phase", "phase", can_be_cleared=True),
    "version": Member("semver", "version"),
    "is_invalidated": Member("is_invalidated", "isInvalidated"),
    "invalidation_reason": Member("invalidation_reason", "invalidationReason", can_be_cleared=True),
    "is_final": Member("is_final", "isFinal"),
}


def members_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Raises UserMistake for what balena would refuse with less to go by, or take in another way than it was meant."""
    for name, value in changes.items():
        if name not in MEMBERS:
            raise UserMistake("INVALID", f"balena keeps no {name} of a release", ("input",))
        if value is None and not MEMBERS[name].can_be_cleared:
            raise UserMistake("INVALID", "it cannot be cleared", ("input", MEMBERS[name].field))
    if changes.get("phase") is not None and changes["phase"] not in PHASES:
        raise UserMistake("INVALID", f"a phase is one of {', '.join(PHASES)}", ("input", "phase"))
    members = {MEMBERS[name].name: value for name, value in changes.items()}
    return {**members, **_reason(changes)}


def _reason(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A release that is valid again must lose its reason in the same request."""
    if changes.get("is_invalidated") is not False:
        return {}
    if changes.get("invalidation_reason") is not None:
        message = "only a release that is invalidated has a reason"
        raise UserMistake("INVALID", message, ("input", "invalidationReason"))
    return {"invalidation_reason": None}
