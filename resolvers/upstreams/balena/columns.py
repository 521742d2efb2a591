"""Columns: from the attributes that are wanted to what balena is asked for, and from its answer to rows of ours. Pure.

A table says of each attribute which of balena's columns make it, and how. A cut is a table for one set of attributes:
what goes into `$select` and `$expand`, the shape of the rows that come back, and what makes ours of them. The shape
holds what was selected and nothing else: a column that was selected and did not come is a row that does not fit, one
that was not selected cannot be read by mistake.

A row behind a to-one link may come along, expanded: its columns are a cut of its own table. A row that fits but for
what came along is kept without it, and the loader asks for that by itself, with its own error if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import Any, Generic, TypeVar, get_args, get_origin

import msgspec

from resolvers.graph.columns import NATIVE, Columned, own
from resolvers.graph.columns import linked as linked_columns
from resolvers.upstreams import making
from resolvers.upstreams.balena.odata import Condition, Direction, Options
from resolvers.upstreams.balena.rows import Deferred, Listed, linked
from resolvers.upstreams.making import Filled, Knowing, Linked, Make, Same, Shared, Spelled
from resolvers.upstreams.port import Columns

T = TypeVar("T", bound=Columned)
ALWAYS = ("source_name", "native_id")
BY_NUMBER = Spelled("id")
SHAPES = 1024
"Cuts that are remembered: their number is that of the selections clients think of."


@dataclass(frozen=True, slots=True)
class At:
    """What holds for the rows of one call, and no row says."""

    source: str
    web_url: str | None = None
    is_mine: bool | None = None
    release_ids: tuple[str, ...] = ()
    has_all_releases: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """How one attribute is made, and of which columns; expand: (navigation, column behind it)."""

    make: Make
    select: tuple[str, ...] = ()
    expand: tuple[tuple[str, str], ...] = ()


def same(name: str) -> Column:
    return Column(Same(name), (name,))


def filled(name: str) -> Column:
    return Column(Filled(name), (name,))


def linked_id(name: str) -> Column:
    return Column(Linked(name), (name,))


def details(row: msgspec.Struct, names: Iterable[str]) -> Any:
    """The named columns that are set, as JSON; a link as its id."""
    values = ((name, getattr(row, name)) for name in names)
    told = {name: linked(value) if isinstance(value, Deferred) else value for name, value in values}
    return msgspec.to_builtins({name: value for name, value in told.items() if value is not None})


@dataclass(frozen=True, eq=False)
class Table(Generic[T]):
    """A type of ours out of a resource of theirs.

    selected: the columns there are, in the order they are spelled in. cloud: those that only the hosted service knows.
    native: the attributes of the vendor's own part. links: rows that may come along.
    """

    made: type[T]
    row: type[Any]
    columns: Mapping[str, Column]
    selected: Sequence[str]
    cloud: frozenset[str] = frozenset()
    native_type: type[Columned] | None = None
    native: Mapping[str, Column] = field(default_factory=dict)
    native_id: Make = BY_NUMBER
    links: dict[str, Behind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Behind:
    """A to-one navigation. is_sure: whether what is behind it is surely what its own look-up would show, None where it
    always is; needs: the attributes, of the row and of the one behind it, that it takes to tell."""

    navigation: str
    table: Table[Any]
    is_sure: Callable[[Any, Any], bool] | None = None
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Cut(Generic[T]):
    """A table for one set of attributes. row: the shape with what comes along; plain: without."""

    table: Table[T]
    fetched: frozenset[str] | None
    select: tuple[str, ...]
    expand: Mapping[str, Options]
    row: type[Any]
    plain: type[Any]
    makers: Mapping[str, Make]
    rest: Mapping[str, Any]  # attributes that balena says nothing of
    along: tuple[tuple[Behind, Cut[Any]], ...] = ()

    def options(
        self, where: Condition | None = None, order_by: Sequence[tuple[str, Direction]] = (), top: int | None = None
    ) -> Options:
        return Options(self.select, where, self.expand, order_by=order_by, top=top)

    @cached_property
    def around(self) -> dict[tuple[str, Condition], tuple[str, str]]:
        """What stands before and after the ids of its look-ups, by resource and scope; theirs to fill."""
        return {}

    @cached_property
    def envelope(self) -> type[Listed[Any]]:
        return Listed[self.row]  # type: ignore[name-defined]  # a type made at run time

    @cached_property
    def rows(self) -> making.Rows[T]:
        """(rows of theirs, At) -> ours. What came along with several of them is made once."""
        parts: dict[str, Make] = {"source_name": Shared("source"), "native_id": self.table.native_id, **self.makers}
        if self.along:
            parts["along"] = Knowing(_one_along(self) if len(self.along) == 1 else _all_along(self))
        return making.rows(self.table.made, parts, {"fetched": self.fetched, **self.rest})

    def made(self, row: Any, at: At) -> T:
        return self.rows((row,), at)[0]


Along = Callable[[Any, At, dict[Any, Any]], Sequence[Columned]]
"Rows that came along with one, of those known already and made once."


def _one_along(own: Cut[Any]) -> Along:
    """Of the usual cut, with one link: rows that share what is behind it share the list of it as well."""
    ((link, behind),) = own.along
    navigation, is_sure, plain = link.navigation, link.is_sure, own.plain

    def along(row: Any, at: At, known: dict[Any, Any]) -> Sequence[Columned]:
        found = None if type(row) is plain else getattr(row, navigation)
        if type(found) is not list or not found or not (is_sure is None or is_sure(row, found[0])):
            return ()
        number = found[0].id
        rows: Sequence[Columned] | None = known.get(number)
        if rows is None:
            rows = known[number] = (behind.made(found[0], at),)
        return rows

    return along


def _all_along(own: Cut[Any]) -> Along:
    links = [_one_along(replace(own, along=(one,))) for one in own.along]

    def along(row: Any, at: At, known: dict[Any, Any]) -> Sequence[Columned]:
        return [one for place, link in enumerate(links) for one in link(row, at, known.setdefault(place, {}))]

    return along


def cut(table: Table[T], columns: Columns, of_cloud: bool, omitted: frozenset[str] = frozenset()) -> Cut[T]:
    """omitted: links that must not come along."""
    return _cut(table, columns, of_cloud, omitted)


@lru_cache(maxsize=SHAPES)
def _cut(table: Table[Any], columns: Columns, of_cloud: bool, omitted: frozenset[str]) -> Cut[Any]:
    names = making.attributes(table.made, ALWAYS) if columns is None else own(columns)
    # In the table's order: one selection is one URL, whichever process spells it.
    wanted = {name: column for name, column in table.columns.items() if name in names}
    native = _native(table, columns) if "native_of" in names else {}
    along = [] if columns is None else list(_along(table, columns, of_cloud, omitted))
    sure = [table.columns[name] for link, _ in along for name in link.needs]
    needed = [*wanted.values(), *native.values(), *sure]
    selected = {"id", *(name for column in needed for name in column.select)}
    expanded: dict[str, dict[str, None]] = {}
    for navigation, name in (pair for column in needed for pair in column.expand):
        expanded.setdefault(navigation, {})[name] = None
    makers = {name: column.make for name, column in wanted.items()}
    if "native_of" in names:
        makers["native_of"] = _lazily(table, native, columns)
    rest, anew = making.unsaid(table.made, names, {*table.columns, "native_of"})
    inside = {navigation: tuple(own) for navigation, own in expanded.items()}
    plain = _shape(table.row, selected, inside)
    return Cut(
        table=table,
        fetched=None if columns is None else names,
        select=_spelled(table, selected, of_cloud, {link.navigation for link, _ in along}),
        expand=_expansions(inside, along),
        row=_shape(table.row, selected, inside, along) if along else plain,
        plain=plain,
        makers={**makers, **anew},
        rest=rest,
        along=tuple(along),
    )


def with_more(
    cut: Cut[T], expand: Mapping[str, Options], types: Mapping[str, Any], makers: Mapping[str, Make]
) -> Cut[T]:
    """The cut with navigations of another kind expanded too, and what is made of them."""
    return Cut(
        table=cut.table,
        fetched=cut.fetched,
        select=cut.select,
        expand={**cut.expand, **expand},
        row=extended(cut.row, types),
        plain=cut.plain,
        makers={**cut.makers, **makers},
        rest={name: value for name, value in cut.rest.items() if name not in makers},
        along=cut.along,
    )


def _native(table: Table[Any], columns: Columns) -> Mapping[str, Column]:
    if columns is None:
        return table.native
    return {name: column for name, column in table.native.items() if NATIVE + name in columns}


def _lazily(table: Table[Any], native: Mapping[str, Column], columns: Columns) -> Make:
    """The vendor's own part, built when it is shown."""
    makers = tuple((name, column.make) for name, column in native.items())
    fetched = None if columns is None else frozenset(native)

    def build(row: Any, at: At) -> Columned:
        values = {name: make(row, at) for name, make in makers}
        assert table.native_type is not None
        return table.native_type.of_columns({"fetched": fetched, **values})

    return lambda row, at: partial(build, row, at)


