"""The rows one caller sees: those of the own organizations, and of everybody's public fleets.

Rows come in no order of use, and in another one for each page: a client that pages without ordering loses some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from upstream_mocks.balena.accounts import Account
from upstream_mocks.balena.errors import unauthorized
from upstream_mocks.balena.odata.model import Field, Model, Navigation, Resource, Row
from upstream_mocks.balena.store import Store

Sign = Callable[[Row], dict[str, Any]]


@dataclass
class AccountView:
    """Implements `odata.model.View`. Made for one request: what it remembers would grow stale."""

    store: Store
    model: Model
    account: Account | None
    now: datetime
    sign: Sign  # a stored file as its reply, with an address
    compares_finely: bool = False
    salt: int = 0  # moves the order of unordered rows
    _memory: dict[str, frozenset[int]] = field(default_factory=dict)

    @property
    def own_organizations(self) -> frozenset[int]:
        members = [] if self.account is None else self.store.by("organization_membership", "user", self.account.user)
        return frozenset(row["is_member_of__organization"] for row in members)

    @property
    def own_fleets(self) -> frozenset[int]:
        return self._remembered("own", self._find_own)

    @property
    def seen_fleets(self) -> frozenset[int]:
        """Own ones and public ones."""
        return self._remembered("seen", lambda: self.own_fleets | self._find_public())

    def rows(self, resource: Resource) -> list[Row]:
        return self.mixed(resource, (row for row in self.store.all(resource.name) if self.sees(resource, row)))

    def follow(self, navigation: Navigation, row: Row) -> list[Row]:
        target = self.model.resources[navigation.target]
        value = row[navigation.here] if navigation.compute is None else navigation.compute(self, row)
        if value is None:
            return []
        found = self.store.by(navigation.target, navigation.there, value)
        return self.mixed(target, (row for row in found if self.sees(target, row)))

    def open(self, resource: str) -> Resource:
        """Raises RefusedError: 401 where a guest may not read; the whole request fails."""
        found = self.model.find(resource)
        if found is None or (self.account is None and not found.is_open):
            raise unauthorized()
        return found

    def printed(self, field: Field, row: Row, value: Any) -> Any:
        return self.sign(row)

    def sees(self, resource: Resource, row: Row) -> bool:
        if resource.name in _PERSONAL:
            return self._is_personal(resource, row)
        fleets = self.own_fleets if resource.is_private else self.seen_fleets
        return not self._has_fleet(resource) or self.fleet_of(resource, row) in fleets

    def owns(self, resource: Resource, row: Mapping[str, Any]) -> bool:
        """Whether the caller may write the row."""
        if resource.name == "application":
            return row["organization"] in self.own_organizations
        return self.fleet_of(resource, row) in self.own_fleets

    def fleet_of(self, resource: Resource, row: Mapping[str, Any]) -> int | None:
        """The fleet a row belongs to, along the links of its resource."""
        if resource.name == "application":
            return int(row["id"])
        value: int | None = None
        current: Mapping[str, Any] | None = row
        at = resource
        for name in resource.owner:
            value = None if current is None else current[name]
            at = self.model.resources[at.fields[name].target or ""]
            current = self.store.get(at.name, value)
        return value

    def mixed(self, resource: Resource, rows: Iterable[Row]) -> list[Row]:
        """The rows in an order that means nothing, the same for the same salt."""
        return sorted(rows, key=lambda row: crc32(f"{self.salt}/{resource.name}/{row['id']}".encode()))

    def _has_fleet(self, resource: Resource) -> bool:
        return resource.name == "application" or bool(resource.owner)

    def _is_personal(self, resource: Resource, row: Row) -> bool:
        me = None if self.account is None else self.account.user
        if resource.name == "organization":
            return row["id"] in self.own_organizations
        if resource.name == "organization_membership":
            return row["is_member_of__organization"] in self.own_organizations
        return bool((row["id"] if resource.name == "user" else row["user"]) == me)

    def _remembered(self, name: str, find: Callable[[], frozenset[int]]) -> frozenset[int]:
        if name not in self._memory:
            self._memory[name] = find()
        return self._memory[name]

    def forget(self) -> None:
        """After a write: fleets may have come, gone or changed hands."""
        self._memory.clear()

    def _find_own(self) -> frozenset[int]:
        return frozenset(
            row["id"]
            for handle in self.own_organizations
            for row in self.store.by("application", "organization", handle)
        )

    def _find_public(self) -> frozenset[int]:
        return frozenset(row["id"] for row in self.store.by("application", "is_public", True))


_PERSONAL = ("organization", "organization_membership", "user", "user__has_direct_access_to__application")
