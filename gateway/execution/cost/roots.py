"""Roots: the fields whose cost is more than their question for the rows at hand: lists of everything, look-ups by id,
product lines, changes.

Each is called as `field(walk, declared, node, rows)`; arguments that cannot be meant cost nothing, as they are refused.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLObjectType

from gateway.execution.cost.graph import Unknown
from gateway.execution.cost.questions import LOOK_UPS
from resolvers import keys
from resolvers.errors import ReleasegraphError
from resolvers.federation.filters import artifacts, devices, fleets, releases
from resolvers.federation.product_lines import LineSpec, Naming, seen_in
from resolvers.graph.enums import PagingKind, ReleaseOrderField
from resolvers.graph.inputs import ReleaseFilter
from resolvers.graph.questions import Question
from resolvers.upstreams.port import Fact, Part

if TYPE_CHECKING:
    from gateway.execution.cost.estimate import Rows, Walk

Field = Callable[["Walk", GraphQLField, FieldNode, "Rows"], None]

NAMING = frozenset({"sources", "kinds", "fleet_ids", "fleet_names", "product_lines", "include_prereleases"})
"Of a filter on releases: who is asked, and for which fleets."
REFINED = 1000
"Rows whose artifacts a filter looks at, unless the rows bring them along."
COHORTS = 50
"Of one fleet, in what a product line's drift reads."
COMMITS_AT_ONCE = 50
CHANGE = 8
"Calls of one change, with what is read before and after it."


def _is_unknown(value: object) -> bool:
    return isinstance(value, Unknown)


def _refusable(field: Field) -> Field:
    """Arguments that do not fit are refused, and nothing is asked."""

    def walked(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
        try:
            field(walk, declared, node, rows)
        except (GraphQLError, ReleasegraphError):
            return

    return walked


# lists


@_refusable
def _releases(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    given = walk.given(declared, node)
    where, order = given.get("filter"), given.get("order_by")
    graph = walk.graph
    is_open = _is_unknown(where) or _is_unknown(order)
    selection = None if is_open else releases.select(graph.facts, where, order)
    asked = frozenset(graph.facts) if selection is None else selection.asked
    for source in sorted(asked):
        if selection is not None and selection.ids is not None:
            walk.calls[source] += graph.keyed(source, Question.RELEASE, len(selection.ids[source]))
        else:
            query = None if selection is None else selection.query(source, None)
            fleets_of = None if query is None or query.fleet_ids is None else len(query.fleet_ids)
            field = None if query is None else query.order_field
            walk.calls[source] += _of_releases(walk, node, source, fleets_of, field, where, given)
        walk.calls[source] += _cuts(walk, source, where)
    _below_list(walk, declared, node, asked)


def _of_releases(
    walk: Walk,
    node: FieldNode,
    source: str,
    fleet_count: int | None,
    field: ReleaseOrderField | None,
    where: Any,
    given: Mapping[str, Any],
) -> int:
    """One source's part of a page: read in its own order, or whole. fleet_count: None for all of its scopes."""

    def price(question: str) -> int:
        listed = fleet_count is None
        return walk.graph.listed(source, question) if listed else walk.graph.keyed(source, question, fleet_count or 0)

    fields = list(ReleaseOrderField) if field is None else [field]
    pagings = {walk.graph.paging(source, one) for one in fields}
    whole = price("releases")
    if pagings == {PagingKind.WHOLE}:
        return whole
    counted = price("release_count") if walk.selects(node, "totalCount") else 0
    paged = price("release_page") * _rounds(pagings, where, given) + counted
    return max(paged, whole) if PagingKind.WHOLE in pagings else paged


def _rounds(pagings: Iterable[PagingKind], where: Any, given: Mapping[str, Any]) -> int:
    """Pages of the source for one of ours: filters applied here may leave too little of the first, and a cursor without
    its place in a numbered list is looked for."""
    is_filtered = where is not None and (_is_unknown(where) or _filters_rows(where))
    is_inside = given.get("after") is not None or given.get("before") is not None
    return 1 + is_filtered + (2 if is_inside and PagingKind.PAGES in pagings else 0)


