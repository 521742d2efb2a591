"""Loaders: one per question, new for each request.

A loader splits its keys by source, asks those adapters at once, realigns the answers. An error of one source goes to
its keys alone. Whoever answers with rows is asked for the columns that the whole operation wants of their type, so that
a row serves every field that meets it; rows that came along with others are primed here, and nowhere else.

May import: federation, upstreams, graph, keys, errors. Holds no rule about releases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from aiodataloader import DataLoader

from resolvers.federation.columns import EVERYTHING, Wants
from resolvers.federation.reading import Reading
from resolvers.graph.columns import Columned
from resolvers.graph.fleet import Fleet
from resolvers.graph.node import Sourced
from resolvers.graph.questions import Question
from resolvers.graph.release import Release
from resolvers.loaders.by_key import Ask, Route, by_key, method
from resolvers.loaders.columns import ColumnsKey, columns_by_release
from resolvers.loaders.lists import FleetReleasesKey, releases_by_fleet
from resolvers.loaders.loader import Asked, Loader, Note, unnoted
from resolvers.loaders.pages import FleetPageKey, release_pages_by_fleet
from resolvers.upstreams.port import Found, Page, ReleasesBelow, Upstream

__all__ = ["Asked", "ColumnsKey", "FleetPageKey", "FleetReleasesKey", "Loaders", "Note", "Route", "unnoted"]

ROWS: Mapping[Question, str] = {
    Question.RELEASE: "Release",
    Question.FLEET: "Fleet",
    Question.ARTIFACT: "Artifact",
    Question.DEVICE: "Device",
    Question.DEPLOYMENT: "Deployment",
    Question.ARTIFACTS_OF_RELEASE: "Artifact",
    Question.DEPLOYMENTS_OF_RELEASE: "Deployment",
    Question.DEPLOYMENTS_OF_FLEET: "Deployment",
    Question.DEVICES_OF_FLEET: "Device",
}
"The questions that are asked with columns, each with the type of its rows."

_LOOK_UPS = {"Release": Question.RELEASE, "Fleet": Question.FLEET}
"What comes along answers these."


class Loaders:
    """All loaders of one request, each made when first asked for.

    A loader binds the running loop when built: make this inside it.

    wants: what the operation wants of each type; to be set before anything is asked. below: the page of releases that
    fleets bring along when they are looked up; it answers `release_page_by_fleet_key` for the same query and place.
    note: told of each source's part of each batch.
    """

    def __init__(self, upstreams: Mapping[str, Upstream], wants: Wants = EVERYTHING, note: Note = unnoted):
        self.wants = wants
        self.below: ReleasesBelow | None = None
        self._upstreams, self._note = upstreams, note
        self._questions: dict[Question, Loader[Route, Any]] = {}

    @cached_property
    def columns_by_release_key(self) -> DataLoader[ColumnsKey, Mapping[str, Any] | None]:
        return Loader(columns_by_release(self._upstreams), "columns_by_release_id", self._note)

    @cached_property
    def releases_by_fleet_key(self) -> DataLoader[FleetReleasesKey, Reading[Release]]:
        return Loader(releases_by_fleet(self._upstreams, self.received), "releases_by_fleet_id", self._note)

    @cached_property
    def release_page_by_fleet_key(self) -> DataLoader[FleetPageKey, Page[Release] | None]:
        return Loader(release_pages_by_fleet(self._upstreams, self.received), "release_pages_by_fleet_id", self._note)

    def forget(self) -> None:
        """After a change nothing that was read before it may be shown."""
        self._questions.clear()
        for name in ("columns_by_release_key", "releases_by_fleet_key", "release_page_by_fleet_key"):
            vars(self).pop(name, None)

    def to(self, question: Question) -> Loader[Route, Any]:
        """The loader of a question: by (source name, native id), what the question's port method answers."""
        loader = self._questions.get(question)
        if loader is None:
            batch = by_key(self._upstreams, self._asking(question))
            loader = self._questions[question] = Loader(batch, question, self._note)
        return loader

    def received(self, rows: Sequence[Any]) -> None:
        """Rows have come: what they brought along answers questions that were not asked yet."""
        # Rows that share what came with them mostly share the list of it.
        lists = {id(along): along for row in rows if (along := row.along)}
        for one in {id(one): one for along in lists.values() for one in along}.values():
            self.prime(one)
        if rows and isinstance(rows[0], Fleet):  # rows of one answer are of one type
            for row in rows:
                self._received_pages(row)

    def _received_pages(self, row: Sourced) -> None:
        for below, page in row.pages.items():
            self.release_page_by_fleet_key.prime((*row.route, below.query, below.place), page)
            self.received(page.rows)

    def below_for(self, upstream: Upstream) -> ReleasesBelow | None:
        """What fleets of this source should bring along: nothing, where it does not keep the order itself."""
        is_kept = self.below is not None and self.below.query.order_field in upstream.facts.release_paging
        return self.below if is_kept else None

    def prime(self, row: Sourced) -> None:
        """The row answers for itself from now on, if it has all that would be asked of it."""
        type_name = type(row).__name__
        if row.has(self.wants.of(type_name)):
            self.to(_LOOK_UPS[type_name]).prime(row.route, row)

    def _asking(self, question: Question) -> Ask[Any]:
        if question not in ROWS:
            return method(question)

        async def ask(upstream: Upstream, ids: Sequence[str]) -> Found[Any]:
            below = (self.below_for(upstream),) if question is Question.FLEET else ()
            found = await getattr(upstream, question)(ids, self.wants.of(ROWS[question]), *below)
            for one in found.values():
                self.received([one] if isinstance(one, Columned) else one if isinstance(one, list | tuple) else ())
            return cast("Found[Any]", found)

        return ask
