"""Order: one total order over the rows of all sources: (order key, source name, native id).

Keys compare as we say, not as any upstream does: text by code point after NFC, instants cut to milliseconds, versions
by knowledge.versions, ids as integers where they are. Rows without a key stand last in both directions; between equals
the source's name and the native id always ascend.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, total_ordering
from operator import attrgetter
from typing import Any, Generic, TypeVar

from resolvers.graph.enums import FleetOrderField, OrderDirection, ReleaseOrderField
from resolvers.graph.fleet import Fleet
from resolvers.graph.inputs import FleetOrder, ReleaseOrder
from resolvers.graph.node import Placed
from resolvers.graph.product_line import ReleaseTrain
from resolvers.graph.release import Release
from resolvers.knowledge import versions

T = TypeVar("T", bound=Placed)
OrderKey = int | str | None
Rank = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_EARLIEST = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LATEST = 221_845_392_000_000  # the year 9000, in milliseconds

MAX_KEY_BYTES = 112
MAX_ID_BYTES = 112
"Both are bounded so that a cursor stays within 512 bytes; texts that agree that far are told apart by what follows."


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row stands: all that a cursor has to remember of it."""

    key: OrderKey
    source: str
    native_id: str  # as `bounded_id` gives it


@dataclass(frozen=True, slots=True)
class Keys(Generic[T]):
    """What an order compares: each row's key, of one type or null, and how two texts compare; numbers as they are."""

    of: Callable[[T], OrderKey]
    type: type[int] | type[str]
    comparable: Callable[[Any], Any] = lambda key: key

    all: Callable[[Iterable[T]], list[OrderKey]] | None = None  # the same of many rows, where that is quicker

    def of_all(self, rows: Iterable[T]) -> list[OrderKey]:
        return [self.of(row) for row in rows] if self.all is None else self.all(rows)


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """An order of rows. `name` says which, for cursors; it is the same when the order is turned round."""

    name: str
    keys: Keys[T]
    is_descending: bool = False
    is_backward: bool = False  # last row first: how a page from the back is read

    @property
    def backward(self) -> Order[T]:
        return replace(self, is_backward=not self.is_backward)

    def position(self, row: T) -> Position:
        return Position(self.keys.of(row), row.source_name, bounded_id(row.native_id))

    def rank(self, position: Position) -> Rank:
        """What positions sort by, ascending."""
        return self._rank(position.key, position.source, position.native_id)

    def rank_of(self, row: T) -> Rank:
        return self.ranks((row,))[0]

    def ranks(self, rows: Sequence[T], keys: Sequence[OrderKey] | None = None) -> list[Rank]:
        """The rank of each, without a Position: a whole list may be ranked. keys: of the rows, where they are known."""
        keys = self.keys.of_all(rows) if keys is None else keys
        if self.keys.type is not int or self.is_backward or None in keys:
            return [self._rank(key, row.source_name, row.native_id) for key, row in zip(keys, rows, strict=True)]
        # The usual case, written out.
        numbers = self._ascending(keys)
        return [
            (0, number, row.source_name, _id_rank(row.native_id)) for number, row in zip(numbers, rows, strict=True)
        ]

    def groups(self, keys: Sequence[OrderKey]) -> list[Any]:
        """What tells the tie groups of these keys apart, and sorts like them. None is not among them."""
        if self.keys.type is int:
            numbers = self._ascending(keys)
            return [-number for number in numbers] if self.is_backward else numbers
        return [self.key_rank(key) for key in keys]

    def _ascending(self, keys: Sequence[Any]) -> list[Any]:
        return [-key for key in keys] if self.is_descending else list(keys)

    def key_rank(self, key: OrderKey) -> Rank:
        """What keys alone sort by: rows of equal key are one tie group."""
        rank = self._key_rank(key)
        return (_Descending(rank),) if self.is_backward else rank

    def _rank(self, key: OrderKey, source: str, native_id: str) -> Rank:
        group, comparable = self._key_rank(key)
        rank = (group, comparable, source, _id_rank(native_id))
        return (_Descending(rank),) if self.is_backward else rank

    def _key_rank(self, key: OrderKey) -> tuple[int, Any]:
        if key is None:
            return (1, 0)
        if isinstance(key, int):
            return (0, -key if self.is_descending else key)  # numbers need nothing that turns them round
        comparable = self.keys.comparable(key)
        return (0, _Descending(comparable) if self.is_descending else comparable)


