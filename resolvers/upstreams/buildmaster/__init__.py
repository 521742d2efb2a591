"""Inedo BuildMaster: releases of applications, their builds, and the runs that deployed them.

`client` answers: `calls` sends and cuts to the scope, `work` asks for builds and runs, `files` for the artifacts of the
native API, `writes` changes, `homes` remembers which application things belong to; `rows` is what BuildMaster sends,
`normalise` translates.

Source of every fact here: the vendor's documentation (Inedo/inedo-docs, Content/BuildMaster) and two public clients
whose tests ran against real servers (webmd-health-services/BuildMasterAutomation, jenkinsci/inedo-buildmaster-plugin).
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from pydantic import Field

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.enums import ArtifactKind, ReleaseFilterField, ReleaseStatus, SourceKind, SourceOperation
from resolvers.transport.statuses import Statuses
from resolvers.upstreams.config import Names, TokenConfig
from resolvers.upstreams.port import Fact, Facts, Part
from resolvers.upstreams.prices import ONE_CALL, Price, Prices

# Without the grant for the list of applications it is refused first, then made up of releases.
_APPLICATIONS = Price(each=0, once=2)
_OF_RELEASES = Price(once=1, alone=1)
_OF_BUILDS = Price(each=3, once=2, alone=2)
PRICES = Prices(
    own={
        "releases": ONE_CALL,
        "releases_by_id": ONE_CALL,
        "fleets": _APPLICATIONS,
        "fleets_by_id": _APPLICATIONS,
        "builds_by_release_id": _OF_RELEASES,
        "deployments_by_release_id": _OF_RELEASES,
        "is_deployed_by_release_id": Price(once=2, alone=2),
        # By the applications that are known to hold them, then one by one or by all applications.
        "builds_by_id": Price(each=2, once=2, alone=1),
        "deployments_by_id": Price(each=2, once=22, alone=1),
        "artifacts": Price(once=2),
        "artifacts_by_release_id": Price(once=1, alone=2),
        "artifacts_by_build_id": _OF_BUILDS,
        "artifacts_by_id": _OF_BUILDS,
    }
)

FACTS = Facts(
    kind=SourceKind.BUILDMASTER,
    title="BuildMaster",
    default_url=None,
    release_facts=frozenset({Fact.VERSION, Fact.CREATED, Fact.PIPELINE}),
    fleet_facts=frozenset({Fact.ARCHIVED}),
    artifact_facts=frozenset(),
    # Its release API has no artifacts at all, and the native one that lists them takes a key with full control:
    # see WITH_ARTIFACTS.
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
        ReleaseFilterField.PIPELINES,
    ),
    parts=frozenset({Part.BUILDS, Part.DEPLOYMENTS}),
    operations=(
        SourceOperation.CREATE_RELEASE,
        SourceOperation.CANCEL_RELEASE,
        SourceOperation.RESTORE_RELEASE,
        SourceOperation.DEPLOY_RELEASE,
    ),
    prices=PRICES,
)
WITH_ARTIFACTS = replace(
    FACTS, artifact_facts=frozenset({Fact.BUILD_IDENTIFIER}), artifact_kinds=frozenset({ArtifactKind.DOWNLOAD})
)
"The facts of a source that is configured with `native_artifacts`."

# Nothing to except: a bad key is its 403, a 404 only ever means a path that its version does not have.
STATUSES: Statuses = MappingProxyType[int, type[UpstreamError]]({})


class Config(TokenConfig):
    """`token` is an API key with the grant Release & Build Deployment, better also Application Management.

    `native_artifacts` takes the grant Native API too, which is full control of the installation; its calls change
    between versions.
    """

    applications: Names = Field(default=(), description="names, or ids (digits are an id); none: all the key sees")
    native_artifacts: bool = Field(default=False, description="whether artifacts are listed, by the native API")

    @property
    def application_ids(self) -> tuple[str, ...]:
        """The applications in scope when all of them are given by id; else none, and they have to be asked for."""
        are_ids = all(keys.integer(name) is not None for name in self.applications)
        return tuple(dict.fromkeys(self.applications)) if are_ids else ()

    def holds(self, application_id: int, name: str) -> bool:
        """Whether an application is in scope. Names are compared exactly, as spelled."""
        is_named = name in self.applications and keys.integer(name) is None
        return not self.applications or str(application_id) in self.applications or is_named
