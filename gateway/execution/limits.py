"""Limits: how large an operation may be, told before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.execution.repeats import Counted
from gateway.settings import Server
from resolvers.errors import ReleasegraphError


class QueryTooComplex(ReleasegraphError):
    """The operation exceeds a limit of this server: the message says by how much."""

    code = "QUERY_TOO_COMPLEX"


@dataclass(frozen=True, slots=True)
class Limits:
    max_depth: int
    max_aliases: int
    max_tokens: int
    max_rows: int
    max_page: int  # rows of one list
    max_repeats: int = 50  # of one field at one place
    max_cost: int = 1000  # upstream calls of one operation
    max_characters: int = 100_000  # of a document
    max_root_fields: int = 30
    max_directives: int = 50  # of one operation
    max_directives_here: int = 5  # at one place

    @classmethod
    def of(cls, server: Server) -> Limits:
        """Those that are set."""
        return cls(
            server.max_depth,
            server.max_aliases,
            server.max_tokens,
            server.max_rows,
            server.max_page_size,
            server.max_repeats,
            server.max_cost,
            server.max_characters,
            server.max_root_fields,
            server.max_directives,
            server.max_directives_here,
        )


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    aliases: int = 0


def check(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """One error for each limit that an operation of the document exceeds. The document is valid: no fragment cycles."""
    measure = _Measure(document)
    sizes = [
        measure.of(node.selection_set) for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    told = (
        ("a depth of", max((size.depth for size in sizes), default=0), limits.max_depth),
        ("a number of aliases of", max((size.aliases for size in sizes), default=0), limits.max_aliases),
    )
    return [too_complex(what, found, limit) for what, found, limit in told if found > limit]


def check_numbers(found: Counted, limits: Limits) -> list[GraphQLError]:
    """Likewise for what a document has many of, valid or not."""
    told = (
        ("one field at one place a number of times of", found.repeats, limits.max_repeats),
        ("a number of root fields of", found.root_fields, limits.max_root_fields),
        ("a number of directives of", found.directives, limits.max_directives),
        ("at one place a number of directives of", found.directives_at_one_place, limits.max_directives_here),
    )
    return [too_complex(what, count, limit) for what, count, limit in told if count > limit]


def too_complex(what: str, found: int | str, limit: int) -> GraphQLError:
    error = QueryTooComplex(f"the operation has {what} {found}; this server takes at most {limit}")
    return GraphQLError(str(error), original_error=error)


class QueryTooDear(QueryTooComplex):
    """It may take more upstream calls than one operation may make."""

    def __init__(self, cost: int, limit: int):
        super().__init__(f"the operation may take {cost} upstream calls; this server makes at most {limit} for one")
        self.cost, self.limit = cost, limit

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "cost": self.cost, "limit": self.limit}


def too_dear(cost: int, limit: int) -> GraphQLError:
    error = QueryTooDear(cost, limit)
    return GraphQLError(str(error), original_error=error)


class _Measure:
    """Depth and aliases of selections, fragments counted wherever they are spread. Introspection is not counted:
    its tools ask deep, and it costs no upstream anything."""

    def __init__(self, document: DocumentNode):
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}

    def of(self, within: SelectionSetNode | None) -> _Size:
        sizes = [self._node(node) for node in within.selections] if within is not None else []
        return _Size(max((size.depth for size in sizes), default=0), sum(size.aliases for size in sizes))

    def _node(self, node: object) -> _Size:
        if isinstance(node, FieldNode):
            return self._field(node)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        return self.of(getattr(node, "selection_set", None))

    def _field(self, node: FieldNode) -> _Size:
        if node.name.value.startswith("__"):
            return _Size()
        inner = self.of(node.selection_set)
        return _Size(inner.depth + 1, inner.aliases + (node.alias is not None))

    def _fragment(self, name: str) -> _Size:
        if name not in self._known:
            self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]
