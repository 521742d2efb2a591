"""Which artifacts: ArtifactFilter as a selection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from resolvers.federation.filters.selection import (
    Check,
    Selection,
    SourceFacts,
    all_of,
    bounded,
    knowing,
    named,
    native_ids,
)
from resolvers.graph.artifact import Artifact
from resolvers.graph.inputs import ArtifactFilter
from resolvers.upstreams.port import ArtifactQuery, Fact

READS: Mapping[str, tuple[str, ...]] = {
    "sources": (),
    "kinds": ("kind",),
    "targets": ("target",),
    "digests": ("digests",),
    "release_ids": (),
}
"What each field of the filter reads of the rows it sifts; of other rows as `Fleet.name`."

ArtifactSelection = Selection[Artifact, ArtifactQuery]


def select(facts: SourceFacts, where: ArtifactFilter | None) -> ArtifactSelection:
    """`ids` of the selection are those of releases: their artifacts are looked up instead of a list being read.

    Raises BadArgument or InvalidKey for values that cannot be meant.
    """
    if where is not None:
        bounded(where)
    where = where or ArtifactFilter()
    release_ids = None if where.release_ids is None else native_ids(facts, where.release_ids, "Release")
    needed = [(where.targets, Fact.TARGET), (where.digests, Fact.DIGEST)]
    asked = named(facts, where.sources, None) & knowing(facts, needed, lambda own: own.artifact_facts)
    asked = {
        name for name in asked if not facts[name].artifact_kinds.isdisjoint(where.kinds or facts[name].artifact_kinds)
    }
    asked &= asked if release_ids is None else release_ids.keys()
    query = ArtifactQuery(
        kinds=None if where.kinds is None else tuple(where.kinds),
        targets=None if where.targets is None else tuple(where.targets),
        digests=None if where.digests is None else tuple(where.digests),
    )
    return Selection(
        asked=frozenset() if _is_empty(where) else frozenset(asked),
        query=lambda source, columns: replace(query, columns=columns),
        keep=all_of(list(_checks(where))),
        ids=release_ids,
    )


def _is_empty(where: ArtifactFilter) -> bool:
    return any(given == [] for given in (where.sources, where.kinds, where.targets, where.digests, where.release_ids))


def _checks(where: ArtifactFilter) -> Iterator[Check[Artifact]]:
    """One predicate for each field that is given; a null fact never matches."""
    if (kinds := where.kinds) is not None:
        yield lambda row: row.kind in kinds
    if (targets := where.targets) is not None:
        yield lambda row: row.target in targets
    if where.digests is not None:
        digests = {text.rpartition(":")[2].lower() for text in where.digests}
        yield lambda row: any(digest.value in digests for digest in row.digests)
