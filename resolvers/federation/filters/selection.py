"""Selection: a filter, understood once for a list, and the steps all filters share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from strawberry.utils.str_converters import to_camel_case

from resolvers import keys
from resolvers.errors import BadArgument, Forbidden, InvalidKey
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.port import Columns, Fact, Facts

T = TypeVar("T")
Q = TypeVar("Q")
Check = Callable[[T], bool]
MAX_IDS = 1000
"Each may cost a part of an upstream call."

MAX_VALUES = 1000
"Of one list in a filter: all rows are held against each."

SourceFacts = Mapping[str, Facts]
"Facts of every configured source by its name; or as `Visible`, of those that the caller may read."


class Visible(dict[str, Facts]):
    """hidden: sources that are configured, and not for whoever asks."""

    def __init__(self, facts: SourceFacts, hidden: frozenset[str]):
        super().__init__((name, own) for name, own in facts.items() if name not in hidden)
        self.hidden = hidden


class Selection(Struct, Generic[T, Q], frozen=True):
    """A filter over rows T, asked as queries Q.

    asked: the sources that can hold what was asked; all others are skipped. query: of a source, for
    columns. ids: when given, only these native ids of each source are looked up, instead of a list being read.
    """

    asked: frozenset[str]
    query: Callable[[str, Columns], Q]
    keep: Check[T] | None  # None lets everything through
    ids: Mapping[str, Sequence[str]] | None = None
    is_all_asked: bool = False  # whether the query says all that the filter does, so that who answers it may count


def bounded(where: Any) -> None:
    """Raises BadArgument for a list of a filter that is too long."""
    for name, given in vars(where).items():
        if type(given) is list and len(given) > MAX_VALUES:
            raise BadArgument(f"{to_camel_case(name)}: at most {MAX_VALUES} in a filter, not {len(given)}")


def named(facts: SourceFacts, sources: Collection[str] | None, kinds: Collection[SourceKind] | None) -> set[str]:
    """The configured sources that `sources` and `kinds` leave. Raises BadArgument for a name that is not configured,
    Forbidden for one that the caller may not read."""
    for name in sources or ():
        known(facts, name)
    return {
        name
        for name, own in facts.items()
        if (sources is None or name in sources) and (kinds is None or own.kind in kinds)
    }


def refuse_hidden(facts: SourceFacts, name: str) -> None:
    """Raises Forbidden for a source that the caller may not read."""
    if isinstance(facts, Visible) and name in facts.hidden:
        raise Forbidden(f"the source {name} is not for this caller: it needs the scope read or read:{name}")


def known(facts: SourceFacts, name: str) -> str:
    refuse_hidden(facts, name)
    if name not in facts:
        raise BadArgument(f"no source is called {name!r}; configured are: {', '.join(sorted(facts))}")
    return name


def knowing(facts: SourceFacts, needed: Iterable[tuple[Any, Fact]], of: Callable[[Facts], frozenset[Fact]]) -> set[str]:
    """The sources that know every fact whose filter is given."""
    facts_needed = {fact for value, fact in needed if value is not None}
    return {name for name, own in facts.items() if facts_needed <= of(own)}


def native_ids(facts: SourceFacts, ids: Iterable[str], type_name: str) -> dict[str, list[str]]:
    """Global ids as native ids by source. Raises InvalidKey for one that this graph, as configured, never issued."""
    ids = list(ids)
    if len(ids) > MAX_IDS:
        raise BadArgument(f"at most {MAX_IDS} ids of one kind in a filter, not {len(ids)}")
    by_source: dict[str, list[str]] = {}
    for global_id in ids:
        key = keys.decode(global_id, type_name)
        refuse_hidden(facts, key.source)
        if key.source not in facts:
            raise InvalidKey(f"the id is of source {key.source!r}; configured are: {', '.join(sorted(facts))}")
        by_source.setdefault(key.source, []).append(key.native_id)
    return by_source


def all_of(checks: Sequence[Check[T]]) -> Check[T] | None:
    """AND; None where there is no check: most lists have none, and it would be asked of every row."""
    if not checks:
        return None
    if len(checks) == 1:
        return checks[0]  # most lists have just one, and it is asked of every row
    return lambda row: all(check(row) for check in checks)
