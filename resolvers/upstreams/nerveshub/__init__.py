"""NervesHub: firmwares of products, and the groups of devices they are deployed to.

`api` is its routes, `rows` what it sends, `normalise` translates. `client` answers the port, put together of `products`
(the scope), `firmwares`, `groups` and `devices`; `writes` changes.

Source of every fact here: the server's own code and tests, github nerves-hub/nerves_hub_web at commit 0bb6b5c of August
2026, and the same JSON views at v2.3.0 and v2.4.0, which lack the fields of that summer.
"""

from __future__ import annotations

from pydantic import Field

from resolvers.graph.enums import ArtifactKind, ReleaseFilterField, ReleaseStatus, SourceKind, SourceOperation
from resolvers.transport import statuses
from resolvers.upstreams.config import Names, TokenConfig
from resolvers.upstreams.port import Fact, Facts, Part
from resolvers.upstreams.prices import Price, Prices

_PAGED = Price(each=2)  # devices come in pages
_GROUPS = Price(each=2)  # before March 2026 the versions of their firmwares take a list more
_CATALOGUE = Price(each=0, once=1)
PRICES = Prices(
    own={
        "fleets": _CATALOGUE,
        "fleets_by_id": _CATALOGUE,
        "devices": _PAGED,
        "devices_by_id": Price(each=2, alone=1),
        "devices_by_fleet_id": _PAGED,
        "devices_by_cohort_id": _PAGED,
        "tags_by_device_id": Price(each=2, alone=1),
        "version_counts_by_fleet_id": _PAGED,
        "device_count_by_release_id": Price(each=2, alone=1),
        "cohorts_by_id": _GROUPS,
        "cohorts_by_fleet_id": _GROUPS,
        "is_deployed_by_release_id": Price(each=4),
        "download_url_by_artifact_id": Price(chunk=1, alone=1),
    },
    brought=frozenset({"artifacts_by_release_id"}),
)

FACTS = Facts(
    kind=SourceKind.NERVESHUB,
    title="NervesHub",
    default_url="https://manage.nervescloud.com",
    # Commits and times are stored there, and not told over REST.
    release_facts=frozenset({Fact.VERSION}),
    fleet_facts=frozenset({Fact.SLUG, Fact.ORGANIZATION}),
    artifact_facts=frozenset({Fact.TARGET}),
    artifact_kinds=frozenset({ArtifactKind.FIRMWARE}),
    release_statuses=frozenset({ReleaseStatus.AVAILABLE}),
    # Only devices have filters: what can be narrowed is which products are asked.
    pushed_down=(ReleaseFilterField.IDS, ReleaseFilterField.FLEETS),
    parts=frozenset({Part.COHORTS, Part.DEPLOYMENTS, Part.DEVICES}),
    operations=(SourceOperation.DEPLOY_RELEASE, SourceOperation.UPDATE_COHORT),
    device_facts=frozenset({Fact.VERSION, Fact.ONLINE}),
    prices=PRICES,
)

# None of its own: a role too low is 401 there, and an org of others 404, as the general rules have it.
STATUSES = statuses.NONE


class Config(TokenConfig):
    """`token` is a user's token, `nhu_...`; the role `view` is enough to read, links and changes take `manage`."""

    organizations: Names = Field(default=(), description="names; none: all the token's user is a member of")
    products: Names = Field(default=(), description="names, or organization/product; none: all of them")
