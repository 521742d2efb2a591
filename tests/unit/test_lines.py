"""Product lines over worlds no mock shows: how fleets are named, what is looked up, and whose trouble is whose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from resolvers.errors import UpstreamBroken
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming
from resolvers.graph.cohort import Cohort
from resolvers.graph.enums import ReleaseStatus
from resolvers.graph.lineage import Lineage
from resolvers.graph.release import Release
from resolvers.upstreams.port import Chunk, Fact, Found, Incomplete, Part, ReleaseQuery, VersionCounts
from tests.unit.fake_upstreams import ALL_FACTS, FakeUpstream, Graph, fleet, release

COMMIT = "57d0a1b2c3d4e5f60718293a4b5c6d7e8f901234"
WITH_COHORTS = replace(ALL_FACTS, parts=frozenset({Part.COHORTS, Part.DEVICES}))


@dataclass
class Source(FakeUpstream):
    """A source with cohorts and devices by version. revisions: those it was asked for, call by call."""

    cohorts: Sequence[Cohort] = ()
    counts: dict[str, VersionCounts] = field(default_factory=dict)

    async def cohorts_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Cohort]]:
        return self._found("cohorts_by_fleet_id", ids, dict.fromkeys(ids, self.cohorts))

    async def version_counts_by_fleet_id(self, ids: Sequence[str]) -> Found[VersionCounts]:
        return self._found("version_counts_by_fleet_id", ids, self.counts)

    @property
    def revisions(self) -> list[tuple[str, ...]]:
        asked = [what for _, what in self.calls if isinstance(what, ReleaseQuery)]
        return [query.revisions for query in asked if query.revisions is not None]


def line(*refs: FleetRef, name: str = "Hub") -> LineSpec:
    return LineSpec(name, refs)


def by_id(source: str, native_id: str = "f") -> FleetRef:
    return FleetRef(source, Naming.ID, native_id)


def holding(name: str, *versions: str, fleet_id: str = "f", **more: Any) -> Source:
    """A source with one fleet and a release of each version."""
    rows = [release(name, f"{fleet_id}-{one}", raw_version=one, fleet_native_id=fleet_id) for one in versions]
    return Source(name, rows=rows, own_fleets=[fleet(name, fleet_id)], **more)


def over(*sources: Source, lines: Sequence[LineSpec] = ()) -> Graph:
    """With all their fleets `f` in one line, unless other lines are given."""
    return Graph(sources, product_lines=tuple(lines) or (line(*(by_id(one.name) for one in sources)),))


async def drift(graph: Graph) -> dict[str, Any]:
    reply = await graph.reply(
        """{ productLines { drift { isInSync newest { raw } rows { fleet { sourceName nativeId } cohort { nativeId }
          targetVersion { raw } latestVersion { raw } behindBy
          deviceCounts { version { raw } count } otherDevices } } } }"""
    )
    return {**reply["data"]["productLines"][0]["drift"], "errors": reply.get("errors", [])}


# How fleets are named


@pytest.mark.parametrize(
    ("naming", "value", "found"),
    [
        (Naming.ID, "1", ["1"]),
        (Naming.SLUG, "acme/hub", ["1"]),
        (Naming.NAME, "hub", ["1", "2"]),
        (Naming.NAME, "Hub", []),
        (Naming.ID, "9", []),
    ],
)
async def test_a_fleet_is_found_by_the_word_it_is_named_by(naming: Naming, value: str, found: list[str]) -> None:
    fleets = [fleet("a", "1", slug="acme/hub", name="hub"), fleet("a", "2", slug="umbra/hub", name="hub")]
    graph = over(Source("a", own_fleets=fleets), lines=[line(FleetRef("a", naming, value))])

    data = await graph.data("{ productLines { fleets { nodes { nativeId productLine { name } } } } }")

    nodes = data["productLines"][0]["fleets"]["nodes"]
    assert nodes == [{"nativeId": one, "productLine": {"name": "Hub"}} for one in found]


async def test_a_fleet_that_is_named_twice_has_one_row() -> None:
    source = Source("a", own_fleets=[fleet("a", "1", slug="acme/hub")])
    graph = over(source, lines=[line(by_id("a", "1"), FleetRef("a", Naming.SLUG, "acme/hub"))])

    assert [row["fleet"]["nativeId"] for row in (await drift(graph))["rows"]] == ["1"]


async def test_lines_of_one_source_ask_for_their_fleets_together() -> None:
    source = Source("a", own_fleets=[fleet("a", "1", slug="acme/hub"), fleet("a", "2", slug="acme/sink")])
    lines = [line(FleetRef("a", Naming.SLUG, slug), name=slug) for slug in ("acme/hub", "acme/sink")]

    await over(source, lines=lines).data("{ productLines { drift { isInSync } } }")

    assert [call for call, _ in source.calls if call.startswith("fleets")] == ["fleets"]
    assert [call for call, _ in source.calls].count("releases") == 1


async def test_fleets_of_lines_by_id_cost_no_call_of_a_filter() -> None:
    source = holding("a", "1.0.0")

    await over(source).data('{ releases(filter: { productLines: ["Hub"] }) { nodes { name } } }')

    assert [call for call, _ in source.calls] == ["releases"]


# Drift


async def test_a_target_that_is_not_among_the_fleet_s_releases_is_looked_up() -> None:
    source = holding("a", "1.0.0", "2.0.0")
    source.rows.append(release("a", "host", raw_version="1.5.0", fleet_native_id="other"))
    source.own_fleets[0].target_release_native_id = "host"

    found = await drift(over(source))

    assert [(row["targetVersion"], row["behindBy"]) for row in found["rows"]] == [({"raw": "1.5.0"}, 1)]


async def test_everything_on_the_newest_version_is_in_sync() -> None:
    sources = [holding(name, "1.0.0", "2.0.0") for name in "ab"]
    for source in sources:
        source.own_fleets[0].target_release_native_id = "f-2.0.0"

    found = await drift(over(*sources))

    assert (found["isInSync"], found["newest"], [row["behindBy"] for row in found["rows"]]) == (
        True,
        {"raw": "2.0.0"},
        [0, 0],
    )


async def test_a_draft_or_what_was_taken_back_is_nobody_s_newest() -> None:
    source = holding("a", "1.0.0", "2.0.0", "3.0.0", "4.0.0")
    source.rows[1].status = ReleaseStatus.INVALIDATED
    source.rows[2].status = ReleaseStatus.DRAFT
    source.rows[3].lineage = Lineage(counts=False)

    assert (await drift(over(source)))["newest"] == {"raw": "1.0.0"}


async def test_devices_beyond_ten_versions_are_counted_together() -> None:
    counts = {f"1.{minor}.0": minor + 1 for minor in range(13)}
    source = holding("a", "1.0.0", facts=WITH_COHORTS, counts={"f": VersionCounts(counts)})

    (row,) = (await drift(over(source)))["rows"]

    assert [one["count"] for one in row["deviceCounts"]] == list(range(13, 3, -1))
    assert row["otherDevices"] == 3 + 2 + 1


async def test_counts_that_came_with_the_releases_are_not_asked_for() -> None:
    source = holding("a", "1.0.0", "2.0.0", facts=WITH_COHORTS)
    for number, row in enumerate(source.rows):
        row.known_device_count = number

    (row,) = (await drift(over(source)))["rows"]

    assert row["deviceCounts"] == [{"version": {"raw": "2.0.0"}, "count": 1}]
    assert "version_counts_by_fleet_id" not in [call for call, _ in source.calls]


async def test_cohorts_that_came_in_part_are_followed_by_a_row_of_errors() -> None:
    cohort = Cohort(
        source_name="a", native_id="f/beta", name="beta", fleet_native_id="f", current_release_native_id="f-1.0.0"
    )
    cohorts = Incomplete([cohort], UpstreamBroken("a", "one row"))
    source = holding("a", "1.0.0", "2.0.0", facts=WITH_COHORTS, cohorts=cohorts)

    found = await drift(over(source))

    assert [row["cohort"] for row in found["rows"]] == [None, {"nativeId": "f/beta"}, None]
    assert [row["behindBy"] for row in found["rows"]] == [None, 1, None]
    assert {tuple(error["path"][:4]) for error in found["errors"]} == {("productLines", 0, "drift", "rows")}
    assert {error["path"][4] for error in found["errors"]} == {2}


async def test_a_mistake_of_one_adapter_costs_its_own_rows() -> None:
    well, ill = holding("a", "1.0.0"), holding("b", "2.0.0")
    ill.error = RuntimeError("secret")

    found = await drift(over(well, ill))

    assert [row["latestVersion"] for row in found["rows"]] == [{"raw": "1.0.0"}, None]
    assert found["newest"] == {"raw": "1.0.0"}
    assert {error["extensions"]["code"] for error in found["errors"]} == {"INTERNAL"}
    assert "secret" not in str(found["errors"])


async def test_nothing_is_called_in_sync_while_a_source_is_silent() -> None:
    well, ill = holding("a", "1.0.0"), holding("b", "2.0.0")
    well.own_fleets[0].target_release_native_id = "f-1.0.0"
    ill.error = UpstreamBroken("b", "503")

    assert (await drift(over(well, ill)))["isInSync"] is None


# Counterparts

TOLD = """releases(first: 200, filter: { sources: ["a"] }) { nodes { name
  counterparts { rule release { sourceName name } } } }"""


def counterparts(data: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    return {
        node["name"]: [
            (one["rule"], one["release"]["sourceName"], one["release"]["name"]) for one in node["counterparts"]
        ]
        for node in data["releases"]["nodes"]
    }


async def test_a_commit_is_asked_of_all_sources_that_know_commits_fifty_at_a_time() -> None:
    commits = [f"{number:040x}" for number in range(120)]
    rows = [release("a", one, revision=one, fleet_native_id="f") for one in commits]
    knowing, ignorant = Source("b"), Source("c", facts=replace(ALL_FACTS, release_facts=frozenset({Fact.VERSION})))

    await Graph([Source("a", rows=rows), knowing, ignorant]).data(f"{{ {TOLD} }}")

    assert [len(asked) for asked in knowing.revisions] == [50, 50, 20]
    assert {commit for asked in knowing.revisions for commit in asked} == set(commits)
    assert ignorant.calls == []


async def test_a_commit_beats_a_version_and_one_that_was_taken_back_is_still_the_same() -> None:
    here = release("a", "here", raw_version="1.0.0", revision=COMMIT, fleet_native_id="f")
    there = release(
        "b", "there", raw_version="1.0.0", revision=COMMIT, fleet_native_id="f", status=ReleaseStatus.INVALIDATED
    )
    draft = release("b", "draft", revision=COMMIT, fleet_native_id="g", status=ReleaseStatus.DRAFT)
    graph = over(
        Source("a", rows=[here], own_fleets=[fleet("a", "f")]),
        Source("b", rows=[there, draft], own_fleets=[fleet("b", "f")]),
    )

    assert counterparts(await graph.data(f"{{ {TOLD} }}")) == {"here": [("REVISION", "b", "there")]}


async def test_a_version_counts_within_its_line_only() -> None:
    sources = [holding(name, "1.0.0") for name in "abc"]
    graph = over(*sources, lines=[line(by_id("a"), by_id("b")), line(by_id("c"), name="Other")])

    assert counterparts(await graph.data(f"{{ {TOLD} }}")) == {"f-1.0.0": [("VERSION", "b", "f-1.0.0")]}


async def test_without_commit_and_line_nobody_is_asked() -> None:
    source, other = holding("a", "1.0.0"), holding("b", "1.0.0")

    data = await Graph([source, other]).data(f"{{ {TOLD} }}")

    assert counterparts(data) == {"f-1.0.0": []}
    assert other.calls == []


@dataclass
class Widening(Source):
    """Sends other commits than it was asked for."""

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        self.calls.append(("releases", query))
        yield Chunk([release("b", "stray", revision="f" * 40, fleet_native_id="g")])


async def test_a_source_that_ignores_the_filter_adds_no_counterpart() -> None:
    here = release("a", "here", revision=COMMIT, fleet_native_id="f")

    data = await Graph([Source("a", rows=[here]), Widening("b")]).data(f"{{ {TOLD} }}")

    assert counterparts(data) == {"here": []}
