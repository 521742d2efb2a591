"""Comparison of two schemas. graphql-core judges; `unseen` adds what it does not compare.

Its sentences name the place they are about, in words of the version that is pinned: here they become coordinates.
Descriptions are for people and break nobody: their changes are left out.
"""

from __future__ import annotations

import re

from graphql import GraphQLSchema
from graphql.utilities import (
    BreakingChange,
    BreakingChangeType,
    DangerousChange,
    DangerousChangeType,
    SafeChangeType,
    SchemaChange,
    find_schema_changes,
)

from gateway.contract import unseen
from gateway.contract.changes import Change, Severity

AT_THE_END = {
    DangerousChangeType.TYPE_ADDED_TO_UNION,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
    BreakingChangeType.TYPE_REMOVED_FROM_UNION,
}
"Whose sentence ends with the type it is about; elsewhere a type alone stands in front."
_INSIDE = re.compile(r"(@\w+|\w+\.\w+)(\(\w+:\))?")
_STANDARD = "Standard scalar "


def between(old: GraphQLSchema, new: GraphQLSchema) -> list[Change]:
    """What whoever knows `old` meets in `new`: the worst first, then by coordinate."""
    ours = unseen.changes(old, new)
    replaced = {(change.coordinate, change.rule) for change in ours}
    theirs = [_change(one) for one in find_schema_changes(old, new) if one.type != SafeChangeType.DESCRIPTION_CHANGED]
    kept = [change for change in theirs if (change.coordinate, change.rule) not in replaced]
    return sorted([*kept, *ours], key=lambda change: (-change.severity, change.coordinate, change.rule))


def _change(one: SchemaChange) -> Change:
    return Change(_severity(one), _coordinate(one), one.type.name, one.description)


def _severity(one: SchemaChange) -> Severity:
    if isinstance(one, BreakingChange):
        return Severity.BREAKING
    return Severity.DANGEROUS if isinstance(one, DangerousChange) else Severity.SAFE


def _coordinate(one: SchemaChange) -> str:
    words = one.description.removeprefix(_STANDARD).rstrip(".").split()
    if one.type in AT_THE_END:
        return words[-1]
    inside = _INSIDE.search(one.description)
    return inside.group() if inside else words[0]
