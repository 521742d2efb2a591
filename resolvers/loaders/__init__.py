"""Loaders: one per question, new for each request.

A loader splits its keys by source, asks those adapters at once, realigns the answers. An error of one source goes to
its keys alone. May import: federation, upstreams, graph, keys, errors. Holds no rule about releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiodataloader import DataLoader

from resolvers.federation.reading import Reading
from resolvers.graph.artifact import Artifact
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.loaders.by_key import Ask, Route, by_key
from resolvers.loaders.columns import ColumnsKey, columns_by_release
from resolvers.loaders.lists import FleetReleasesKey, releases_by_fleet
from resolvers.upstreams.port import Upstream

__all__ = ["ColumnsKey", "FleetReleasesKey", "Loaders", "Route"]


class Loaders:
    """All loaders of one request. aiodataloader binds the running loop when built: build them inside it."""

    def __init__(self, upstreams: Mapping[str, Upstream]):
        def loader(ask: Ask[Any]) -> DataLoader[Route, Any]:
            return DataLoader(by_key(upstreams, ask))

        self.release_by_key: DataLoader[Route, Release | None] = loader(lambda one, ids: one.releases_by_id(ids))
        self.fleet_by_key: DataLoader[Route, Fleet | None] = loader(lambda one, ids: one.fleets_by_id(ids))
        self.artifact_by_key: DataLoader[Route, Artifact | None] = loader(lambda one, ids: one.artifacts_by_id(ids))
        self.artifacts_by_release_key: DataLoader[Route, list[Artifact] | None] = loader(
            lambda one, ids: one.artifacts_by_release_id(ids)
        )
        self.columns_by_release_key: DataLoader[ColumnsKey, Mapping[str, Any] | None] = DataLoader(
            columns_by_release(upstreams)
        )
        self.releases_by_fleet_key: DataLoader[FleetReleasesKey, Reading[Release]] = DataLoader(
            releases_by_fleet(upstreams)
        )