def _along(
    table: Table[Any], columns: frozenset[str], of_cloud: bool, omitted: frozenset[str]
) -> Iterable[tuple[Behind, Cut[Any]]]:
    for name, link in table.links.items():
        behind = linked_columns(columns, name)
        if behind is not None and name not in omitted:
            yield link, cut(link.table, own(behind) | link.needs, of_cloud)


def _spelled(table: Table[Any], selected: set[str], of_cloud: bool, expanded: set[str]) -> tuple[str, ...]:
    left_out = expanded if of_cloud else expanded | table.cloud
    return tuple(name for name in table.selected if name in selected and name not in left_out)


def _expansions(
    inside: Mapping[str, tuple[str, ...]], along: Sequence[tuple[Behind, Cut[Any]]]
) -> Mapping[str, Options]:
    plain = {navigation: Options(names) for navigation, names in inside.items()}
    for link, behind in along:
        names = (name for name in inside.get(link.navigation, ()) if name not in behind.select)
        plain[link.navigation] = Options((*behind.select, *names), expand=behind.expand)
    return plain


def _shape(
    row: type[Any],
    selected: Container[str],
    inside: Mapping[str, tuple[str, ...]],
    along: Sequence[tuple[Behind, Cut[Any]]] = (),
) -> type[Any]:
    """`row` with these fields alone."""
    hints = {one.name: one.type for one in _fields(row)}
    types: dict[str, Any] = {name: hints[name] for name in hints if name in selected}
    for navigation, names in inside.items():
        types[navigation] = listing(_shape(_item(hints[navigation]), names, {}))
    for link, behind in along:
        hint = hints[link.navigation]
        if _islisting(hint):  # its own columns stay there, beside those of the row that comes along
            own_rows = {one.name: one.type for one in _fields(_item(hint))}
            more = {name: own_rows[name] for name in inside.get(link.navigation, ())}
            types[link.navigation] = listing(extended(behind.row, more))
        else:
            types[link.navigation] = Deferred | listing(behind.row) | None
    return _defined(row, types)


