"""MetaKraftwerk: releases of release groups, the builds made for them, and where those went.

`client` answers: `reads` asks and cuts to the scope, `deployments` puts together what several lists say, `lists` reads
one list, `login` gets it in; `rows` is what it sends, `normalise` translates. Nothing can be changed: its releases are
read-only.

A release here is a branch of metadata with a label for a name, not a shipped version. Source of every fact: the
vendor's REST reference (docs.metakraftwerk.com/reference/rest_api) and guides (MetaKraftwerk/docs); what they leave
open was filled in from FeathersJS, which its messages give it away to be (feathersjs/feathers 5.0.24).
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from resolvers import keys
from resolvers.errors import UpstreamError
from resolvers.graph.enums import ArtifactKind, ReleaseFilterField, ReleaseStatus, SourceKind
from resolvers.transport.statuses import Statuses
from resolvers.upstreams.config import Names, SourceConfig
from resolvers.upstreams.port import Fact, Facts, Part
from resolvers.upstreams.prices import ONE_CALL, Price, Prices

_TWO_LISTS = Price(each=0, once=2)  # of builds, and of releases where the scope is narrowed; or the one for the other
_FIVE_LISTS = Price(each=0, once=5)
PRICES = Prices(
    ONE_CALL,
    {
        "fleets": _TWO_LISTS,
        "fleets_by_id": _TWO_LISTS,
        "artifacts": _TWO_LISTS,
        "artifacts_by_id": _TWO_LISTS,
        "artifacts_by_release_id": _TWO_LISTS,
        "artifacts_by_build_id": _TWO_LISTS,
        "builds_by_id": _TWO_LISTS,
        "builds_by_release_id": _TWO_LISTS,
        "deployments_by_id": _FIVE_LISTS,
        "deployments_by_release_id": _FIVE_LISTS,
        "deployments_by_fleet_id": _FIVE_LISTS,
    },
)

FACTS = Facts(
    kind=SourceKind.METAKRAFTWERK,
    title="MetaKraftwerk",
    default_url="https://app.metakraftwerk.com",
    release_facts=frozenset({Fact.CLOSED}),
    fleet_facts=frozenset(),
    artifact_facts=frozenset({Fact.TARGET, Fact.BUILD_IDENTIFIER}),
    artifact_kinds=frozenset({ArtifactKind.DOWNLOAD}),
    release_statuses=frozenset({ReleaseStatus.IN_PROGRESS, ReleaseStatus.CLOSED, ReleaseStatus.DELETED}),
    pushed_down=(
        ReleaseFilterField.IDS,
        ReleaseFilterField.FLEETS,
        ReleaseFilterField.STATUSES,
        ReleaseFilterField.IS_CLOSED,
    ),
    parts=frozenset({Part.BUILDS, Part.DEPLOYMENTS}),
    prices=PRICES,
)

# Its one oddity, a 404 for a filter by a name nobody has, cannot be met: we filter by id only, and by no name.
STATUSES: Statuses = MappingProxyType[int, type[UpstreamError]]({})


class Config(SourceConfig):
    """Let in by `email` and `password` of a service account, or by a fixed `token`, which goes first if both are set.

    Tokens run out within about a day, and only a login gets another.
    """

    model_config = ConfigDict(hide_input_in_errors=True)  # an email that is missing must not print the password

    token: SecretStr | None = Field(default=None, min_length=1)
    email: str | None = Field(default=None, min_length=1)
    password: SecretStr | None = Field(default=None, min_length=1)
    groups: Names = Field(default=(), description="names, or ids (digits are an id); none: all the account sees")

    @field_validator("url")
    @classmethod
    def _without_api(cls, url: str) -> str:
        """The vendor's pages call `.../api/v1` the base, but the login is outside of it."""
        return url.removesuffix("/api/v1")

    @model_validator(mode="after")
    def _lets_in(self) -> Config:
        missing = [name for name in ("email", "password") if getattr(self, name) is None]
        if self.token is None and missing and (self.passthrough is None or len(missing) == 1):
            raise ValueError(f"expected `email` and `password`, or `token`; missing: {', '.join(missing)}")
        return self

    @property
    def group_ids(self) -> frozenset[str]:
        return frozenset(group for group in self.groups if keys.integer(group) is not None)

    @property
    def group_names(self) -> frozenset[str]:
        return frozenset(self.groups) - self.group_ids
