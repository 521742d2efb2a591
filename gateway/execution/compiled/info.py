"""Info: what resolvers without arguments are given instead of strawberry's, once a request and not once a row."""

from __future__ import annotations

from typing import Any


class Elsewhere(Exception):  # never leaves this package
    """A resolver wants more of its `info` than the context: graphql-core runs it again with the whole."""


class ContextOnly:
    """strawberry's Info as far as all rows share it."""

    __slots__ = ("context",)

    def __init__(self, context: Any):
        self.context = context

    def __getattr__(self, name: str) -> Any:
        raise Elsewhere(name)
