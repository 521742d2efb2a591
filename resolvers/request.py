"""Request: what one GraphQL request carries, and whom each of its questions goes to.

Implements the graph's context: lists go to `lists`, look-ups to the loaders. Built anew for each request, inside the
running loop. May import: lists, loaders, sources and what those may.
"""

from __future__ import annotations

import time
from asyncio import Future
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from graphql import GraphQLResolveInfo
from msgspec import structs
from strawberry import Schema

from resolvers import keys
from resolvers.errors import InvalidKey
from resolvers.federation import order as orders
from resolvers.federation.columns import Wanted
from resolvers.federation.filters.selection import known
from resolvers.federation.lists import Lister, Listing
from resolvers.federation.product_lines import LineSpec, seen_in
from resolvers.federation.reading import Reading
from resolvers.federation.report import Collector
from resolvers.federation.streams import whole
from resolvers.graph.artifact import Artifact
from resolvers.graph.connection import Connection
from resolvers.graph.device import Device
from resolvers.graph.enums import AnswerState, SourceKind
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import ArtifactFilter, DeviceFilter, FleetFilter, FleetOrder, ReleaseFilter, ReleaseOrder
from resolvers.graph.node import Node, Sourced
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.graph.source import Source
from resolvers.graph.window import Window
from resolvers.lists import Desk, ahead, artifacts, children, fleets, kin, releases
from resolvers.lists.lines import Lines
from resolvers.loaders import Asked, Loaders, Note, Route, unnoted
from resolvers.principal import Anyone, Principal
from resolvers.sources import Sources
from resolvers.transport import freshness, once

At = GraphQLResolveInfo[Any]

