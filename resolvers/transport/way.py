"""Way: how one source is asked. What an operator, a vendor and a credential have to say of its calls, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import aiohttp

from resolvers.transport import statuses
from resolvers.transport.budget import Budget
from resolvers.transport.credentials import Credentials, FixedHeaders
from resolvers.transport.guards import Guards
from resolvers.transport.recall import FORGETFUL, Policy
from resolvers.transport.session import Transport

MAX_BYTES = 64 * 1024 * 1024
CONNECT_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Way:
    """How one source is asked."""

    transport: Transport
    source: str
    base_url: str  # any path prefix is kept
    timeout_s: float  # for one full answer, its tries and the waits between them included
    budget: Budget = field(default_factory=Budget)
    guards: Guards = field(default_factory=Guards)
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    max_bytes: int = MAX_BYTES
    policy: Policy = FORGETFUL
    credentials: Credentials = field(default_factory=lambda: FixedHeaders({}))
    own_statuses: statuses.Statuses = field(default_factory=dict)

    @cached_property
    def limits(self) -> aiohttp.ClientTimeout:
        """For aiohttp: all but connecting is timed by us."""
        return aiohttp.ClientTimeout(total=None, connect=self.connect_timeout_s)
