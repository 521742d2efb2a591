"""Loaders: one per question, new for each request.

A loader splits its keys by source, asks those adapters at once, realigns the answers. An error of one source goes to
its keys alone. Whoever answers with rows is asked for the columns that the whole operation wants of their type, so that
a row serves every field that meets it; rows that came along with others are primed here, and nowhere else.

May import: federation, upstreams, graph, keys, errors. Holds no rule about releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from resolvers.upstreams.port import Columns, Found, Page, ReleasesBelow, Upstream

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

MOST_HELD = 1000
"Rows of one answer that are kept until somebody asks for what they brought along."


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
        self._received: list[Sequence[Any]] = []

    @cached_property
    def columns_by_release_key(self) -> DataLoader[ColumnsKey, Mapping[str, Any] | None]:
        return Loader(columns_by_release(self._upstreams), "columns_by_release_id", self._note)

    @cached_property
    def releases_by_fleet_key(self) -> DataLoader[FleetReleasesKey, Reading[Release]]:
        return Loader(releases_by_fleet(self._upstreams, self.received), "releases_by_fleet_id", self._note)

    @property
    def release_page_by_fleet_key(self) -> DataLoader[FleetPageKey, Page[Release] | None]:
        self._look_through()
        return self._release_page_by_fleet_key

    @cached_property
    def _release_page_by_fleet_key(self) -> DataLoader[FleetPageKey, Page[Release] | None]:
        return Loader(release_pages_by_fleet(self._upstreams, self.received), "release_pages_by_fleet_id", self._note)

    def forget(self) -> None:
        """After a change nothing that was read before it may be shown."""
        self._questions.clear()
        self._received.clear()
        for name in ("columns_by_release_key", "releases_by_fleet_key", "_release_page_by_fleet_key"):
            vars(self).pop(name, None)

    def to(self, question: Question) -> Loader[Route, Any]:
        """The loader of a question: by (source name, native id), what the question's port method answers."""
        self._look_through()
        return self._loader(question)

    def _loader(self, question: Question) -> Loader[Route, Any]:
        loader = self._questions.get(question)
        if loader is None:
            batch = by_key(self._upstreams, self._asking(question))
            loader = self._questions[question] = Loader(batch, question, self._note)
        return loader

    def received(self, rows: Sequence[Any]) -> None:
        """Rows have come: what they brought along answers questions that were not asked yet.

        They are looked through once the first is asked: mostly each row shows what it brought along itself.
        """
        if len(rows) > MOST_HELD:
            self._look_into(rows)
        elif rows:
            self._received.append(rows)

    def _look_through(self) -> None:
        if self._received:
            received, self._received = self._received, []
            for rows in received:
                self._look_into(rows)

    def _look_into(self, rows: Sequence[Any]) -> None:
        """A row that is none of the graph's is for those to tell who meet it: here others are asking."""
        # Rows that share what came with them mostly share the list of it.
        lists = {id(along): along for row in rows if isinstance(row, Columned) and (along := row.along)}
        self._prime({id(one): one for along in lists.values() for one in along}.values())
        if rows and isinstance(rows[0], Fleet):  # rows of one answer are of one type
            for row in rows:
                self._received_pages(row)

    def _received_pages(self, row: Sourced) -> None:
        for below, page in row.pages.items():
            self._release_page_by_fleet_key.prime((*row.route, below.query, below.place), page)
            self._look_into(page.rows)

    def below_for(self, upstream: Upstream) -> ReleasesBelow | None:
        """What fleets of this source should bring along: nothing, where it does not keep the order itself."""
        is_kept = self.below is not None and self.below.query.order_field in upstream.facts.release_paging
        return self.below if is_kept else None

    def prime(self, row: Sourced) -> None:
        """The row answers for itself from now on, if it has all that would be asked of it."""
        self._prime((row,))

    def _prime(self, rows: Iterable[Sourced]) -> None:
        loaders: dict[type[Sourced], tuple[Columns, Loader[Route, Any]]] = {}
        for row in rows:
            kind = type(row)
            if kind not in loaders:
                loaders[kind] = self.wants.of(kind.__name__), self._loader(_LOOK_UPS[kind.__name__])
            wanted, loader = loaders[kind]
            if row.has(wanted):
                loader.prime(row.route, row)

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
