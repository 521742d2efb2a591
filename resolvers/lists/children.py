"""Lists below one object in the fixed order of their type, and lists of devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLResolveInfo

from resolvers.federation import order as orders
from resolvers.federation.filters import devices as device_filters
from resolvers.federation.filters.devices import DeviceSelection
from resolvers.federation.lists import Listing
from resolvers.federation.order import Order
from resolvers.federation.reading import Reading, read_whole
from resolvers.federation.streams import whole
from resolvers.graph.connection import Connection
from resolvers.graph.device import Device
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import DeviceFilter
from resolvers.graph.node import Sourced
from resolvers.graph.questions import Question
from resolvers.graph.window import Window
from resolvers.lists import Desk, identity, settled
from resolvers.upstreams.port import Part

At = GraphQLResolveInfo[Any]
NARROWED_BY = ("fleetIds", "runningVersions", "search")
"Filters that a source may apply itself."

LISTS: dict[Question, tuple[Order[Any], Part | None]] = {
    Question.ARTIFACTS_OF_BUILD: (orders.by_id("artifacts of build"), Part.BUILDS),
    Question.BUILDS_OF_RELEASE: (orders.newest_first("builds of release"), Part.BUILDS),
    Question.COHORTS_OF_FLEET: (orders.by_id("cohorts of fleet"), Part.COHORTS),
    Question.DEPLOYMENTS_OF_RELEASE: (orders.newest_first("deployments of release"), Part.DEPLOYMENTS),
    Question.DEPLOYMENTS_OF_FLEET: (orders.newest_first("deployments of fleet"), Part.DEPLOYMENTS),
    Question.DEPLOYMENTS_OF_COHORT: (orders.newest_first("deployments of cohort"), Part.DEPLOYMENTS),
    Question.DEVICES_OF_FLEET: (orders.by_id("devices of fleet"), Part.DEVICES),
    Question.DEVICES_OF_COHORT: (orders.by_id("devices of cohort"), Part.DEVICES),
}
"The order of each list, and what a source must have to be asked for it."


async def below(desk: Desk, question: Question, parent: Sourced, window: Window, at: At) -> Connection[Any]:
    order, part = LISTS[question]

    async def read(source: str) -> Reading[Any]:
        return await settled(source, _children(desk, question, parent))

    asked = {parent.source_name} if part in desk.sources.facts[parent.source_name].parts else set()
    listing = Listing(order, (parent.route,), (parent.source_name,), frozenset(asked), whole(read))
    return await desk.lister.connection(listing, window, at)


async def devices_of_fleet(
    desk: Desk, fleet: Fleet, where: DeviceFilter | None, window: Window, at: At
) -> Connection[Device]:
    selection = device_filters.select(desk.sources.facts, where)

    async def read(source: str) -> Reading[Device]:
        return await settled(source, _children(desk, Question.DEVICES_OF_FLEET, fleet), selection.keep)

    order, _ = LISTS[Question.DEVICES_OF_FLEET]
    listing = Listing(order, (*identity(where), fleet.route), (fleet.source_name,), selection.asked, whole(read))
    return await desk.lister.connection(listing, window, at)


async def devices_everywhere(desk: Desk, where: DeviceFilter | None, window: Window, at: At) -> Connection[Device]:
    selection = device_filters.select(desk.sources.facts, where)

    async def read(source: str) -> Reading[Device]:
        return await _read_devices(desk, selection, source)

    listing = Listing(orders.by_id("devices"), identity(where), desk.sources.names, selection.asked, whole(read))
    return await desk.lister.connection(listing, window, at)


async def _read_devices(desk: Desk, selection: DeviceSelection, source: str) -> Reading[Device]:
    query = selection.query(source, desk.columns("Device"))
    stream = desk.sources.upstreams[source].devices(query)
    return await read_whole(source, desk.arriving(stream), selection.keep, NARROWED_BY)


async def _children(desk: Desk, question: Question, parent: Sourced) -> Sequence[Any]:
    rows: Sequence[Any] | None = await desk.loaders.to(question).load(parent.route)
    return [] if rows is None else rows
