"""The products in scope, and look-ups by product: what every part of the adapter builds on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.fleet import Fleet
from resolvers.transport.http import Http
from resolvers.transport.kept import Kept
from resolvers.upstreams import scopes
from resolvers.upstreams.absent import Absent
from resolvers.upstreams.config import SourceConfig, bearer, letting_in
from resolvers.upstreams.nerveshub import FACTS, STATUSES, Config, normalise
from resolvers.upstreams.nerveshub.api import Api
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.rows import OrgRow
from resolvers.upstreams.port import Chunk, Columns, Facts, Failure, FleetQuery, Found, ReleasesBelow
from resolvers.upstreams.prices import Learnt, ScopeCount
from resolvers.upstreams.scopes import Answer

T = TypeVar("T")
Find = Callable[[Product, Sequence[str]], Awaitable[Answer[T]]]
"Looks up ids that all are of one product."


class Products(Absent):
    facts: ClassVar[Facts] = FACTS
    config_type: ClassVar[type[SourceConfig]] = Config

    def __init__(self, http: Http, config: Config):
        # `token` is accepted for Bearer too: the older command line client sends that.
        self.http = http.signed(letting_in(http.source, config, config.token, bearer), STATUSES)
        self.config = config
        self.api = Api(self.http)
        self._kept = Kept(self.http.credentials, partial(self._catalogue, is_session=True), source=self.http.source)
        self._scopes = Learnt()

    @property
    def scope_count(self) -> ScopeCount | None:
        return self._scopes.count

    async def fleets(self, query: FleetQuery) -> AsyncIterator[Chunk[Fleet]]:
        """One call for the products of all orgs."""
        answer = await self._catalogue()
        yield Chunk(list(answer.found.values()), () if answer.error is None else (Failure(answer.error),))

    async def fleets_by_id(
        self, ids: Sequence[str], columns: Columns = None, below: ReleasesBelow | None = None
    ) -> Found[Fleet]:
        wanted = [native_id for native_id in ids if (product := Product.of(native_id)) and self.has(product)]
        return await scopes.look_up((asked, self._catalogue()) for asked in [wanted] if asked)

    def has(self, product: Product) -> bool:
        """Whether the configuration lets it in; whether it exists is another question."""
        organizations, products = self.config.organizations, self.config.products
        is_named = not products or product.name in products or f"{product.org}/{product.name}" in products
        return is_named and (not organizations or product.org in organizations)

    def route(self, native_id: str, parts: int) -> tuple[Product, tuple[str, ...]] | None:
        """An id of so many parts as its product and the rest; None for one that cannot be meant, or is out of scope."""
        route = keys.split(native_id, parts)
        product = Product(*route[:2]) if route else None
        return (product, route[2:]) if route and product and self.has(product) else None

    async def chunks(
        self, fleet_ids: Sequence[str] | None, read: Callable[[Product], Awaitable[Chunk[T]]]
    ) -> AsyncIterator[Chunk[T]]:
        """A chunk for each product that exists, of those asked for; what a gap in the catalogue may hide is told."""
        catalogue = await self._discovered()
        wanted = catalogue.found if fleet_ids is None else fleet_ids
        if catalogue.error is not None and (fleet_ids is None or not set(wanted) <= set(catalogue.found)):
            yield Chunk(failures=(Failure(catalogue.error),))
        products = [product for i in catalogue.found if i in wanted and (product := Product.of(i))]
        async for chunk in scopes.side_by_side(products, read, lambda product: product.native_id):
            yield chunk

    async def look_up(self, ids: Sequence[str], parts: int, find: Find[T]) -> Found[T]:
        """Ids of so many parts, the first two a product: one `find` for each product."""
        groups: dict[Product, list[str]] = {}
        for native_id in dict.fromkeys(ids):
            if route := self.route(native_id, parts):
                groups.setdefault(route[0], []).append(native_id)
        if not groups:
            return {}
        catalogue = await self._discovered()

        async def answer(product: Product, own: Sequence[str]) -> Answer[T]:
            known = product.native_id in catalogue.found
            return await find(product, own) if known else Answer({}, catalogue.error)

        return await scopes.look_up((own, answer(product, own)) for product, own in groups.items())

    async def _discovered(self) -> Answer[Fleet]:
        """The catalogue as kept; one with a gap serves only who waited for it."""
        catalogue = await self._kept.get()
        if catalogue.error is not None:
            self._kept.forget()
        return catalogue

    async def _catalogue(self, *, is_session: bool = False) -> Answer[Fleet]:
        """The products in scope by native id; with an error, some of them are not known."""
        orgs = await self.api.orgs(is_session=is_session)
        chosen = self.config.organizations
        inside = [row for row in orgs.rows if not chosen or row.name in chosen]
        answers = await scopes.settled(self._products_of(row, is_session) for row in inside)
        catalogue = scopes.together([Answer({}, orgs.error), *answers])
        self._scopes.learn(ScopeCount(len(catalogue.found), len(inside)))
        return catalogue

    async def _products_of(self, org: OrgRow, is_session: bool) -> Answer[Fleet]:
        rows = await self.api.products(org, is_session=is_session)
        routes = ((Product(org.name, row.name), row) for row in rows.rows)
        source, web_url = self.http.source, self.config.web_url
        fleets = (normalise.fleet(source, *route, web_url) for route in routes if self.has(route[0]))
        return Answer({fleet.native_id: fleet for fleet in fleets}, rows.error)


def lists(
    ids: Sequence[str], rows: Iterable[T], owner_of: Callable[[T], str | None], error: UpstreamError | None
) -> Answer[Sequence[T]]:
    """Rows by which of the ids owns them."""
    found: dict[str, list[T]] = {native_id: [] for native_id in ids}
    for row in rows:
        owner = owner_of(row)
        if owner in found:
            found[owner].append(row)
    return scopes.shared_out(found, error)
