"""Unsupported: what GraphQL knows and this server does not do, told in words that say so.

graphql-core says of all of it that it is unknown to the schema, as if it were a typing error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType

from resolvers.errors import ReleasegraphError

MAX_MESSAGE = 200
"Characters: it holds the literal."

PARTS = {f"Unknown directive '@{name}'.": name for name in ("defer", "stream")}
SUBSCRIPTION = (
    "subscriptions are not supported: this schema has none; ask a query again for news, whose answers are remembered "
    "for some seconds"
)


def told(errors: Sequence[GraphQLError], document: DocumentNode) -> list[GraphQLError]:
    """The errors of a document's validation."""
    return [*_subscriptions(document), *(_plain(error) for error in errors if not _is_of_subscription(error))]


def _subscriptions(document: DocumentNode) -> Iterator[GraphQLError]:
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and node.operation is OperationType.SUBSCRIPTION:
            yield GraphQLError(SUBSCRIPTION, node)


def _is_of_subscription(error: GraphQLError) -> bool:
    nodes = error.nodes or ()
    return any(
        isinstance(node, OperationDefinitionNode) and node.operation is OperationType.SUBSCRIPTION for node in nodes
    )


def _unread(error: GraphQLError) -> GraphQLError:
    """Python may not read a literal, such as a number of thousands of digits: no mistake of ours, and shown in part."""
    message = error.message if len(error.message) <= MAX_MESSAGE else f"{error.message[:MAX_MESSAGE]}…"
    return GraphQLError(message, error.nodes)


def _plain(error: GraphQLError) -> GraphQLError:
    name = PARTS.get(error.message)
    if name is None:
        return error if isinstance(error.original_error, ReleasegraphError | None) else _unread(error)
    return GraphQLError(f"@{name} is not supported: answers come whole, in one reply; leave it out", error.nodes)
