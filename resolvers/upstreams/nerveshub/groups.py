"""Deployment groups: cohorts, and what each has now. A product's list of groups answers every question about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from resolvers.graph.cohort import Cohort
from resolvers.graph.deployment import Deployment
from resolvers.upstreams.nerveshub import normalise
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.nerveshub.products import Products, lists
from resolvers.upstreams.payload import Rows
from resolvers.upstreams.port import Columns, Found
from resolvers.upstreams.scopes import Answer


class Groups(Products):
    async def cohorts_by_id(self, ids: Sequence[str]) -> Found[Cohort]:
        async def find(product: Product, own: Sequence[str]) -> Answer[Cohort]:
            cohorts = await self.cohorts_of(product)
            return Answer({cohort.native_id: cohort for cohort in cohorts.rows}, cohorts.error)

        return await self.look_up(ids, 3, find)

    async def cohorts_by_fleet_id(self, ids: Sequence[str]) -> Found[Sequence[Cohort]]:
        async def find(product: Product, own: Sequence[str]) -> Answer[Sequence[Cohort]]:
            cohorts = await self.cohorts_of(product)
            return lists(own, cohorts.rows, lambda row: row.fleet_native_id, cohorts.error)

        return await self.look_up(ids, 2, find)

    async def deployments_by_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Deployment]:
        """Only what a group has now: one that was replaced is told nowhere, and not found."""

        async def find(product: Product, own: Sequence[str]) -> Answer[Deployment]:
            deployments = await self._deployments_of(product)
            return Answer({deployment.native_id: deployment for deployment in deployments.rows}, deployments.error)

        return await self.look_up(ids, 4, find)

    async def deployments_by_release_id(
        self, ids: Sequence[str], columns: Columns = None
    ) -> Found[Sequence[Deployment]]:
        return await self._deployment_lists(ids, 3, lambda row: row.release_native_id)

    async def deployments_by_fleet_id(self, ids: Sequence[str], columns: Columns = None) -> Found[Sequence[Deployment]]:
        return await self._deployment_lists(ids, 2, lambda row: row.fleet_native_id)

    async def deployments_by_cohort_id(self, ids: Sequence[str]) -> Found[Sequence[Deployment]]:
        return await self._deployment_lists(ids, 3, lambda row: row.cohort_native_id)

    async def _deployment_lists(
        self, ids: Sequence[str], parts: int, owner_of: Callable[[Deployment], str | None]
    ) -> Found[Sequence[Deployment]]:
        async def find(product: Product, own: Sequence[str]) -> Answer[Sequence[Deployment]]:
            deployments = await self._deployments_of(product)
            return lists(own, deployments.rows, owner_of, deployments.error)

        return await self.look_up(ids, parts, find)

    async def cohorts_of(self, product: Product) -> Rows[Cohort]:
        """Servers before March 2026 tell the uuid of a group's firmware only: its version takes the list of those."""
        rows = await self.api.groups(product)
        is_old = any(row.current_release is None and row.firmware_uuid for row in rows.rows)
        firmwares = await self.api.firmwares(product) if is_old else Rows([])
        versions = {row.uuid: row.version for row in firmwares.rows}
        cohorts = [normalise.cohort(self.http.source, product, row, versions) for row in rows.rows]
        return Rows(cohorts, rows.error or firmwares.error)

    async def _deployments_of(self, product: Product) -> Rows[Deployment]:
        rows = await self.api.groups(product)
        return Rows(normalise.deployments(self.http.source, product, rows.rows), rows.error)
