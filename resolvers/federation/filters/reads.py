"""Reads: what filters and orders read of the rows they sift, so that it is fetched although nobody selected it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from resolvers.federation.filters import artifacts, devices, fleets, releases
from resolvers.graph.enums import FleetOrderField, ReleaseOrderField
from resolvers.graph.inputs import FleetOrder, ReleaseOrder

Read = tuple[str, str]
"(type of row, its attribute)"

_FILTERS: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "ReleaseFilter": ("Release", releases.READS),
    "FleetFilter": ("Fleet", fleets.READS),
    "ArtifactFilter": ("Artifact", artifacts.READS),
    "DeviceFilter": ("Device", devices.READS),
}
_ORDERS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "ReleaseOrder": (
        "Release",
        {
            ReleaseOrderField.CREATED_AT.name: "created_at",
            ReleaseOrderField.UPDATED_AT.name: "updated_at",
            ReleaseOrderField.VERSION.name: "raw_version",
            ReleaseOrderField.NAME.name: "name",
        },
        ReleaseOrder().field.name,
    ),
    "FleetOrder": (
        "Fleet",
        {FleetOrderField.NAME.name: "name", FleetOrderField.CREATED_AT.name: "created_at"},
        FleetOrder().field.name,
    ),
}
_DEFAULT_ORDERS: Mapping[str, Read] = {
    **{row: (row, keys[default]) for row, keys, default in _ORDERS.values()},
    **{row: (row, "created_at") for row in ("Build", "Deployment")},
}
"What lists are ordered by when nothing is asked; those that are not here go by source and native id."


def reads_of(input_type: str, given: Mapping[str, str | None]) -> frozenset[Read] | None:
    """What is read of rows for the fields of an input that are given; None for a field that nobody described.

    given: by the names of the graph; of an enum's value its name, None for any other value.
    """
    if input_type in _ORDERS:
        return frozenset(_order(input_type, given))
    if input_type not in _FILTERS:
        return frozenset()
    row, reads = _FILTERS[input_type]
    known = {to_camel_case(name): columns for name, columns in reads.items()}
    if not given.keys() <= known.keys():
        return None
    return frozenset(_qualified(row, column) for name in given for column in known[name])


def is_described(input_type: str) -> bool:
    return input_type in _ORDERS or input_type in _FILTERS


def default_order(row: str) -> frozenset[Read]:
    return frozenset({_DEFAULT_ORDERS[row]} if row in _DEFAULT_ORDERS else ())


def given_by_value(value: Any) -> Mapping[str, str | None]:
    """The fields of an input that came as a variable: JSON, not checked yet."""
    if not isinstance(value, dict):
        return {}
    return {name: one if isinstance(one, str) else None for name, one in value.items()}


def _order(input_type: str, given: Mapping[str, str | None]) -> Iterable[Read]:
    row, keys, default = _ORDERS[input_type]
    name = given.get("field", default)
    return [(row, keys[name])] if name is not None and name in keys else [(row, column) for column in keys.values()]


def _qualified(row: str, column: str) -> Read:
    other, dot, name = column.partition(".")
    return (other, name) if dot else (row, column)
