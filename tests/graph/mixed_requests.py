"""Mixed requests: what a gateway is asked over a long time, each by its number, so that no two runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import Any, NamedTuple

from benchmarks.workloads import global_id

FIELDS = ("id", "name", "status", "revision", "createdAt", "notes", "nativeId", "sourceName")
PAGE = """query Page($first: Int!) {
  releases(first: $first) { nodes { id name status createdAt fleet { id name slug } } } }"""
ONE = "query One($id: ID!) { release(id: $id) { id name status notes } }"
CREATE = 'mutation M%d { createRelease(input: {fleetId: "%s", version: "9.9.9"}) { release { name } } }'


class Mixed(NamedTuple):
    body: dict[str, Any]
    headers: dict[str, str]


def request(number: int, ids: Sequence[str]) -> Mixed:
    """One of ten kinds. ids: global ones of releases."""
    luck = Random(number)
    one = luck.choice(ids)
    body, headers = _KINDS[number % len(_KINDS)](number, one, luck)
    return Mixed(body, headers)


def _new_document(number: int, one: str, luck: Random) -> Any:
    fields = " ".join(f"a{number}x{place}: {luck.choice(FIELDS)}" for place in range(8))
    return {"query": f'{{ release(id: "{one}") {{ {fields} fleet {{ name }} }} }}'}, {}


def _page(number: int, one: str, luck: Random) -> Any:
    return {"query": PAGE, "variables": {"first": 10 + number % 40}}, {}


def _by_id(number: int, one: str, luck: Random) -> Any:
    return {"query": ONE, "variables": {"id": one}}, {}


def _not_there(number: int, one: str, luck: Random) -> Any:
    return {"query": ONE, "variables": {"id": global_id("one", 10**6 + number)}}, {}


def _no_such_field(number: int, one: str, luck: Random) -> Any:
    return {"query": f"{{ nothing{number} {{ id }} }}"}, {}


def _no_graphql(number: int, one: str, luck: Random) -> Any:
    return {"query": f"{{ releases( {number}"}, {}


def _refused_change(number: int, one: str, luck: Random) -> Any:
    return {"query": CREATE % (number % 50, one)}, {}


def _left_here(number: int, one: str, luck: Random) -> Any:
    text = f'query P{number} {{ release(id: "{one}") {{ name }} }}'
    named = {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}
    return {"query": text, "extensions": {"persistedQuery": named}}, {}


def _many_at_once(number: int, one: str, luck: Random) -> Any:
    return {
        "query": f'{{ a: release(id: "{one}") {{ name }} b: releases(first: {1 + number % 9}) {{ totalCount }} }}'
    }, {}


def _another_caller(number: int, one: str, luck: Random) -> Any:
    # Columns that nobody else asks for: the upstream of the benchmarks tells callers apart by what they ask alone.
    headers = {"x-request-id": f"request-{number}", "x-one-token": f"token-{number}"}
    return {"query": "query Other($id: ID!) { release(id: $id) { revision } }", "variables": {"id": one}}, headers


_KINDS = (
    _new_document,
    _page,
    _by_id,
    _not_there,
    _no_such_field,
    _no_graphql,
    _refused_change,
    _left_here,
    _many_at_once,
    _another_caller,
)
