"""Changes of a schema, by how much they harm whoever stores operations against the older one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """Breaking: an operation that was fine is refused, or answered in another shape. Dangerous: it is accepted, and may
    meet what it did not expect. Safe: no stored operation can tell."""

    SAFE = 0
    DANGEROUS = 1
    BREAKING = 2


@dataclass(frozen=True, slots=True)
class Change:
    severity: Severity
    coordinate: str  # Type, Type.field, Type.field(argument:), Enum.VALUE, @directive, @directive(argument:)
    rule: str  # what kind of change it is: FIELD_REMOVED
    message: str


def of(changes: Sequence[Change], severity: Severity) -> list[Change]:
    return [change for change in changes if change.severity is severity]