def _filters_rows(where: ReleaseFilter) -> bool:
    """Whether it leaves out rows of the sources and fleets that it names."""
    given = (one for one in dataclasses.fields(where) if getattr(where, one.name) != one.default)
    return any(one.name not in NAMING for one in given)


def _cuts(walk: Walk, source: str, where: Any) -> int:
    """What a filter takes beside the list: fleets by their names, product lines, artifacts."""
    if where is None:
        return 0
    graph, is_open = walk.graph, _is_unknown(where)
    cost = graph.listed(source, "fleets") if is_open or where.fleet_names is not None else 0
    if is_open or where.product_lines is not None:
        walk.of_lines.add("members")
    if is_open or where.targets is not None or where.build_identifiers is not None:
        cost += graph.below(source, Question.ARTIFACTS_OF_RELEASE, REFINED)
    return cost


@_refusable
def _releases_of_fleet(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    given = walk.given(declared, node)
    where, order = given.get("filter"), given.get("order_by")
    graph = walk.graph
    is_open = _is_unknown(where) or _is_unknown(order)
    selection = None if is_open else releases.select(graph.facts, where, order)
    for source, count in rows.items():
        if selection is not None and source not in selection.asked:
            continue
        fields = list(ReleaseOrderField) if selection is None else [selection.query(source, None).order_field]
        pagings = {graph.paging(source, one) for one in fields}
        whole = graph.keyed(source, "releases", count)
        paged = graph.keyed(source, "release_pages_by_fleet_id", count) * _rounds(pagings, where, given)
        is_whole = PagingKind.WHOLE in pagings or walk.selects(node, "totalCount")
        walk.calls[source] += max(whole, paged) if is_whole and len(pagings) > 1 else whole if is_whole else paged
        walk.calls[source] += _cuts(walk, source, where)
    walk.go_on(declared, node, walk.page(declared, node, rows))


def _list(name: str, select: Callable[..., Any], look_up: str | None) -> Field:
    """A list of everything of one type, read whole, or looked up by the ids of its filter."""

    @_refusable
    def field(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
        where = walk.given(declared, node).get("filter")
        graph = walk.graph
        selection = None if _is_unknown(where) else select(graph.facts, where)
        asked = frozenset(graph.facts) if selection is None else selection.asked
        ids = None if selection is None or look_up is None else selection.ids
        for source in asked:
            by_ids = None if ids is None or look_up is None else graph.keyed(source, look_up, len(ids[source]))
            walk.calls[source] += graph.listed(source, name) if by_ids is None else by_ids
        _below_list(walk, declared, node, asked)

    return field


def _below_list(walk: Walk, declared: GraphQLField, node: FieldNode, asked: Iterable[str]) -> None:
    walk.go_on(declared, node, walk.page(declared, node, dict.fromkeys(asked, 1)))


def _sources(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    """Known from the settings, each once."""
    walk.go_on(declared, node, dict.fromkeys(walk.graph.facts, 1))


@_refusable
def _source(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    name = walk.given(declared, node).get("name")
    _at_one(walk, declared, node, None if _is_unknown(name) else name, "")


def _fleets_of_source(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    for source in rows:
        walk.calls[source] += walk.graph.listed(source, "fleets")
    _below_list(walk, declared, node, rows)


# objects


def _by_id(type_name: str) -> Field:
    @_refusable
    def field(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
        given = walk.given(declared, node).get("id", "")
        source = None if _is_unknown(given) else keys.decode(given, type_name).source
        _at_one(walk, declared, node, source, LOOK_UPS[type_name])

    return field


def _by_native_id(type_name: str) -> Field:
    @_refusable
    def field(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
        given = walk.given(declared, node).get("source")
        _at_one(walk, declared, node, None if _is_unknown(given) else given, LOOK_UPS[type_name])

    return field


@_refusable
def _by_slug(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    """Every source that knows slugs is asked, and one has the fleet."""
    given = walk.given(declared, node).get("source")
    knowing = [name for name, own in walk.graph.facts.items() if Fact.SLUG in own.fleet_facts]
    asked = knowing if given is None or _is_unknown(given) else [name for name in knowing if name == given]
    for source in asked:
        walk.calls[source] += walk.graph.listed(source, "fleets")
    walk.dearest(asked, lambda source: walk.go_on(declared, node, {source: 1}))


def _at_one(walk: Walk, declared: GraphQLField, node: FieldNode, source: str | None, question: str) -> None:
    """One object of a source; None: not known of which."""

    def at(name: str) -> None:
        if question:
            walk.ask(question, {name: 1})
        walk.go_on(declared, node, {name: 1})

    known = walk.graph.facts if source is None else [source] if source in walk.graph.facts else []
    walk.dearest(known, at)


@_refusable
def _nodes(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    given = walk.given(declared, node)
    ids = given.get("ids", [given.get("id")])
    if _is_unknown(ids) or any(map(_is_unknown, ids)):
        _of_any_type(walk, node, 1 if "id" in given else walk.graph.max_page)
        return
    _of_types(walk, node, Counter(_route(one) for one in ids))


@_refusable
def _entities(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    given = walk.given(declared, node).get("representations", [])
    if _is_unknown(given):
        _of_any_type(walk, node, walk.graph.max_page)
        return
    _of_types(walk, node, Counter(_represented(one) for one in given))


def _route(global_id: str) -> tuple[str, str]:
    """(type, source) of an id; of one that was never issued, nothing."""
    try:
        key = keys.decode(global_id)
    except ReleasegraphError:
        return "", ""
    return key.type, key.source


def _represented(given: object) -> tuple[str, str]:
    one = given if isinstance(given, dict) else {}
    if isinstance(one.get("id"), str):
        return _route(one["id"])
    source = one.get("sourceName") or (one.get("name") if one.get("__typename") == "Source" else "")
    return str(one.get("__typename")), str(source)


def _of_types(walk: Walk, node: FieldNode, counts: Mapping[tuple[str, str], int]) -> None:
    by_type: dict[str, dict[str, int]] = {}
    for (type_name, source), count in counts.items():
        if type_name in LOOK_UPS and (source in walk.graph.facts or type_name in keys.OF_NO_SOURCE):
            by_type.setdefault(type_name, {})[source] = count
    for type_name, rows in by_type.items():
        _of_type(walk, node, type_name, rows)


def _of_any_type(walk: Walk, node: FieldNode, count: int) -> None:
    rows = dict.fromkeys(walk.graph.facts, count)
    for type_name in LOOK_UPS:
        _of_type(walk, node, type_name, rows)


def _of_type(walk: Walk, node: FieldNode, type_name: str, rows: Rows) -> None:
    owner = walk.graph.core.type_map[type_name]
    assert isinstance(owner, GraphQLObjectType)
    if type_name in keys.OF_NO_SOURCE:
        if type_name == "ReleaseTrain":
            walk.of_lines.add("releases")
        walk.below(owner, node.selection_set, _fleets_of_lines(walk))
        return
    if LOOK_UPS[type_name]:
        walk.ask(LOOK_UPS[type_name], rows)
    walk.below(owner, node.selection_set, rows)


# product lines


def _product_lines(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    walk.go_on(declared, node, _fleets_of_lines(walk))


def _fleets_of_line(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    walk.of_lines.add("members")
    walk.go_on(declared, node, rows)


def _trains(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    walk.of_lines.add("releases")
    walk.go_on(declared, node, walk.page(declared, node, rows))


def _drift(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    """Beside the lines: what their fleets should run, their cohorts, and what those have now."""
    walk.of_lines.add("releases")
    walk.ask(Question.RELEASE, rows)
    walk.ask(Question.COHORTS_OF_FLEET, rows)
    known = (source for source in rows if Part.COHORTS in walk.graph.facts[source].parts)
    walk.ask(Question.RELEASE, {source: rows[source] * COHORTS for source in known})
    walk.go_on(declared, node, rows)


def _device_counts(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    walk.ask(Question.VERSION_COUNTS_OF_FLEET, rows)
    walk.go_on(declared, node, rows)


def _counterparts(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    """By commit in every source that knows commits, by version in the line; lines may be read one after another."""
    graph, found = walk.graph, sum(rows.values())
    for source, own in graph.facts.items():
        if Fact.REVISION in own.release_facts:
            walk.calls[source] += graph.listed(source, "releases") * -(-found // COMMITS_AT_ONCE)
    if _lines(walk):
        walk.ask(Question.FLEET, rows)
        walk.of_lines.update(("releases", "apart"))
    walk.go_on(declared, node, dict.fromkeys(graph.facts, found))


def of_lines(walk: Walk) -> Counter[str]:
    """What reading product lines takes, which is done once for an operation, wherever it is needed.

    All together, or line by line where one may be asked for before another.
    """
    if not walk.of_lines:
        return Counter()
    lines = _lines(walk)
    read = _read if "releases" in walk.of_lines else _members
    parts = [[line] for line in lines] if len(walk.of_lines) > 1 else [lines]
    return sum((read(walk, part) for part in parts), Counter[str]())


def _lines(walk: Walk) -> Sequence[LineSpec]:
    return seen_in(walk.graph.lines, walk.graph.facts)


def _fleets_of_lines(walk: Walk) -> dict[str, int]:
    """How many, by source."""
    return dict(Counter(ref.source for line in _lines(walk) for ref in line.fleets))


def _members(walk: Walk, lines: Sequence[LineSpec]) -> Counter[str]:
    """Fleets of these lines by id, by slug and by name: a question each."""
    calls: Counter[str] = Counter()
    refs = [ref for line in lines for ref in line.fleets]
    for source in {ref.source for ref in refs}:
        named = [ref.naming for ref in refs if ref.source == source]
        calls[source] += walk.graph.listed(source, "fleets") * len({*named} - {Naming.ID})
        calls[source] += walk.graph.keyed(source, Question.FLEET, named.count(Naming.ID))
    return calls


def _read(walk: Walk, lines: Sequence[LineSpec]) -> Counter[str]:
    """Their fleets, and all releases of those where they tell versions."""
    calls = _members(walk, lines)
    for source, count in Counter(ref.source for line in lines for ref in line.fleets).items():
        if Fact.VERSION in walk.graph.facts[source].release_facts:
            calls[source] += walk.graph.keyed(source, "releases", count)
    return calls


# changes


def change(walk: Walk, declared: GraphQLField, node: FieldNode, rows: Rows) -> None:
    def at(source: str) -> None:
        walk.calls[source] += CHANGE
        walk.go_on(declared, node, {source: 1})

    walk.dearest(walk.graph.facts, at)


FIELDS: Mapping[tuple[str, str], Field] = {
    ("Query", "releases"): _releases,
    ("Query", "fleets"): _list("fleets", fleets.select, Question.FLEET),
    ("Query", "artifacts"): _list("artifacts", artifacts.select, Question.ARTIFACTS_OF_RELEASE),
    ("Query", "devices"): _list("devices", devices.select, None),
    ("Query", "sources"): _sources,
    ("Query", "source"): _source,
    ("Query", "release"): _by_id("Release"),
    ("Query", "fleet"): _by_id("Fleet"),
    ("Query", "artifact"): _by_id("Artifact"),
    ("Query", "device"): _by_id("Device"),
    ("Query", "releaseByNativeId"): _by_native_id("Release"),
    ("Query", "fleetByNativeId"): _by_native_id("Fleet"),
    ("Query", "fleetBySlug"): _by_slug,
    ("Query", "node"): _nodes,
    ("Query", "nodes"): _nodes,
    ("Query", "_entities"): _entities,
    ("Query", "productLine"): _product_lines,
    ("Query", "productLines"): _product_lines,
    ("Source", "fleets"): _fleets_of_source,
    ("Fleet", "releases"): _releases_of_fleet,
    ("Release", "counterparts"): _counterparts,
    ("ProductLine", "fleets"): _fleets_of_line,
    ("ProductLine", "trains"): _trains,
    ("ProductLine", "drift"): _drift,
    ("DriftRow", "deviceCounts"): _device_counts,
    ("DriftRow", "otherDevices"): _device_counts,
}
