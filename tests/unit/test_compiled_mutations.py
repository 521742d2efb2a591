"""The comparison with graphql-core has teeth: a copy of the compiled executor with one line changed is found out.

Each mutation names a line by a text that its module has once. After a rewrite that has other lines, take others: the
mistakes that they stand for are in the names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gateway.execution
from gateway.execution import compiled
from gateway.execution.documents import Prepared
from gateway.execution.executor import core
from resolvers.schema import schema
from tests.unit.hostile_worlds import World
from tests.unit.test_compiled_equals_core import DOCUMENTS, EVERYTHING, QUERIES, both

PACKAGE = compiled.__name__
VARIABLE = """query V($yes: Boolean!) { releases(first: 5) {
  nodes { name fleet { slug @include(if: $yes) name } ... @skip(if: $yes) { status } } } }"""
LISTS = """{ a: releases(first: 6) { nodes { id notes createdAt odd: fleet { name } } }
  b: releases(first: 6) { nodes { status } } }"""
NUMBERS = "{ releases(first: 6) { nodes { deviceCount } } fleets(first: 6) { nodes { deviceCount } } }"
TEXTS = (LISTS, NUMBERS, *EVERYTHING.values(), *(query.read_text() for query in QUERIES))
SEEDS = range(6)
CHANCES = ((0.05, 0.0), (0.2, 0.05), (0.0, 0.2))


@dataclass(frozen=True)
class Mutation:
    module: str
    before: str
    after: str


MUTATIONS = {
    "any value passes for a text": Mutation("leaves", 'GraphQLString: "type({0}) is str"', 'GraphQLString: "True"'),
    "any value passes for a number": Mutation(
        "leaves", "type({0}) is int and -2147483648 <= {0} <= 2147483647", "True"
    ),
    "what a serialiser gives may be null": Mutation(
        "leaves", "if coerced is None or coerced is Undefined:", "if coerced is Undefined:"
    ),
    "null where there must be none": Mutation(
        "writing",
        "return self._present(type_.of_type, of, at, details)",
        "return self.value(type_.of_type, of, at, details)",
    ),
    "all rows of a list have the path of the first": Mutation("writing", "(p, i, None)", "(p, 0, None)"),
    "one selection for all places of a type": Mutation("plans", "steps += (key, type_name)", "pass"),
    "variables of @skip and @include are not asked": Mutation(
        "plans", "variant = (name, *(variables.get(condition) for condition in self._conditions))", "variant = (name,)"
    ),
    "an error of a look-up has another path": Mutation(
        "regions", "Path(path(trail), self.key, self.parent.name)", "Path(path(trail), 'key', self.parent.name)"
    ),
    "what has to be waited for below a root field is left out": Mutation(
        "roots", "if len(notes) > 1 and any(notes[1:]):", "if False:"
    ),
    "an odd answer to a look-up is left out": Mutation(
        "settling",
        "pending = [_completed(under, slot, into, trail, answer) for into, answer, trail in odd]",
        "pending = []",
    ),
}


class Mutant(SourceFileLoader):
    """A module with one line changed."""

    mutation: Mutation

    def get_data(self, path: str) -> bytes:
        text = Path(path).read_text(encoding="utf-8")
        assert text.count(self.mutation.before) == 1, f"{path} does not have once: {self.mutation.before}"
        return text.replace(self.mutation.before, self.mutation.after).encode()

    def path_stats(self, path: str) -> dict[str, Any]:
        raise OSError  # so that no bytecode is read or written


class Finder:
    def __init__(self, mutation: Mutation | None):
        self._mutation = mutation

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if self._mutation is None or name != f"{PACKAGE}.{self._mutation.module}" or spec is None:
            return spec
        assert spec.origin is not None
        spec.loader = loader = Mutant(name, spec.origin)
        loader.mutation = self._mutation
        return spec


def copied(mutation: Mutation | None) -> ModuleType:
    """The package `compiled`, imported once more beside itself."""
    own = {name: module for name, module in sys.modules.items() if name.startswith(PACKAGE)}
    finder: Any = Finder(mutation)
    try:
        for name in own:
            del sys.modules[name]
        sys.meta_path.insert(0, finder)
        return __import__(PACKAGE, fromlist=["CompiledExecutor"])
    finally:
        sys.meta_path.remove(finder)
        for name in [one for one in sys.modules if one.startswith(PACKAGE)]:
            del sys.modules[name]
        sys.modules.update(own)
        gateway.execution.compiled = compiled


def asked(seeds: Iterable[int]) -> Iterator[tuple[Any, dict[str, Any], World]]:
    """Documents, each with the plans that a text of it has by then, over worlds that are the same each time."""
    for seed in seeds:
        for trouble, failures in CHANCES:
            for yes in (True, False):
                yield VARIABLE, {"yes": yes}, World(seed, 0.0, failures)
            for text in TEXTS:
                yield text, {}, World(seed, trouble, failures)


def differs(package: ModuleType, seeds: Iterable[int] = SEEDS) -> bool:
    """Whether any of it is answered otherwise than by graphql-core."""
    prepared: dict[str, Prepared] = {}
    for text, variables, world in asked(seeds):
        if text not in prepared:
            document = DOCUMENTS.prepare(text).document
            prepared[text] = Prepared(core(schema), document, package.Plans(document))
        own, plain = both(prepared[text], variables, world, package)
        if own != plain:
            return True
    return False


def test_the_copy_that_nothing_is_changed_in_answers_as_core_does() -> None:
    assert not differs(copied(None), SEEDS[:1])


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_a_changed_line_is_found_out(mutation: Mutation) -> None:
    assert differs(copied(mutation))
