"""The port, put together. Scopes are products."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.errors import UpstreamError
from resolvers.upstreams.commands import Command
from resolvers.upstreams.nerveshub import writes
from resolvers.upstreams.nerveshub.devices import Devices
from resolvers.upstreams.nerveshub.firmwares import Firmwares
from resolvers.upstreams.nerveshub.groups import Groups
from resolvers.upstreams.nerveshub.normalise import Product
from resolvers.upstreams.port import Found
from resolvers.upstreams.scopes import Answer


class NervesHub(Firmwares, Groups, Devices):
    async def is_deployed_by_release_id(self, ids: Sequence[str]) -> Found[bool]:
        """Whether a group that is on has it now, or a device runs it. Devices are asked only about what is left."""
        return await self.look_up(ids, 3, self._live)

    async def _live(self, product: Product, ids: Sequence[str]) -> Answer[bool]:
        cohorts = await self.cohorts_of(product)
        current = {cohort.current_release_native_id for cohort in cohorts.rows if cohort.is_active}
        rest = [native_id for native_id in ids if native_id not in current]
        counts = await self._counts(product, rest)
        error = cohorts.error or counts.error
        live = {native_id: native_id in current or counts.found.get(native_id, 0) > 0 for native_id in ids}
        # Next to what could not be read, only a yes is certain.
        return Answer({native_id: yes for native_id, yes in live.items() if yes or error is None}, error)

    async def _counts(self, product: Product, ids: Sequence[str]) -> Answer[int]:
        try:
            return await self.running(product, ids) if ids else Answer({})
        except UpstreamError as error:
            return Answer({}, error)

    async def perform(self, command: Command) -> str:
        return await writes.perform(self, command)
