"""Info: what resolvers are given instead of strawberry's, which is made of one that graphql-core makes each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLResolveInfo
from graphql.pyutils import Path
from strawberry import Info

if TYPE_CHECKING:
    from gateway.execution.compiled.roots import Root, Running


class Elsewhere(Exception):  # never leaves this package
    """A resolver wants more of its `info` than the context: graphql-core runs it again with the whole."""


class ContextOnly:
    """strawberry's Info as far as all rows share it, for resolvers without arguments: one for all of a request."""

    __slots__ = ("context",)

    def __init__(self, context: Any):
        self.context = context

    def __getattr__(self, name: str) -> Any:
        raise Elsewhere(name)


class RootInfo:
    """strawberry's Info of a root field: the context at once, all else made when it is read."""

    __slots__ = ("_root", "_running", "context")

    def __init__(self, running: Running, root: Root):
        self.context = running.context
        self._running, self._root = running, root

    @property
    def _raw_info(self) -> RawInfo:
        return RawInfo(self._running, self._root)

    def __getattr__(self, name: str) -> Any:
        own = self._root.field.extensions["strawberry-definition"]
        return getattr(Info(_raw_info=self._raw_info.whole, _field=own), name)


class RawInfo:
    """graphql-core's info of a root field: where it is selected at once, all else made when it is read."""

    __slots__ = ("_root", "_running")

    def __init__(self, running: Running, root: Root):
        self._running, self._root = running, root

    @property
    def field_nodes(self) -> list[FieldNode]:
        return self._root.nodes

    @property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        return self._root.fragments

    @property
    def variable_values(self) -> Mapping[str, Any]:
        return self._running.variables.coerced

    @property
    def path(self) -> Path:
        return self._root.path

    @property
    def whole(self) -> GraphQLResolveInfo[Any]:
        root = self._root
        return self._running.core.build_resolve_info(root.field, root.nodes, root.parent, root.path)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)
