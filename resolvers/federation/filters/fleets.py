"""Which fleets: FleetFilter as a selection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from resolvers.federation.filters.selection import (
    Check,
    Selection,
    SourceFacts,
    all_of,
    bounded,
    knowing,
    named,
    native_ids,
)
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import FleetFilter
from resolvers.upstreams.port import Fact, FleetQuery

READS: Mapping[str, tuple[str, ...]] = {
    "ids": (),
    "sources": (),
    "kinds": (),
    "names": ("name",),
    "slugs": ("slug",),
    "organizations": ("organization",),
    "is_public": ("is_public",),
    "is_archived": ("is_archived",),
    "mine": ("is_mine",),
}
"What each field of the filter reads of the rows it sifts; of other rows as `Fleet.name`."

FleetSelection = Selection[Fleet, FleetQuery]


def select(facts: SourceFacts, where: FleetFilter | None) -> FleetSelection:
    """Raises BadArgument or InvalidKey for values that cannot be meant."""
    if where is not None:
        bounded(where)
    where = where or FleetFilter()
    ids = None if where.ids is None else native_ids(facts, where.ids, "Fleet")
    needed = [
        (where.slugs, Fact.SLUG),
        (where.organizations, Fact.ORGANIZATION),
        (where.is_public, Fact.PUBLIC),
        (where.is_archived, Fact.ARCHIVED),
        (None if where.mine else where.mine, Fact.PUBLIC),
    ]
    asked = named(facts, where.sources, where.kinds) & knowing(facts, needed, lambda own: own.fleet_facts)
    asked &= asked if ids is None else ids.keys()
    query = FleetQuery(
        names=None if where.names is None else tuple(where.names),
        slugs=None if where.slugs is None else tuple(where.slugs),
        organizations=None if where.organizations is None else tuple(where.organizations),
        is_public=where.is_public,
        is_archived=where.is_archived,
    )
    return Selection(
        asked=frozenset() if _is_empty(where) else frozenset(asked),
        query=lambda source, columns: replace(query, columns=columns),
        keep=all_of(list(_checks(where))),
        ids=ids,
    )


def _is_empty(where: FleetFilter) -> bool:
    lists = (where.ids, where.sources, where.kinds, where.names, where.slugs, where.organizations)
    return any(given == [] for given in lists)


def _checks(where: FleetFilter) -> Iterator[Check[Fleet]]:
    """One predicate for each field that is given; a null fact never matches."""
    if (names := where.names) is not None:
        yield lambda row: row.name in names
    if (slugs := where.slugs) is not None:
        yield lambda row: row.slug in slugs
    if (organizations := where.organizations) is not None:
        yield (
            lambda row: (
                row.organization is not None
                and (row.organization.handle in organizations or row.organization.name in organizations)
            )
        )
    if (is_public := where.is_public) is not None:
        yield lambda row: row.is_public is is_public
    if (is_archived := where.is_archived) is not None:
        yield lambda row: row.is_archived is is_archived
    if where.mine is not None:
        # A vendor that shows nothing but what is ours says nothing of it.
        yield (lambda row: row.is_mine is not False) if where.mine else (lambda row: row.is_mine is False)
