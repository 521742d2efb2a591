"""Asking NervesHub. Scopes are products; a product's list of firmwares holds its releases and its artifacts at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.artifact import Artifact
from resolvers.graph.fleet import Fleet
from resolvers.graph.release import Release
from resolvers.transport.credentials import FixedHeaders
from resolvers.transport.kept import Kept
from resolvers.transport.session import Http
from resolvers.upstreams import payload, scopes
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.nerveshub import FACTS, STATUSES, Config, normalise
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.rows import FirmwareRow, ListEnvelope, OrgRow, ProductRow
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import ArtifactQuery, Chunk, Facts, Failure, FleetQuery, Found, ReleaseQuery
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")


class NervesHub:
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        # `token` is accepted for Bearer too: the older command line client sends that.
        headers = {"Authorization": f"Bearer {config.token.get_secret_value()}"}
        self.http = http.signed(FixedHeaders(headers), STATUSES)
        self.config = config
        self._kept = Kept(partial(self._catalogue, is_session=True))

    async def releases(self, query: ReleaseQuery) -> AsyncIterator[Chunk[Release]]:
        async def read(product: Product) -> Chunk[Release]:
            answer = await self._firmware_rows(product)
            releases = normalise.releases(self.http.source, product, answer.rows)
            return Chunk(releases, answer.failures(product.native_id))

        catalogue = await self._discovered()
        wanted = catalogue.found if query.fleet_ids is None else query.fleet_ids
        if catalogue.error is not None and (query.fleet_ids is None or not set(wanted) <= set(catalogue.found)):
            yield Chunk(failures=(Failure(catalogue.error),))
        products = [product for i in catalogue.found if i in wanted and (product := Product.of(i))]
        async for chunk in scopes.side_by_side(products, read, lambda product: product.native_id):
            yield chunk

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        """One call for the products of all orgs."""
        answer = await self._catalogue()
        yield Chunk(list(answer.found.values()), () if answer.error is None else (Failure(answer.error),))

    async def artifacts(self, query: ArtifactQuery) -> AsyncIterator[Chunk[Artifact]]:
        async for chunk in self.releases(ReleaseQuery()):
            yield Chunk([file for release in chunk.rows for file in _files(release)], chunk.failures)

    async def releases_by_id(self, ids: Sequence[str]) -> Found[Release]:
        """A call for each product: NervesHub finds no firmware by its version."""

        async def find(product: Product) -> Answer[Release]:
            answer = await self._firmware_rows(product)
            found = normalise.releases(self.http.source, product, answer.rows)
            return Answer({release.native_id: release for release in found}, answer.error)

        return await self._look_up(ids, find)

    async def fleets_by_id(self, ids: Sequence[str]) -> Found[Fleet]:
        wanted = [native_id for native_id in ids if (product := Product.of(native_id)) and self._has(product)]
        return await scopes.look_up((asked, self._catalogue()) for asked in [wanted] if asked)

    async def artifacts_by_id(self, ids: Sequence[str]) -> Found[Artifact]:
        """A call for each product: one for each firmware would grow with the rows."""

        async def find(product: Product) -> Answer[Artifact]:
            answer = await self._firmware_rows(product)
            found = normalise.artifacts(self.http.source, product, answer.rows)
            return Answer({artifact.native_id: artifact for artifact in found}, answer.error)

        return await self._look_up(ids, find)

    async def artifacts_by_release_id(self, ids: Sequence[str]) -> Found[Sequence[Artifact]]:
        found = await self.releases_by_id(ids)
        return {i: each if isinstance(each, UpstreamError) else _files(each) for i, each in found.items()}

    async def columns_by_release_id(self, ids: Sequence[str], columns: frozenset[str]) -> Found[Mapping[str, Any]]:
        return {}

    async def _look_up(self, ids: Sequence[str], find: Callable[[Product], Awaitable[Answer[T]]]) -> Found[T]:
        """Ids of three parts, the first two a product: one `find` for each product."""
        groups: dict[Product, list[str]] = {}
        for native_id in ids:
            if (route := keys.split(native_id, 3)) and self._has(product := Product(*route[:2])):
                groups.setdefault(product, []).append(native_id)
        if not groups:
            return {}
        catalogue = await self._discovered()

        async def answer(product: Product) -> Answer[T]:
            known = product.native_id in catalogue.found
            return await find(product) if known else Answer({}, catalogue.error)

        return await scopes.look_up((own, answer(product)) for product, own in groups.items())

    async def _discovered(self) -> Answer[Fleet]:
        """The catalogue as kept; one with a gap serves only who waited for it."""
        catalogue = await self._kept.get()
        if catalogue.error is not None:
            self._kept.forget()
        return catalogue

    async def _catalogue(self, *, is_session: bool = False) -> Answer[Fleet]:
        """The products in scope by native id; with an error, some of them are not known."""
        orgs = await self._rows("/api/orgs", OrgRow, query="?include=products", is_session=is_session)
        chosen = self.config.organizations
        inside = [row for row in orgs.rows if not chosen or row.name in chosen]
        answers = await scopes.settled(self._products_of(row, is_session) for row in inside)
        return scopes.together([Answer({}, orgs.error), *answers])

    async def _products_of(self, org: OrgRow, is_session: bool) -> Answer[Fleet]:
        rows = await self._product_rows(org, is_session)
        routes = ((Product(org.name, row.name), row) for row in rows.rows)
        fleets = (normalise.fleet(self.http.source, *route) for route in routes if self._has(route[0]))
        return Answer({fleet.native_id: fleet for fleet in fleets}, rows.error)

    async def _product_rows(self, org: OrgRow, is_session: bool) -> Rows[ProductRow]:
        """As the org brought them along; a server that does not know `include` is asked for each org."""
        if bytes(org.products) in (b"", b"null"):
            return await self._rows(f"/api/orgs/{_quoted(org.name)}/products", ProductRow, is_session=is_session)
        at = f"$.data[{org.name}].products"
        return payload.decode_rows(self.http.source, "GET /api/orgs", org.products, ProductRow, at)

    async def _firmware_rows(self, product: Product) -> Rows[FirmwareRow]:
        return await self._rows(
            f"/api/orgs/{_quoted(product.org)}/products/{_quoted(product.name)}/firmwares", FirmwareRow
        )

    async def _rows(self, path: str, row: type[T], *, query: str = "", is_session: bool = False) -> Rows[T]:
        body = await self.http.get(path + query, is_session=is_session)
        envelope = payload.decode(self.http.source, f"GET {path}", body, ListEnvelope)
        return payload.decode_rows(self.http.source, f"GET {path}", envelope.data, row, "$.data")

    def _has(self, product: Product) -> bool:
        """Whether the configuration lets it in; whether it exists is another question."""
        organizations, products = self.config.organizations, self.config.products
        is_named = not products or product.name in products or f"{product.org}/{product.name}" in products
        return is_named and (not organizations or product.org in organizations)


def _files(release: Release) -> Sequence[Artifact]:
    return release.artifacts_of() if release.artifacts_of else []


def _quoted(name: str) -> str:
    return quote(name, safe="")
