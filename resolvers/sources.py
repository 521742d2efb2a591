"""Sources: the configured upstreams, opened once for the life of the app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resolvers.errors import InvalidKey, ReleasegraphError
from resolvers.federation.filters.selection import Visible, refuse_hidden
from resolvers.graph.enums import HealthStatus, PagingKind, ReleaseOrderField
from resolvers.graph.source import OrderCapability, Source, SourceCapabilities, SourceHealth
from resolvers.principal import Principal
from resolvers.transport.health import Health
from resolvers.transport.session import Transport
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.port import Facts, Part, Upstream
from resolvers.upstreams.registry import open_source


@dataclass(frozen=True, slots=True)
class Sources:
    """Adapters, their facts and their graph objects, each by the source's configured name, in order of names."""

    upstreams: Mapping[str, Upstream]
    facts: Mapping[str, Facts]
    objects: Mapping[str, Source]
    writable: frozenset[str] = frozenset()

    def seen_by(self, principal: Principal) -> Sources:
        """Those the caller may read; the others are hidden, so that no look-up and no list can reach them."""
        hidden = frozenset(name for name in self.upstreams if not _may_read(principal, name))
        if not hidden:
            return self
        return Sources(
            upstreams={name: one for name, one in self.upstreams.items() if name not in hidden},
            facts=Visible(self.facts, hidden),
            objects={name: one for name, one in self.objects.items() if name not in hidden},
            writable=self.writable - hidden,
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.upstreams)

    @property
    def identities(self) -> tuple[str, ...]:
        """With whose credentials they are asked now, for this request."""
        return tuple([one.identity for one in self.upstreams.values()])

    def configured(self, name: str) -> str:
        """The name itself. Raises InvalidKey when an id names a source that is not configured here, Forbidden for one
        that the caller may not read."""
        refuse_hidden(self.facts, name)
        if name not in self.upstreams:
            raise InvalidKey(f"the id is of source {name!r}; configured are: {', '.join(self.names)}")
        return name

    def named(self, name: str) -> Source | None:
        """None when there is none of that name. Raises Forbidden likewise."""
        refuse_hidden(self.facts, name)
        return self.objects.get(name)


def _may_read(principal: Principal, source: str) -> bool:
    try:
        principal.check("read", source)
    except ReleasegraphError:
        return False
    return True


def open_sources(configs: Mapping[str, SourceConfig], transport: Transport, health: Health) -> Sources:
    """Asks nothing yet."""
    upstreams = {name: open_source(name, configs[name], transport) for name in sorted(configs)}
    facts = {name: upstream.facts for name, upstream in upstreams.items()}
    objects = {name: _source(name, configs[name], facts[name], health) for name in upstreams}
    writable = frozenset(name for name, config in configs.items() if config.writable)
    return Sources(upstreams, facts, objects, writable)


def _source(name: str, config: SourceConfig, facts: Facts, health: Health) -> Source:
    return Source(
        name=name,
        kind=config.kind,
        web_url=config.web_url,
        capabilities=SourceCapabilities(
            operations=list(facts.operations) if config.writable else [],
            has_devices=Part.DEVICES in facts.parts,
            has_cohorts=Part.COHORTS in facts.parts,
            release_orders=[
                OrderCapability(field=field, paging=facts.release_paging.get(field, PagingKind.WHOLE))
                for field in ReleaseOrderField
            ],
            pushed_down_filters=list(facts.pushed_down),
        ),
        health_of=lambda: _health(name, health),
    )


def _health(name: str, health: Health) -> SourceHealth | None:
    pulse = health.pulse(name)
    if pulse is None:
        return None
    failing = HealthStatus.DEGRADED if health.answered_recently(pulse) else HealthStatus.DOWN
    return SourceHealth(
        status=HealthStatus.UP if pulse.error_code is None else failing,
        checked_at=pulse.checked_at,
        latency_ms=pulse.latency_ms,
        last_error_code=pulse.error_code,
    )
