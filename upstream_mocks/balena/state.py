"""All that changes while the mock runs, and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upstream_mocks.balena.accounts import accounts
from upstream_mocks.balena.clock import Clock
from upstream_mocks.balena.files import Files
from upstream_mocks.balena.model import CLOUD
from upstream_mocks.balena.rows import furnish
from upstream_mocks.balena.store import Store
from upstream_mocks.world import World


class State:
    def __init__(self, world: World, switches: Mapping[str, Any]):
        self.world = world
        self.switches = switches
        self.store = Store(CLOUD)
        furnish(self.store, world)
        self.accounts = accounts(self.store)
        self.clock = Clock(world.now, switches)
        self.files = Files(world, self.clock, self.store)