TYPES: dict[str, Question] = {
    "Release": Question.RELEASE,
    "Fleet": Question.FLEET,
    "Artifact": Question.ARTIFACT,
    "Cohort": Question.COHORT,
    "Build": Question.BUILD,
    "Deployment": Question.DEPLOYMENT,
    "Device": Question.DEVICE,
}
"The look-up behind each type of a global id."


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What an operator says of lists, and of what belongs together."""

    cursor_key: bytes
    max_page_size: int = 200
    product_lines: tuple[LineSpec, ...] = ()


class Request:
    """The context of one request. `collector` holds, afterwards, what its lists lost. note: told of look-ups.

    is_alone: nothing else of this request is being answered just now, so that a look-up need not wait for company.
    """

    def __init__(
        self, sources: Sources, settings: ListSettings, principal: Principal | None = None, note: Note = unnoted
    ):
        self.max_page_size = settings.max_page_size
        self.principal = principal or Anyone()
        self.sources = sources = sources.seen_by(self.principal)
        self.collector = Collector()
        self.freshness = freshness.begin_anew()
        once.begin()
        self.loaders = Loaders(sources.upstreams, note=_noting(self.collector, note))
        self.is_alone = False
        self._settings = settings
        self._families: kin.Families = {}
        self._lines: Lines | None = None

    # Made when first used: many requests ask for one object, and for no list.

    @cached_property
    def _lister(self) -> Lister:
        return Lister(self._settings.cursor_key, self._settings.max_page_size, self.collector)

    @cached_property
    def _desk(self) -> Desk:
        return Desk(self.sources, self.loaders, self._lister)

    @cached_property
    def _line_specs(self) -> tuple[LineSpec, ...]:
        return seen_in(self._settings.product_lines, self.sources.upstreams)

    @property
    def lines(self) -> Lines:
        if self._lines is None:
            self._lines = Lines(self._desk, self._families, self._line_specs)
        return self._lines

    @property
    def ages_s(self) -> Mapping[str, float]:
        """Of each source that was answered from what is remembered: how old the oldest of it is."""
        now = time.time()
        return {source: max(now - age.fetched_at, 0.0) for source, age in self.freshness.ages.items()}

    def want(self, wanted: Wanted, schema: Schema, variables: Mapping[str, Any] | None) -> None:
        """What the operation wants of each type of row. To be said before anything is asked; unsaid: everything."""
        self.loaders.wants = wanted.by(variables)
        if wanted.below_fleets:
            self.loaders.below = ahead.below_fleets(self._desk, wanted, schema, variables or {})

    @property
    def states(self) -> Mapping[str, AnswerState]:
        """The worst of each source over all that was answered so far."""
        self.collector.note_ages(self.freshness)
        return self.collector.states

    def source(self, name: str) -> Source:
        return self.sources.objects[name]

    async def node(self, global_id: str) -> Node | None:
        """The object with this id, whatever its type. Raises InvalidKey for an id we never issued."""
        key = keys.decode(global_id)
        if key.type in keys.OF_NO_SOURCE:
            return await self.lines.node(key)
        source = self.sources.configured(key.source)
        if key.type == "Source":
            return self.source(source)
        if key.type not in TYPES:
            types = [*TYPES, *sorted(keys.OF_NO_SOURCE)]
            raise InvalidKey(f"no object of this graph is a {key.type}; expected Source, {', '.join(types)}")
        found: Node | None = await self.answer(TYPES[key.type], source, key.native_id)
        return found

    def route_of(self, global_id: str, type_name: str) -> Route:
        """(source name, native id) of an id of this type. Raises InvalidKey or Forbidden."""
        key = keys.decode(global_id, type_name)
        return self.sources.configured(key.source), key.native_id

    def route_to(self, source: str, native_id: str) -> Route:
        """The same from the two facts a person knows. Raises BadArgument for a source that is not configured, and
        Forbidden for one that is not the caller's to read."""
        return known(self.sources.facts, source), native_id

    async def answer(self, question: Question, source: str, native_id: str) -> Any:
        loader = self.loaders.to(question)
        if not self.is_alone:
            return await loader.load((source, native_id))
        self.is_alone = False  # from here on what else is asked is asked beside this
        return await loader.load_alone((source, native_id))

    def answers(self, question: Question, routes: Iterable[Route]) -> Mapping[Route, Future[Any]]:
        """`answer` to each of many routes, asked together; without a task for each."""
        load = self.loaders.to(question).load
        return {route: load(route) for route in routes}

    async def fleet_by_slug(self, slug: str, source: str | None) -> Fleet | None:
        return await fleets.with_slug(self._desk, slug, source)

    def end(self) -> None:
        """It is answered. Loaders and what they ask with refer to one another: left alone, they and all rows they hold
        would wait for the collector of such circles."""
        self.forget()

    def forget(self) -> None:
        """After a change nothing that was read before it may be shown."""
        self.loaders.forget()
        self._families.clear()
        self._lines = None

    async def columns(self, source: str, native_id: str, names: frozenset[str]) -> Mapping[str, Any] | None:
        return await self.loaders.columns_by_release_key.load((source, native_id, names))

    async def sources_listed(self, kinds: Sequence[SourceKind] | None, window: Window, at: At) -> Connection[Source]:
        async def read(name: str) -> Reading[Source]:
            source = self.source(name)
            return Reading(name, [source] if kinds is None or source.kind in kinds else [])

        listing = Listing(
            orders.by_id("sources"), (kinds,), self.sources.names, frozenset(self.sources.names), whole(read)
        )
        # Nobody is asked for this list, it is configuration: nothing of it is told of the sources.
        lister = structs.replace(self._lister, collector=Collector())
        return replace(await lister.connection(listing, window, at), sources=[])

    async def releases(
        self, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window, at: At
    ) -> Connection[Release]:
        names = None if where is None else where.product_lines
        within = None if names is None else self.lines.within(names)
        return await releases.everywhere(self._desk, where, order, window, at, within)

    async def releases_of_fleet(
        self, fleet: Fleet, where: ReleaseFilter | None, order: ReleaseOrder | None, window: Window, at: At
    ) -> Connection[Release]:
        if where is not None and where.product_lines is not None and not self.lines.has(where.product_lines, fleet):
            where = replace(where, fleet_ids=[])  # which matches nothing
        return await releases.of_fleet(self._desk, fleet, where, order, window, at)

    async def fleets(
        self, where: FleetFilter | None, order: FleetOrder | None, window: Window, at: At
    ) -> Connection[Fleet]:
        return await fleets.everywhere(self._desk, where, order, window, at)

    async def fleets_of_source(
        self, source: Source, where: FleetFilter | None, order: FleetOrder | None, window: Window, at: At
    ) -> Connection[Fleet]:
        return await fleets.everywhere(self._desk, where, order, window, at, only=source)

    async def artifacts(self, where: ArtifactFilter | None, window: Window, at: At) -> Connection[Artifact]:
        return await artifacts.everywhere(self._desk, where, window, at)

    async def artifacts_of_release(
        self, release: Release, where: ArtifactFilter | None, window: Window, at: At
    ) -> Connection[Artifact]:
        return await artifacts.of_release(self._desk, release, where, window, at)

    async def devices(self, where: DeviceFilter | None, window: Window, at: At) -> Connection[Device]:
        return await children.devices_everywhere(self._desk, where, window, at)

    async def devices_of_fleet(
        self, fleet: Fleet, where: DeviceFilter | None, window: Window, at: At
    ) -> Connection[Device]:
        return await children.devices_of_fleet(self._desk, fleet, where, window, at)

    async def children(self, question: Question, parent: Sourced, window: Window, at: At) -> Connection[Any]:
        return await children.below(self._desk, question, parent, window, at)

    async def linked(self, parent: Sourced, ids: tuple[str, ...], window: Window, at: At) -> Connection[Release]:
        return await releases.linked(self._desk, parent, ids, window, at)

    async def kin(self, release: Release) -> kin.Neighbours:
        if release.fleet_native_id is None:
            return kin.Neighbours()
        family = await kin.family(self._desk, self._families, (release.source_name, release.fleet_native_id))
        return family.neighbours(release.native_id)

    async def latest_release(self, fleet: Fleet) -> Release | None:
        return (await kin.family(self._desk, self._families, fleet.route)).latest


def _noting(collector: Collector, note: Note) -> Note:
    def noted(asked: Asked) -> None:
        collector.came(asked.source, asked.state)
        note(asked)

    return noted
