"""Members: the fleets of product lines, found once for everyone who asks, all of one source together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiodataloader import DataLoader

from resolvers.errors import UpstreamError
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming, line_of
from resolvers.federation.reading import Reading, read_whole, skipped
from resolvers.graph.fleet import Fleet
from resolvers.graph.lineage import MEMBER
from resolvers.graph.questions import Question
from resolvers.lists import Desk
from resolvers.lists.lines.settling import settled
from resolvers.loaders import Route
from resolvers.upstreams.port import FleetQuery

Answer = Sequence[Fleet] | Exception
"The fleets that are meant: none when there are none, several when a name is no one fleet's own."


@dataclass(frozen=True, slots=True)
class Member:
    """One fleet of a line, or why it is not known what an operator means by `ref`."""

    ref: FleetRef
    fleet: Fleet | UpstreamError


class Found(DataLoader[FleetRef, Sequence[Fleet]]):
    """The fleets that are meant by a reference. Make it inside the running loop."""

    def __init__(self, desk: Desk):
        super().__init__()
        self._desk = desk

    async def batch_load_fn(self, refs: list[FleetRef]) -> list[Any]:
        by_source: dict[str, list[FleetRef]] = {}
        for ref in refs:
            by_source.setdefault(ref.source, []).append(ref)
        parts = await asyncio.gather(*(self._of_source(source, own) for source, own in by_source.items()))
        found = {ref: answer for part in parts for ref, answer in part.items()}
        return [found[ref] for ref in refs]

    async def _of_source(self, source: str, refs: Sequence[FleetRef]) -> Mapping[FleetRef, Answer]:
        """Also what nobody expected is the trouble of this source alone."""
        kinds = {naming: [ref for ref in refs if ref.naming is naming] for naming in Naming}
        asked = {naming: self._asked(source, naming, own) for naming, own in kinds.items() if own}
        answers = await asyncio.gather(*asked.values(), return_exceptions=True)
        found: dict[FleetRef, Answer] = {}
        for naming, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Exception):
                found.update(dict.fromkeys(kinds[naming], answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.update(answer)
        return found

    async def _asked(self, source: str, naming: Naming, refs: Sequence[FleetRef]) -> Mapping[FleetRef, Answer]:
        fleets = self._desk.loaders.to(Question.FLEET)
        if naming is Naming.ID:
            rows = await asyncio.gather(*(fleets.load((source, ref.value)) for ref in refs), return_exceptions=True)
            return {ref: _one(row) for ref, row in zip(refs, rows, strict=True)}
        values = tuple(ref.value for ref in refs)
        columns = self._desk.columns("Fleet", *MEMBER)
        query = FleetQuery(slugs=values) if naming is Naming.SLUG else FleetQuery(names=values)
        stream = self._desk.sources.upstreams[source].fleets(replace(query, columns=columns))
        reading = await read_whole(
            source, self._desk.arriving(stream), lambda row: any(ref.means(row) for ref in refs), ()
        )
        for fleet in reading.rows:  # a release of one of them need not ask for it again
            self._desk.loaders.prime(fleet)
        return {ref: _meant(ref, reading) for ref in refs}


class Members:
    """Make it inside the running loop."""

    def __init__(self, desk: Desk, specs: Sequence[LineSpec]):
        self._desk, self._specs = desk, specs
        self._found = Found(desk)

    async def of(self, spec: LineSpec) -> list[Member]:
        """In the order of the configuration; a fleet that is not there is left out, one named twice comes once."""
        answers = await asyncio.gather(*map(self._settled, spec.fleets))
        members: dict[object, Member] = {}
        for ref, answer in zip(spec.fleets, answers, strict=True):
            for fleet in [answer] if isinstance(answer, UpstreamError) else answer:
                members.setdefault(ref if isinstance(fleet, UpstreamError) else fleet.route, Member(ref, fleet))
        return list(members.values())

    async def line_of(self, fleet: Route) -> LineSpec | None:
        """The line of a fleet that is known by its route only. Raises the upstream's error."""
        refs = [(spec, ref) for spec in self._specs for ref in spec.fleets if ref.source == fleet[0]]
        for spec, ref in refs:
            if ref.naming is Naming.ID and ref.value == fleet[1]:
                return spec
        if all(ref.naming is Naming.ID for _, ref in refs):
            return None
        found: Fleet | None = await self._desk.loaders.to(Question.FLEET).load(fleet)
        return None if found is None else line_of(self._specs, found)

    async def native_ids(self, specs: Iterable[LineSpec], source: str) -> Reading[str]:
        """Of the lines' fleets in one source; a source without any is skipped. Ids cost no call."""
        refs = list(dict.fromkeys(ref for spec in specs for ref in spec.fleets if ref.source == source))
        if not refs:
            return skipped(source)
        told = [ref.value for ref in refs if ref.naming is Naming.ID]
        answers = await asyncio.gather(*(self._settled(ref) for ref in refs if ref.naming is not Naming.ID))
        errors = [answer for answer in answers if isinstance(answer, UpstreamError)]
        found = [fleet.native_id for one in answers if not isinstance(one, UpstreamError) for fleet in one]
        return Reading(source, [*told, *found], errors, is_lost=len(errors) == len(refs))

    async def _settled(self, ref: FleetRef) -> Sequence[Fleet] | UpstreamError:
        return await settled(ref.source, self._found.load(ref))


def _one(row: Fleet | BaseException | None) -> Answer:
    if isinstance(row, Exception):
        return row
    if isinstance(row, BaseException):
        raise row
    return [] if row is None else [row]


def _meant(ref: FleetRef, reading: Reading[Fleet]) -> Answer:
    """What did not come may be in the part that failed."""
    found = [fleet for fleet in reading.rows if ref.means(fleet)]
    return reading.errors[0] if not found and reading.errors else found
