"""Loaders: one per question, new for each request.

A loader splits its keys by source, asks those adapters at once, realigns the answers. An error of one source goes to
its keys alone. May import: federation, upstreams, graph, keys, errors. Holds no rule about releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiodataloader import DataLoader

from resolvers.federation.reading import Reading
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.loaders.by_key import Route, by_key, method
from resolvers.loaders.columns import ColumnsKey, columns_by_release
from resolvers.loaders.lists import FleetReleasesKey, releases_by_fleet
from resolvers.loaders.loader import Loader
from resolvers.upstreams.port import Upstream

__all__ = ["ColumnsKey", "FleetReleasesKey", "Loaders", "Route"]


class Loaders:
    """All loaders of one request, each made when first asked for.

    aiodataloader binds the running loop when built: make this inside it.
    """

    def __init__(self, upstreams: Mapping[str, Upstream]):
        self._upstreams = upstreams
        self._questions: dict[Question, DataLoader[Route, Any]] = {}
        self.columns_by_release_key: DataLoader[ColumnsKey, Mapping[str, Any] | None] = Loader(
            columns_by_release(upstreams)
        )
        self.releases_by_fleet_key: DataLoader[FleetReleasesKey, Reading[Release]] = Loader(
            releases_by_fleet(upstreams)
        )

    def forget(self) -> None:
        """After a change nothing that was read before it may be shown."""
        self._questions.clear()
        self.columns_by_release_key.clear_all()
        self.releases_by_fleet_key.clear_all()

    def to(self, question: Question) -> DataLoader[Route, Any]:
        """The loader of a question: by (source name, native id), what the question's port method answers."""
        if question not in self._questions:
            self._questions[question] = Loader(by_key(self._upstreams, method(question)))
        return self._questions[question]
