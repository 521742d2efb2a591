"""Workloads: what is asked, over which sources, and how much must come back."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

A = """query A($first: Int!) {
  releases(first: $first) { nodes { id name status revision createdAt notes fleet { id name slug } } }
}"""
B = """query B($first: Int!) {
  releases(first: $first) { nodes { id sourceName nativeId name status nativeStatus createdAt } }
}"""
C = """query C($id: ID!) {
  release(id: $id) { id name status revision createdAt notes }
}"""
BELOW_FLEETS = """query BelowFleets($first: Int!) {
  fleets(first: 10) { nodes { name releases(first: $first) { nodes { id name status createdAt } } } }
}"""


@dataclass(frozen=True, slots=True)
class Source:
    """One source over its own world of the upstream."""

    kind: str
    seed: int
    rows: int

    def url(self, upstream: str) -> str:
        return f"{upstream}/w{self.seed}-{self.rows}/{self.kind}"


@dataclass(frozen=True, slots=True)
class Workload:
    """variables: of the requests, which take turns. objects: how many rows an answer has."""

    name: str
    title: str
    text: str
    sources: Mapping[str, Source]
    variables: Sequence[Mapping[str, Any]]
    objects: int

    def bodies(self, operation: str) -> list[bytes]:
        """POST bodies; `operation` is the name that peers without GraphQL know the question by."""
        return [
            orjson.dumps({"query": self.text, "operationName": operation, "variables": one}) for one in self.variables
        ]


DIFFERENT = 64
"Requests of a page that differ: as many as are in flight at most."

ONE = {"one": Source("balena", 1, 100)}
THREE = {"one": Source("balena", 1, 100), "three": Source("buildmaster", 1, 100), "two": Source("balena", 2, 100)}


def workloads(release_ids: Sequence[int]) -> dict[str, Workload]:
    """By name. release_ids: balena's own, of the source `one`."""
    ids = [{"id": global_id("one", number)} for number in release_ids]
    listed = (
        Workload("A", "100 releases of balena, each with its fleet", A, ONE, _pages(100), 100),
        Workload("B", "three sources merged in one order, 3 x 100 releases", B, THREE, _pages(300), 300),
        Workload("C", "one release by id, each time another", C, ONE, ids, 1),
    )
    return {workload.name: workload for workload in listed}


def _pages(rows: int) -> list[dict[str, int]]:
    """All rows there are, asked for as so many or some more: what is asked of balena then differs, and the answer not.

    Identical reads that are in flight together are made once here, and a run asks one question alone: unless requests
    differ, it would show how well they are shared and not what one costs.
    """
    return [{"first": rows + more} for more in range(DIFFERENT)]


def rows_below_fleets(rows: int) -> Workload:
    """So many releases (of tens) in one answer, in ten pages: the most rows of one page are a thousand."""
    # Two releases of a world are of a fleet that comes eleventh.
    source = Source("balena", 1, rows + 2)
    return Workload("rows", f"{rows} rows", BELOW_FLEETS, {"one": source}, [{"first": rows // 10}], rows)


def many_sources(count: int) -> Workload:
    """A page of 100 over so many sources of 100 releases each: every other one is balena, the rest BuildMaster."""
    kinds = ("balena", "buildmaster")
    sources = {f"source-{place:02}": Source(kinds[place % 2], place + 1, 100) for place in range(count)}
    return Workload("sources", f"{count} sources", B, sources, [{"first": 100}], 100)


def global_id(source: str, native_id: int) -> str:
    return base64.urlsafe_b64encode(f"1:Release:{source}:{native_id}".encode()).decode().rstrip("=")


def objects_of(data: Mapping[str, Any]) -> int:
    """Rows of an answer, for all workloads."""
    if "release" in data:
        return int(data["release"] is not None)
    if "releases" in data:
        return len(data["releases"]["nodes"])
    return sum(len(fleet["releases"]["nodes"]) for fleet in data["fleets"]["nodes"])
