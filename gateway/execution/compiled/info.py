"""Info: what resolvers are given instead of strawberry's, which is made of one that graphql-core makes each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql.execution.executor import to_nodes
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
    def _raw_info(self) -> Any:
        root = self._root
        return self._running.core.build_resolve_info(root.field, to_nodes(root.details), root.parent, root.path)

    def __getattr__(self, name: str) -> Any:
        own = self._root.field.extensions["strawberry-definition"]
        return getattr(Info(_raw_info=self._raw_info, _field=own), name)
