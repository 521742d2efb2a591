"""Inedo BuildMaster: releases of applications. `client` asks, `rows` is what it sends, `normalise` translates.

Source of every fact here: the vendor's documentation (Inedo/inedo-docs, Content/BuildMaster) and two public clients
whose tests ran against real servers (webmd-health-services/BuildMasterAutomation, jenkinsci/inedo-buildmaster-plugin).
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import Field

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.enums import ReleaseFilterField, ReleaseStatus, SourceKind
from resolvers.transport.statuses import Statuses
from resolvers.upstreams.config import Names, TokenConfig
from resolvers.upstreams.port import Fact, Facts

FACTS = Facts(
    kind=SourceKind.BUILDMASTER,
    title="BuildMaster",
    default_url=None,
    release_facts=frozenset({Fact.VERSION, Fact.CREATED}),
    fleet_facts=frozenset({Fact.ARCHIVED}),
    artifact_facts=frozenset(),
    # Its release API has no artifacts at all, and the native one that lists them takes a key with full control.
    artifact_kinds=frozenset(),
    release_statuses=frozenset(
        {ReleaseStatus.IN_PROGRESS, ReleaseStatus.DEPLOYED, ReleaseStatus.CANCELLED, ReleaseStatus.UNKNOWN}
    ),
    pushed_down=(
        ReleaseFilterField.IDS,
        ReleaseFilterField.FLEETS,
        ReleaseFilterField.NAMES,
        ReleaseFilterField.VERSIONS,
        ReleaseFilterField.STATUSES,
    ),
)

# Nothing to except: a bad key is its 403, a 404 only ever means a path that its version does not have.
STATUSES: Statuses = MappingProxyType[int, type[UpstreamError]]({})


class Config(TokenConfig):
    """`token` is an API key with the grant Release & Build Deployment, better also Application Management."""

    applications: Names = Field(default=(), description="names, or ids (digits are an id); none: all the key sees")

    def holds(self, application_id: int, name: str) -> bool:
        """Whether an application is in scope. Names are compared exactly, as spelled."""
        is_named = name in self.applications and keys.integer(name) is None
        return not self.applications or str(application_id) in self.applications or is_named
