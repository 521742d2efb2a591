"""Lines: what is asked of product lines. Fleets, trains, drift and counterparts, of one request.

Everything is answered from two readings: the line's fleets (members) and all releases of those fleets (seen). Rejected:
asking a source for one version at a time; few can filter by it, none by a version as understood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from graphql import GraphQLResolveInfo

from resolvers import keys
from resolvers.errors import InvalidKey, UpstreamError
from resolvers.federation import order as orders
from resolvers.federation import product_lines
from resolvers.federation.lists import Listing
from resolvers.federation.product_lines import LineSpec
from resolvers.federation.reading import Reading
from resolvers.federation.streams import whole
from resolvers.graph.connection import Connection
from resolvers.graph.counterpart import Counterpart
from resolvers.graph.drift import Drift
from resolvers.graph.fleet import Fleet
from resolvers.graph.lineage import SIGHTING
from resolvers.graph.product_line import ProductLine, ReleaseTrain
from resolvers.graph.release import Release
from resolvers.graph.window import Window
from resolvers.knowledge.correlation import Train
from resolvers.knowledge.lineage import Line
from resolvers.lists import Desk, kin
from resolvers.lists.kin import Families, Family
from resolvers.lists.lines import drift
from resolvers.lists.lines.counterparts import Counterparts
from resolvers.lists.lines.members import Member, Members
from resolvers.lists.lines.seen import FleetSeen, LineSeen
from resolvers.lists.lines.settling import settled
from resolvers.lists.releases import Within
from resolvers.loaders import Route
from resolvers.transport import allowance
from resolvers.transport.way import MAX_BYTES
from resolvers.upstreams.port import Fact

At = GraphQLResolveInfo[Any]


class Lines:
    """Make it inside the running loop."""

    def __init__(self, desk: Desk, families: Families, specs: Sequence[LineSpec]):
        self._desk, self._families = desk, families
        self._specs = {spec.name: spec for spec in specs}
        self._members = Members(desk, specs)
        self._counterparts = Counterparts(desk, self._members)
        self._seen: dict[str, asyncio.Task[LineSeen]] = {}

    # what is configured

    @property
    def all(self) -> list[ProductLine]:
        """In the order of the settings."""
        return [ProductLine(name=name) for name in self._specs]

    def named(self, name: str) -> ProductLine | None:
        return ProductLine(name=name) if name in self._specs else None

    def of_fleet(self, fleet: Fleet) -> ProductLine | None:
        spec = product_lines.line_of(self._specs.values(), fleet)
        return None if spec is None else ProductLine(name=spec.name)

    def has(self, names: Collection[str], fleet: Fleet) -> bool:
        """Whether the fleet is in one of these lines. Raises BadArgument for a name that is not configured."""
        return any(spec.has(fleet) for spec in self._chosen(names))

    def within(self, names: Collection[str]) -> Within:
        """Native ids of these lines' fleets, source by source. Raises BadArgument for a name that is not configured."""
        specs = self._chosen(names)
        return lambda source: self._members.native_ids(specs, source)

    async def node(self, key: keys.Key) -> ProductLine | ReleaseTrain | None:
        """Raises InvalidKey for a line that is not configured here."""
        parts = keys.split(key.native_id, 1 if key.type == "ProductLine" else 2)
        if parts is None or parts[0] not in self._specs:
            known = ", ".join(self._specs) or "none"
            raise InvalidKey(f"the id is of a product line that is not configured; configured are: {known}")
        if key.type == "ProductLine":
            return self.named(parts[0])
        seen = await self._line(parts[0])
        train = next((train for train in seen.trains if train.key == parts[1]), None)
        if train is None and seen.error is not None:
            raise seen.error
        return None if train is None else _train(seen, train)

    # what sources tell

    async def fleets(self, line: ProductLine, window: Window, at: At) -> Connection[Fleet]:
        async def read(source: str) -> Reading[Fleet]:
            own = [one.fleet for one in await self._members.of(spec) if one.ref.source == source]
            errors = [fleet for fleet in own if isinstance(fleet, UpstreamError)]
            rows = [fleet for fleet in own if not isinstance(fleet, UpstreamError)]
            return Reading(source, rows, errors, is_lost=bool(own) and not rows)

        spec = self._specs[line.name]
        listing = Listing(orders.fleets(None), ("line", spec.name), spec.sources, frozenset(spec.sources), whole(read))
        return await self._desk.lister.connection(listing, window, at)

    async def trains(self, line: ProductLine, window: Window, at: At) -> Connection[ReleaseTrain]:
        async def read(source: str) -> Reading[ReleaseTrain]:
            seen = await self._line(spec.name)
            own = seen.reading(source)
            # They are of all sources at once; the first that answered hands them over.
            answered = (name for name in spec.sources if name in telling and not seen.reading(name).is_lost)
            rows = [_train(seen, train) for train in seen.trains] if next(answered, None) == source else []
            return Reading(source, rows, own.errors, own.is_lost)

        spec = self._specs[line.name]
        telling = frozenset(name for name in spec.sources if self._knows_versions(name))
        listing = Listing(orders.trains(), (spec.name,), spec.sources, telling, whole(read))
        return await self._desk.lister.connection(listing, window, at)

    async def releases(self, train: ReleaseTrain, window: Window, at: At) -> Connection[Release]:
        async def read(source: str) -> Reading[Release]:
            own = (await self._line(spec.name)).reading(source)
            rows = [release for release in train.seen if release.source_name == source]
            return Reading(source, rows, own.errors, own.is_lost)

        spec = self._specs[train.line_name]
        identity = ("train", spec.name, train.key)
        telling = frozenset(name for name in spec.sources if self._knows_versions(name))
        listing = Listing(orders.releases(None), identity, spec.sources, telling, whole(read))
        return await self._desk.lister.connection(listing, window, at)

    async def missing_from(self, train: ReleaseTrain) -> list[Fleet]:
        seen = await self._line(train.line_name)
        if seen.error is not None:
            raise seen.error
        has_it = {(release.source_name, release.fleet_native_id) for release in train.seen}
        fleets = [one.fleet for one in seen.fleets if isinstance(one.fleet, Fleet) and one.fleet.route not in has_it]
        telling = (fleet for fleet in fleets if self._knows_versions(fleet.source_name))
        return sorted(telling, key=orders.fleets(None).rank_of)

    async def drift(self, line: ProductLine, at: At) -> Drift:
        """Sources that were lost are told beside it, whatever is selected of it. Raises when none answered."""
        seen = await self._line(line.name)
        readings = [seen.reading(source) for source in seen.spec.sources]
        if readings and all(reading.is_lost for reading in readings):
            raise readings[0].errors[0]
        self._desk.lister.collector.note_beside(at.path.as_list(), readings)
        return await drift.of_line(self._desk, seen)

    async def counterparts(self, release: Release, at: At) -> list[Counterpart]:
        return await self._counterparts.of(release, self._line, at)

    def _chosen(self, names: Collection[str]) -> list[LineSpec]:
        return product_lines.chosen(list(self._specs.values()), names)

    def _knows_versions(self, source: str) -> bool:
        return Fact.VERSION in self._desk.sources.facts[source].release_facts

    async def _line(self, name: str) -> LineSeen:
        """All of a line, read once however many ask."""
        if name not in self._seen:
            self._seen[name] = asyncio.ensure_future(self._read(self._specs[name]))
        return await asyncio.shield(self._seen[name])

    async def _read(self, spec: LineSpec) -> LineSeen:
        allowance.begin(MAX_BYTES * len(spec.sources))  # in a task of its own: of all of them together
        members = await self._members.of(spec)
        families = await asyncio.gather(*map(self._family, members))
        pairs = zip(members, families, strict=True)
        return LineSeen(spec, [FleetSeen(*pair, self._knows_versions(pair[0].ref.source)) for pair in pairs])

    async def _family(self, member: Member) -> Family | UpstreamError:
        fleet = member.fleet
        if isinstance(fleet, UpstreamError):
            return fleet
        if not self._knows_versions(fleet.source_name):
            return Family({}, Line.of(()))  # whatever its releases are called, it says nothing of the line
        return await settled(fleet.source_name, kin.family(self._desk, self._families, fleet.route, SIGHTING))


def _train(seen: LineSeen, train: Train[Route]) -> ReleaseTrain:
    return ReleaseTrain(
        line_name=seen.spec.name,
        key=train.key,
        raw_version=train.version.raw,
        seen=[seen.releases[one.of] for one in train.sightings],
        source_name=seen.spec.sources[0],
    )
