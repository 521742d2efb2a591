"""balena: releases of applications, which its documentation calls fleets.

`client` answers the port's questions by `releases`, `fleets`, `artifacts`, `devices`, `deployments` and `tags`, all
through `asking`: which rows (`filters`), which columns of them (`columns`; `selection` names all there are), spelled as
URLs (`odata`). `rows` is what balena sends, `normalise`, `files` and `native` say what is made of it. `writes` changes.

Source of every fact here: balena's API pages (v7), the types of balena-sdk 23, and open-balena-api 49 as it runs.
"""

from __future__ import annotations

from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import Field

from resolvers.errors import UpstreamError, UpstreamRejected
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

IDS_PER_CALL = 200
_OF_BOTH_KINDS = Price(each=2, chunk=IDS_PER_CALL)  # images and assets are two resources
PRICES = Prices(
    Price(chunk=IDS_PER_CALL),
    {"artifacts_by_id": _OF_BOTH_KINDS, "release_ids_by_artifact_id": _OF_BOTH_KINDS},
)

FACTS = Facts(
    kind=SourceKind.BALENA,
    title="balena",
    default_url="https://api.balena-cloud.com",
    release_facts=frozenset({Fact.VERSION, Fact.REVISION, Fact.CREATED}),
    fleet_facts=frozenset({Fact.SLUG, Fact.ORGANIZATION, Fact.PUBLIC, Fact.ARCHIVED, Fact.CREATED}),
    artifact_facts=frozenset({Fact.TARGET, Fact.DIGEST}),
    artifact_kinds=frozenset({ArtifactKind.CONTAINER_IMAGE, ArtifactKind.RELEASE_ASSET}),
    release_statuses=frozenset(
        {
            ReleaseStatus.DRAFT,
            ReleaseStatus.IN_PROGRESS,
            ReleaseStatus.AVAILABLE,
            ReleaseStatus.FAILED,
            ReleaseStatus.CANCELLED,
            ReleaseStatus.INVALIDATED,
            ReleaseStatus.UNKNOWN,
        }
    ),
    pushed_down=(
        ReleaseFilterField.IDS,
        ReleaseFilterField.FLEETS,
        ReleaseFilterField.NAMES,
        ReleaseFilterField.VERSIONS,
        ReleaseFilterField.REVISIONS,
        ReleaseFilterField.STATUSES,
        ReleaseFilterField.TARGETS,
        ReleaseFilterField.CREATED,
    ),
    parts=frozenset({Part.DEVICES, Part.DEPLOYMENTS}),
    operations=(
        SourceOperation.CREATE_FLEET,
        SourceOperation.DELETE_FLEET,
        SourceOperation.PIN_FLEET,
        SourceOperation.TRACK_LATEST_RELEASE,
        SourceOperation.UPDATE_RELEASE,
        SourceOperation.DELETE_RELEASE,
        SourceOperation.DEPLOY_RELEASE,
        SourceOperation.SET_TAG,
        SourceOperation.REMOVE_TAG,
    ),
    device_facts=frozenset({Fact.ONLINE}),
    release_paging=MappingProxyType(
        {ReleaseOrderField.CREATED_AT: PagingKind.KEYSET, ReleaseOrderField.UPDATED_AT: PagingKind.KEYSET}
    ),
    prices=PRICES,
)

# balena answers 500 to an unknown field or a literal of the wrong type: that is our request, not an outage.
STATUSES: Statuses = MappingProxyType[int, type[UpstreamError]]({500: UpstreamRejected})

CLOUD_HOST = "api.balena-cloud.com"
MAX_ORGANIZATIONS = 50  # their handles travel in the URL of every call


class Config(TokenConfig):
    """`token` is a named API key or a session token. Without more, the scope is what it was given direct access to."""

    organizations: Names = Field(
        default=(), max_length=MAX_ORGANIZATIONS, description="handles, as balena spells them; none: what is ours"
    )
    public: bool = Field(
        default=False, description="also every public fleet with its releases: tens of thousands on the cloud"
    )
    select_cloud_fields: bool | None = Field(
        default=None,
        description="whether to ask for fields that an openBalena server refuses; unset: only api.balena-cloud.com",
    )

    @property
    def has_cloud_fields(self) -> bool:
        """Whether the server knows the fields that openBalena answers with a 500."""
        if self.select_cloud_fields is not None:
            return self.select_cloud_fields
        return urlsplit(self.url).hostname == CLOUD_HOST
