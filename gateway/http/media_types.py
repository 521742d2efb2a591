"""Media types of GraphQL over HTTP: which one a reply has, and which status follows from it."""

from __future__ import annotations

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HEADERS = {name: f"{name}; charset=utf-8".encode() for name in (GRAPHQL, JSON)}
"Of replies, as they are sent."


def chosen(accept: str) -> str:
    """The reply's media type for an Accept header: GraphQL's own where it is named, JSON for everyone else."""
    return GRAPHQL if GRAPHQL in accept else JSON


def status_of(media_type: str, *, was_executed: bool) -> int:
    """An operation that could not be used is 400 under GraphQL's own type, and 200 under JSON, as it always was."""
    return 200 if was_executed or media_type == JSON else 400


def wants_html(accept: str) -> bool:
    """Whether a person's browser asks: HTML is named, and comes before any JSON."""
    names = [part.partition(";")[0].strip() for part in accept.split(",")]
    data = [index for index, name in enumerate(names) if name in (JSON, GRAPHQL)]
    return "text/html" in names and (not data or names.index("text/html") < data[0])
