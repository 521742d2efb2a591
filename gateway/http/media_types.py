"""Media types of GraphQL over HTTP: which one a reply has, and which status follows from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
MULTIPART = "multipart/mixed"
"Of answers in parts, and only where it is named: who takes anything can mostly read JSON alone."
OLDER_DRAFT = "deferspec=20220824"
_WEIGHT = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)")
HEADERS = {name: f"{name}; charset=utf-8".encode() for name in (GRAPHQL, JSON)}
"Of replies, as they are sent."


def chosen(accept: str) -> str:
    """The reply's media type for an Accept header: what it prefers of the two, JSON where it leaves it open.

    Where it takes neither, see `is_acceptable`: parts if it takes these, else JSON too.
    """
    return _preferred(accept) or (MULTIPART if takes_parts(accept) else JSON)


def is_acceptable(accept: str) -> bool:
    """Whether it takes either of the two."""
    return _preferred(accept) is not None


@lru_cache(maxsize=256)  # clients send a few, always the same
def _preferred(accept: str) -> str | None:
    if not accept.strip():
        return JSON
    ranges = [_range(part) for part in accept.split(",")]
    weights = {name: _weight(name, ranges) for name in (GRAPHQL, JSON)}
    named = {name for name, _ in ranges}
    # Between equals what is named goes first, then GraphQL's own if it is named, then JSON.
    best = max((GRAPHQL, JSON), key=lambda name: (weights[name], name in named, (name == GRAPHQL) == (name in named)))
    return best if weights[best] > 0 else None


def _range(part: str) -> tuple[str, float]:
    """A media range and its weight, by RFC 9110; a weight that cannot be read is none, and counts as 1."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    return name, float(weight) if _WEIGHT.fullmatch(weight) else 1.0


def _weight(name: str, ranges: Sequence[tuple[str, float]]) -> float:
    """By the narrowest range that the type is in."""
    for wanted in (name, "application/*", "*/*"):
        weights = [weight for given, weight in ranges if given == wanted]
        if weights:
            return max(weights)
    return 0.0


@lru_cache(maxsize=256)
def takes_parts(accept: str) -> bool:
    return any(name in (MULTIPART, "multipart/*") and weight > 0 for name, weight in map(_range, accept.split(",")))


def is_of_older_draft(accept: str) -> bool:
    """Whether parts are asked for in the words of August 2022, as Apollo's clients do unless told otherwise."""
    return any(OLDER_DRAFT in part.lower().replace(" ", "").split(";") for part in accept.split(","))


def status_of(media_type: str, *, was_executed: bool) -> int:
    """An operation that could not be used is 400 under GraphQL's own type, and 200 under JSON, as it always was."""
    return 200 if was_executed or media_type == JSON else 400


def wants_html(accept: str) -> bool:
    """Whether a person's browser asks: HTML is named, and comes before any JSON."""
    names = [part.partition(";")[0].strip() for part in accept.split(",")]
    data = [index for index, name in enumerate(names) if name in (JSON, GRAPHQL)]
    return "text/html" in names and (not data or names.index("text/html") < data[0])