def extended(row: type[Any], types: Mapping[str, Any]) -> type[Any]:
    """A shape with more fields."""
    return _defined(row, {**{one.name: one.type for one in _fields(row)}, **types}) if types else row


def _fields(row: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return _fields_of(row)


@lru_cache(maxsize=2 * SHAPES)
def _fields_of(row: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(row)


def _defined(row: Any, types: Mapping[str, Any]) -> type[Any]:
    return _struct(row, tuple(types.items()))


@lru_cache(maxsize=2 * SHAPES)  # making one costs as much as decoding a page
def _struct(row: type[Any], types: tuple[tuple[str, Any], ...]) -> type[Any]:
    """A struct of these fields. One that `row` has keeps its default: what had to be there still has to."""
    known = {one.name: one for one in _fields(row)}
    specified: list[Any] = []
    for name, hint in types:
        one = known.get(name)
        if one is not None and one.default is not msgspec.NODEFAULT:
            specified.append((name, hint, one.default))
        elif one is not None and one.default_factory is not msgspec.NODEFAULT:
            specified.append((name, hint, msgspec.field(default_factory=one.default_factory)))
        else:
            specified.append((name, hint))
    # gc=False: rows hold no circles, and there are many of them.
    return msgspec.defstruct(row.__name__, specified, kw_only=True, module=row.__module__, gc=False)


def listing(item: type[Any]) -> Any:
    return list[item]  # type: ignore[valid-type]  # a type made at run time


def _islisting(hint: Any) -> bool:
    return get_origin(hint) is list


def _item(hint: Any) -> type[Any]:
    item: type[Any] = get_args(hint)[0]
    return item