@total_ordering
class _Descending:
    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.value == other.value)

    def __lt__(self, other: _Descending) -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def releases(order: ReleaseOrder | None) -> Order[Release]:
    """Newest first unless another order is asked."""
    asked = order or ReleaseOrder()
    return _releases(asked.field, asked.direction)


@lru_cache
def _releases(field: ReleaseOrderField, direction: OrderDirection) -> Order[Release]:
    return Order(f"releases {field.value} {direction.value}", _RELEASE_KEYS[field], direction is OrderDirection.DESC)


def fleets(order: FleetOrder | None) -> Order[Fleet]:
    """By name unless another order is asked."""
    asked = order or FleetOrder()
    name = f"fleets {asked.field.value} {asked.direction.value}"
    return Order(name, _FLEET_KEYS[asked.field], _is_descending(asked))


def trains() -> Order[ReleaseTrain]:
    """By version, highest first: the fixed order of trains. Which spelling stands for a train makes no difference."""
    return Order("trains", Keys(lambda row: bounded_text(row.raw_version), str, _precedence), is_descending=True)


def by_id(name: str) -> Order[Any]:
    """By source name and native id: the fixed order of artifacts, devices and cohorts."""
    return Order(name, Keys(_no_key, int))


def newest_first(name: str) -> Order[Any]:
    """By creation, newest first: the fixed order of builds and deployments."""
    return Order(name, _instants("created_at"), is_descending=True)


def bounded_id(native_id: str) -> str:
    """The native id, or for a very long one its beginning and a digest: still one id, one position."""
    if len(native_id) <= MAX_ID_BYTES:  # native ids are percent-encoded: characters are bytes
        return native_id
    digest = hashlib.blake2b(native_id.encode(), digest_size=8).hexdigest()
    return f"{native_id[: MAX_ID_BYTES - 17]}~{digest}"


def bounded_text(text: str) -> str:
    """Text as an order key: NFC, at most MAX_KEY_BYTES of UTF-8, cut between code points."""
    return unicodedata.normalize("NFC", text).encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def milliseconds(moment: datetime | None) -> int | None:
    """An instant as an order key: balena prints milliseconds of times it stores finer, so nobody is read finer."""
    if moment is None:
        return None
    since = moment - _EPOCH
    # Division of timedeltas takes twice as long, and every row of a list comes here.
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _instants(attribute: str) -> Keys[Any]:
    """Keys by an instant of the rows."""
    of = attrgetter(attribute)

    def every(rows: Iterable[Any]) -> list[OrderKey]:
        moments = list(map(of, rows))
        if None in moments:
            return [milliseconds(moment) for moment in moments]
        return [(moment - _EPOCH) // _MILLISECOND for moment in moments]

    return Keys(lambda row: milliseconds(of(row)), int, all=every)


def moment(key: OrderKey) -> datetime | None:
    """The instant behind a key, within the years any upstream takes; None for a key that is none."""
    return _EPOCH + min(max(_EARLIEST, key), _LATEST) * _MILLISECOND if isinstance(key, int) else None


def _version_key(row: Release) -> str | None:
    return None if row.raw_version is None else bounded_text(row.raw_version)


def _version_rank(raw: str) -> Any:
    return versions.understand(raw).order_key


def _precedence(raw: str) -> Any:
    return versions.understand(raw).precedence


def _no_key(row: object) -> None:
    """Nothing but source name and native id decide."""


def _is_descending(order: FleetOrder) -> bool:
    return order.direction is OrderDirection.DESC


@lru_cache(maxsize=65536)
def _id_rank(native_id: str) -> Rank:
    """Of the whole id, or of what a cursor holds of it: the same."""
    parts = bounded_id(native_id).split("/")
    return tuple((0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts)


_RELEASE_KEYS: dict[ReleaseOrderField, Keys[Release]] = {
    ReleaseOrderField.CREATED_AT: _instants("created_at"),
    ReleaseOrderField.UPDATED_AT: _instants("updated_at"),
    ReleaseOrderField.VERSION: Keys(_version_key, str, _version_rank),
    ReleaseOrderField.NAME: Keys(lambda row: bounded_text(row.name), str),
}
_FLEET_KEYS: dict[FleetOrderField, Keys[Fleet]] = {
    FleetOrderField.NAME: Keys(lambda row: bounded_text(row.name), str),
    FleetOrderField.CREATED_AT: _instants("created_at"),
}
