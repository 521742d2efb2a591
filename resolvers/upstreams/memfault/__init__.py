"""Memfault: releases of projects. `client` asks, `rows` is what it sends, `normalise` translates.

`calls` knows its pages, `catalogue` its scopes; `cohorts`, `deployments` and `devices` ask, each for its own questions;
`writes` changes.

Source of every fact here: the vendor's API pages (docs.memfault.com/api) and its OpenAPI file of 2021.
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import Field

from resolvers.errors import UpstreamBusy, UpstreamError
from resolvers.graph.enums import (
    ArtifactKind,
    PagingKind,
    ReleaseFilterField,
    ReleaseOrderField,
    ReleaseStatus,
    SourceKind,
    SourceOperation,
)
from resolvers.transport.statuses import Statuses
from resolvers.upstreams.config import Names, TokenConfig
from resolvers.upstreams.port import Fact, Facts, Part
from resolvers.upstreams.prices import Price, Prices

_BY_KEY = Price(chunk=50)
_OF_ONE = Price(each=2, alone=1)
_PROJECTS = Price(each=0, organization=1)
# Lists come in pages of a hundred.
PRICES = Prices(
    Price(each=2),
    {
        "fleets": _PROJECTS,
        "fleets_by_id": _PROJECTS,
        "release_page": Price(),
        "release_pages_by_fleet_id": Price(),
        "release_count": Price(),
        "device_count_by_fleet_id": Price(),
        "releases_by_id": _BY_KEY,
        "artifacts_by_id": _BY_KEY,
        "artifacts_by_release_id": _BY_KEY,
        "download_url_by_artifact_id": _BY_KEY,
        "deployments_by_id": _OF_ONE,
        "devices_by_id": _OF_ONE,
        # A second list tells the release of cohorts whose rows leave it open.
        "cohorts_by_id": Price(each=3, chunk=50),
        "cohorts_by_fleet_id": Price(each=3),
        "is_deployed_by_release_id": Price(each=3, chunk=50),
    },
    brought=frozenset({"artifacts_by_release_id"}),
)

FACTS = Facts(
    kind=SourceKind.MEMFAULT,
    title="Memfault",
    default_url="https://api.memfault.com",
    release_facts=frozenset({Fact.VERSION, Fact.REVISION, Fact.CREATED}),
    fleet_facts=frozenset({Fact.SLUG, Fact.ORGANIZATION, Fact.CREATED}),
    artifact_facts=frozenset({Fact.TARGET, Fact.DIGEST, Fact.BUILD_IDENTIFIER}),
    artifact_kinds=frozenset({ArtifactKind.FIRMWARE, ArtifactKind.SYMBOLS}),
    release_statuses=frozenset({ReleaseStatus.AVAILABLE}),
    pushed_down=(
        ReleaseFilterField.IDS,
        ReleaseFilterField.FLEETS,
        ReleaseFilterField.VERSIONS,
        ReleaseFilterField.REVISIONS,
        ReleaseFilterField.TARGETS,
        ReleaseFilterField.BUILD_IDENTIFIERS,
    ),
    release_paging={ReleaseOrderField.CREATED_AT: PagingKind.PAGES},
    release_page_size=100,
    parts=frozenset({Part.COHORTS, Part.DEPLOYMENTS, Part.DEVICES}),
    operations=(
        SourceOperation.CREATE_RELEASE,
        SourceOperation.DELETE_RELEASE,
        SourceOperation.DEPLOY_RELEASE,
        SourceOperation.UPDATE_DEPLOYMENT,
        SourceOperation.ABORT_DEPLOYMENT,
    ),
    prices=PRICES,
)

# 529 is Memfault's own word for "overloaded, come back later": it carries Retry-After like a 429.
STATUSES: Statuses = MappingProxyType[int, type[UpstreamError]]({529: UpstreamBusy})


class Config(TokenConfig):
    """`token` is an organization token, or with `email` that user's API key."""

    email: str | None = None
    # Its advice is to wait 1, 8 and 64 seconds: of these only the first is no longer than people wait.
    retries: int = Field(default=1, ge=0, le=5, description="further tries of a read that failed in passing")
    retry_backoff_s: float = Field(
        default=1, ge=0, le=10, description="the longest wait before the first of them; doubles with each"
    )
    organizations: Names = Field(default=(), description="slugs; none: all the token sees")
    projects: Names = Field(default=(), description="slugs, or organization/project; none: all of them")
