"""Sources in memory that speak the adapters' port: worlds no mock shows, asked through the whole graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from gateway.execution.documents import Documents
from gateway.execution.executor import Executor, Operation, core
from gateway.execution.limits import Limits
from resolvers.errors import UpstreamBroken
from resolvers.federation.product_lines import LineSpec
from resolvers.graph.artifact import Artifact
from resolvers.graph.enums import ArtifactKind, ReleaseStatus, SourceKind
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.graph.source import Source, SourceCapabilities
from resolvers.request import ListSettings, Request
from resolvers.schema import schema
from resolvers.sources import Sources
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.port import (
    ArtifactQuery,
    Chunk,
    Columns,
    Fact,
    Facts,
    Failure,
    FleetQuery,
    Found,
    ReleaseQuery,
    ReleasesBelow,
    Upstream,
)

KEY = b"the same on all workers, 32 byte"

ALL_FACTS = Facts(
    kind=SourceKind.BALENA,
    title="Fake",
    default_url=None,
    release_facts=frozenset(Fact),
    fleet_facts=frozenset(Fact),
    artifact_facts=frozenset(Fact),
    artifact_kinds=frozenset(ArtifactKind),
    release_statuses=frozenset(ReleaseStatus),
)


def release(source: str, native_id: str, **facts: Any) -> Release:
    given = {"name": native_id, "status": ReleaseStatus.AVAILABLE, "native_of": lambda: None, **facts}
    return Release(source_name=source, native_id=native_id, **given)


def fleet(source: str, native_id: str, **facts: Any) -> Fleet:
    return Fleet(source_name=source, native_id=native_id, **{"name": native_id, "native_of": lambda: None, **facts})


def artifact(source: str, native_id: str, **facts: Any) -> Artifact:
    return Artifact(source_name=source, native_id=native_id, **{"name": "f", "kind": ArtifactKind.FIRMWARE, **facts})


@dataclass
class FakeUpstream(Absent):
    """A source that ignores every filter, as an upstream may, and notes what it was asked.

    error: raised by every call. failures: ride along with the rows, which are still there.
    """

    name: str
    facts: Facts = ALL_FACTS
    rows: list[Release] = field(default_factory=list)
    own_fleets: list[Fleet] = field(default_factory=list)
    files: Mapping[str, Sequence[Artifact]] = field(default_factory=dict)  # by release's native id
    error: Exception | None = None
    failures: Sequence[Failure] = ()
    calls: list[tuple[str, Any]] = field(default_factory=list)
    config_type: type[SourceConfig] = SourceConfig
    identity: str = "ours"  # type: ignore[misc]  # not of a way out: it has none

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        self._asked("releases", query)
        yield Chunk(list(self.rows), self.failures)

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        self._asked("fleets", query)
        yield Chunk(list(self.own_fleets), self.failures)

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        self._asked("artifacts", query)
        yield Chunk([file for files in self.files.values() for file in files], self.failures)

    async def releases_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Release]:
        return self._found("releases_by_id", ids, {row.native_id: row for row in self.rows})

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        return self._found("fleets_by_id", ids, {row.native_id: row for row in self.own_fleets})

    async def artifacts_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Artifact]:
        return self._found("artifacts_by_id", ids, {one.native_id: one for own in self.files.values() for one in own})

    async def artifacts_by_release_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Artifact]]:
        return self._found("artifacts_by_release_id", ids, self.files)

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        self._asked("columns_by_release_id", (tuple(ids), columns))
        return {native_id: {} for native_id in ids}

    def _found(self, call: str, ids: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
        self._asked(call, tuple(ids))
        return {native_id: known[native_id] for native_id in ids if native_id in known}

    def _asked(self, call: str, what: Any) -> None:
        self.calls.append((call, what))
        if self.error is not None:
            raise self.error


def silent(upstream: FakeUpstream) -> None:
    upstream.error = UpstreamBroken(upstream.name, "503 (GET /)")


def sources(upstreams: Iterable[FakeUpstream]) -> Sources:
    by_name = {one.name: one for one in sorted(upstreams, key=lambda one: one.name)}
    facts = {name: one.facts for name, one in by_name.items()}
    return Sources(cast("dict[str, Upstream]", by_name), facts, {name: _source(name) for name in by_name})


def request(*upstreams: FakeUpstream, max_page_size: int = 200, product_lines: tuple[LineSpec, ...] = ()) -> Request:
    """A request's context over these sources. Call it inside the running loop."""
    return Request(sources(upstreams), ListSettings(KEY, max_page_size, product_lines))


@dataclass
class Graph:
    """The schema over these sources, asked without HTTP."""

    upstreams: Sequence[FakeUpstream]
    max_page_size: int = 200
    product_lines: tuple[LineSpec, ...] = ()

    async def reply(self, query: str, **variables: Any) -> dict[str, Any]:
        context = request(*self.upstreams, max_page_size=self.max_page_size, product_lines=self.product_lines)
        operation = Operation(query, None, variables)
        found = _EXECUTOR.find(operation)
        answer = await _EXECUTOR.run(found, operation, context, "the-request-id", tell_losses=True)
        return answer.body

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of a query that must not have errors."""
        reply = await self.reply(query, **variables)
        assert "errors" not in reply, reply["errors"]
        return cast("dict[str, Any]", reply["data"])

    async def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """The one error of a query that must have exactly one."""
        reply = await self.reply(query, **variables)
        assert len(reply.get("errors", ())) == 1, reply
        return cast("dict[str, Any]", reply["errors"][0])

    @property
    def calls(self) -> list[tuple[str, str]]:
        """(source, question) of every call made so far."""
        return [(one.name, call) for one in self.upstreams for call, _ in one.calls]


def _source(name: str) -> Source:
    capabilities = SourceCapabilities(
        operations=[], has_devices=False, has_cohorts=False, release_orders=[], pushed_down_filters=[]
    )
    return Source(name=name, kind=SourceKind.BALENA, capabilities=capabilities, health_of=lambda: None)


_LIMITS = Limits(max_depth=15, max_aliases=30, max_tokens=4000, max_rows=1_000_000, max_page=200)
_EXECUTOR = Executor(schema, Documents(core(schema), _LIMITS, 100), _LIMITS)
