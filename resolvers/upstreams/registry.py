"""Registry: which adapter speaks to which vendor, and how a configured source is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resolvers.graph.enums import SourceKind
from resolvers.transport.budget import Budget
from resolvers.transport.guards import Guards
from resolvers.transport.http import Http
from resolvers.transport.session import Transport
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.buildmaster.client import BuildMaster
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.memfault.client import Memfault
from resolvers.upstreams.metakraftwerk.client import MetaKraftwerk
from resolvers.upstreams.nerveshub.client import NervesHub
from resolvers.upstreams.port import Upstream

# Any: each adapter wants its own config type, and settings validate against exactly that.
ADAPTERS: dict[SourceKind, Callable[[Http, Any], Upstream]] = {
    SourceKind.BALENA: Balena,
    SourceKind.BUILDMASTER: BuildMaster,
    SourceKind.MEMFAULT: Memfault,
    SourceKind.METAKRAFTWERK: MetaKraftwerk,
    SourceKind.NERVESHUB: NervesHub,
}


def open_source(name: str, config: SourceConfig, transport: Transport) -> Upstream:
    """The adapter of one source, on the shared transport. Asks nothing yet."""
    policy = transport.policy.overridden(config.ttl_s, config.stale_s, config.stale_if_error_s)
    budget, guards = Budget(config.concurrency), Guards(name, config.limits, transport.telling)
    times = config.timeout_s, budget, guards, config.connect_timeout_s
    http = Http(transport, name, config.url, *times, policy=policy)
    return ADAPTERS[config.kind](http, config)
