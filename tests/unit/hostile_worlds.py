"""Hostile worlds: sources in memory whose rows lack attributes, hold values of wrong types, and fail when asked.

All of a world follows from its seed, so that the same one can be asked twice; it is made from the schema, so that a new
field has its share of trouble.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from graphql import GraphQLObjectType, Undefined, get_named_type, is_list_type, is_non_null_type, is_object_type

from gateway.execution.executor import core
from resolvers.errors import UpstreamBroken
from resolvers.graph.lineage import Lineage
from resolvers.graph.release import Release
from resolvers.schema import schema
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.port import Chunk, Part
from tests.unit.fake_upstreams import ALL_FACTS

FACTS = dataclasses.replace(ALL_FACTS, parts=frozenset(Part))
EAST = timezone(timedelta(hours=9))
MOMENT = datetime(2026, 3, 4, 9, 3, 43, 920000, UTC)
IDS = tuple("012345")
ORDERED_BY = frozenset({"source_name", "native_id", "created_at", "name", "raw_version"})
"A list whose order fails shows none of its rows: these stay whole in it."

NATIVE = {"Release": "NativeRelease", "Fleet": "NativeFleet"}
ROWS = ("Release", "Fleet", "Artifact", "Cohort", "Build", "Deployment", "Device")


PRIMED = "fleets_by_id"
"Lists of fleets answer it as well, for whoever comes after them: it must not matter which of the two was first."


class Odd:
    """Nothing that any field is made for."""

    def __repr__(self) -> str:
        return "Odd()"


@dataclasses.dataclass
class Later:
    """A value that has to be awaited, as often as somebody likes."""

    value: Any

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


class Text(str):
    """As good as a str, and not one."""


ODD = (
    None,
    None,
    None,
    "text",
    7,
    {},
    {"a": 1},
    [],
    [None],
    (),
    {"a"},
    range(2),
    ValueError("odd"),
    Odd(),
    Undefined,
    MOMENT,
)
NEARLY: dict[type, tuple[Any, ...]] = {
    int: (2**31, -(2**31) - 1, 7.0, 7.5, "7", "seven", True, -1),
    str: (7, 1.5, float("nan"), True, b"text", Text("text"), Decimal("1.50")),
    bool: (0, 1, 0.0, float("inf"), "true"),
    float: (1, float("nan"), "1.5", Decimal("1.5"), True),
    datetime: (MOMENT.replace(tzinfo=None), MOMENT.date(), MOMENT.isoformat(), MOMENT.astimezone(EAST)),
}
"What is close to a type, and so perhaps taken for it."


class Draft(Release):
    """A class of its own, though it is shown as what it inherits."""


@dataclasses.dataclass
class World:
    """trouble: how likely each value of a row is odd, or missing; failures: each answer. From 0 to 1."""

    seed: int
    trouble: float
    failures: float

    def row(self, name: str, source: str, native_id: str, *, is_listed: bool = False) -> Any:
        """The object of a type with this id. is_listed: what lists are ordered by is as it should be."""
        luck = Random(f"{self.seed} {name} {source} {native_id}")
        made = self._made(name, luck, source_name=source, native_id=native_id)
        if name == "Release" and luck.random() < self.trouble / 4:
            made.__class__ = Draft
        self._spoil(made, name, luck, ORDERED_BY if is_listed else frozenset({"source_name", "native_id"}))
        return made

    def value(self, luck: Random, usual: Any) -> Any:
        return self._odd(luck, usual) if luck.random() < self.trouble else usual

    def is_unlucky(self, *about: str) -> bool:
        return Random(f"{self.seed} {about}").random() < self.failures

    def _odd(self, luck: Random, usual: Any) -> Any:
        if type(usual) not in NEARLY:
            return luck.choice((*ODD, (usual, usual)))
        # Only what is as it should be is awaited: where it were not, and must not be null, graphql-core cancels the
        # fields beside it, and with them look-ups that others wait for as well; the request ends, whoever executes it.
        return luck.choice((*ODD, *NEARLY[type(usual)], *NEARLY[type(usual)], Later(usual)))

    def _made(self, name: str, luck: Random, **given: Any) -> Any:
        type_ = core(schema).type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        own = type_.extensions["strawberry-definition"].origin
        shown = {field.extensions["strawberry-definition"].python_name: field.type for field in type_.fields.values()}
        for field in dataclasses.fields(own):
            if field.init and field.name not in given:
                made = (
                    self._of_type(shown[field.name], luck) if field.name in shown else self._private(field, name, luck)
                )
                given[field.name] = made
        return own(**given)

    def _of_type(self, type_: Any, luck: Random) -> Any:
        if is_non_null_type(type_):
            return self._of_type(type_.of_type, luck)
        if is_list_type(type_):
            return [self.value(luck, self._of_type(type_.of_type, luck)) for _ in range(luck.randrange(3))]
        if is_object_type(type_):
            made = self._made(type_.name, luck)
            self._spoil(made, type_.name, luck, frozenset())
            return made
        return self._leaf(get_named_type(type_), luck)

    def _leaf(self, type_: Any, luck: Random) -> Any:
        if hasattr(type_, "wrapped_cls"):
            return luck.choice(list(type_.wrapped_cls))
        usual: dict[str, Any] = {"Int": 3, "Float": 0.5, "Boolean": True, "DateTime": MOMENT, "JSON": {"b": [1, None]}}
        return {**usual, "ByteCount": 2**33}.get(type_.name, luck.choice(("one", "two")))

    def _private(self, field: Any, name: str, luck: Random) -> Any:
        usual: dict[str, Callable[[], Any]] = {
            "native_of": lambda: partial(self._native, name, luck.random()),
            "details_of": lambda: lambda: {"a": 1},
            "health_of": lambda: lambda: None,
            "cursor_of": lambda: lambda row: "cursor",
            "route": lambda: ("a", luck.choice(IDS)),
            "source_name": lambda: luck.choice("ab"),
            "raw_version": lambda: luck.choice(("1.2.3", "2.0.0-rc.1", "label", None)),
            "lineage": lambda: Lineage(),
            "release_native_ids": lambda: tuple(luck.sample(IDS, 2)),
            "has_all_releases": lambda: luck.random() < 0.5,
            "known_device_count": lambda: luck.choice((None, None, 5)),
        }
        if field.name in usual:
            return usual[field.name]()
        if field.name.endswith("native_id"):
            return luck.choice((*IDS, None))
        if field.name in ("known_tags", "tags_of"):
            return luck.choice((None, self.tags(luck)))
        return field.default

    def tags(self, luck: Random) -> list[Any]:
        return [self.value(luck, self._made("Tag", luck)) for _ in range(luck.randrange(3))]

    def _native(self, name: str, seed: float) -> Any:
        luck = Random(f"{self.seed} {seed}")
        type_ = luck.choice(core(schema).type_map[NATIVE[name]].types)  # type: ignore[attr-defined]
        made = self._made(type_.name, luck)
        self._spoil(made, type_.name, luck, frozenset())
        if self.is_unlucky("native", str(seed)):
            raise ValueError("the row cannot be read")
        return self.value(luck, made)

    def _spoil(self, made: Any, name: str, luck: Random, whole: frozenset[str]) -> None:
        for attribute in list(vars(made)):
            if attribute in whole:
                continue
            if luck.random() < self.trouble / 8:
                delattr(made, attribute)
            else:
                vars(made)[attribute] = self.value(luck, vars(made)[attribute])


@dataclasses.dataclass
class HostileUpstream:
    """One source of a world: asked by any method of the port that looks something up, it answers, or fails."""

    name: str
    world: World
    facts: Any = FACTS
    config_type: type[SourceConfig] = SourceConfig
    calls: list[str] = dataclasses.field(default_factory=list)

    def releases(self, query: Any) -> AsyncIterator[Chunk[Any]]:
        return self._listed("Release")

    def fleets(self, query: Any) -> AsyncIterator[Chunk[Any]]:
        return self._listed("Fleet")

    def artifacts(self, query: Any) -> AsyncIterator[Chunk[Any]]:
        return self._listed("Artifact")

    def devices(self, query: Any) -> AsyncIterator[Chunk[Any]]:
        return self._listed("Device")

    def __getattr__(self, name: str) -> Any:
        if "_by_" not in name:
            raise AttributeError(name)
        return partial(self._answers, name)

    async def _listed(self, type_name: str) -> AsyncIterator[Chunk[Any]]:
        await self._asked(type_name)
        yield Chunk([self.world.row(type_name, self.name, one, is_listed=True) for one in IDS])

    async def _answers(self, question: str, ids: Sequence[str], *columns: Any) -> dict[str, Any]:
        if question == PRIMED:
            return {one: self.world.row("Fleet", self.name, one, is_listed=True) for one in ids if one in IDS}
        await self._asked(question)
        answers = {one: self._answer(question, one, Random(f"{self.world.seed} {question} {one}")) for one in ids}
        return {one: answer for one, answer in answers.items() if answer is not Undefined}

    async def _asked(self, question: str) -> None:
        self.calls.append(question)
        await asyncio.sleep(0)
        if self.world.is_unlucky(self.name, question):
            raise UpstreamBroken(self.name, f"503 ({question})")

    def _answer(self, question: str, native_id: str, luck: Random) -> Any:
        if luck.random() < self.world.failures:
            return luck.choice((Undefined, UpstreamBroken(self.name, f"{question} {native_id}"), KeyError("ours")))
        usual = self._usual(question, native_id, luck)
        return self.world.value(luck, usual)

    def _usual(self, question: str, native_id: str, luck: Random) -> Any:
        what = question.partition("_by_")[0]
        others: dict[str, Callable[[], Any]] = {
            "tags": lambda: self.world.tags(luck),
            "is_deployed": lambda: True,
            "device_count": lambda: 3,
            "download_url": lambda: "https://example.com/file",
            "release_ids": lambda: luck.sample(IDS, 2),
            "columns": lambda: {"composition": {"services": {}}, "contract": None, "build_log": "done"},
        }
        if what in others:
            return others[what]()
        type_name = next(name for name in ROWS if name.lower() + "s" == what)
        if question.endswith("s_by_id"):
            return self.world.row(type_name, self.name, native_id)
        return [self.world.row(type_name, self.name, one, is_listed=True) for one in luck.sample(IDS, 3)]
