"""Native: the fields only one vendor has, under the vendor's own words in camelCase. Imports no adapter.

One query over all members must stay valid: a name that two members share has one type in both. Hence balena's
`revision` is `releaseRevision` here, and BuildMaster's `name` is `releaseName`.
"""

from __future__ import annotations

from typing import Annotated

import strawberry

from resolvers.graph.native.balena import BalenaFleet, BalenaRelease
from resolvers.graph.native.buildmaster import BuildMasterApplication, BuildMasterRelease
from resolvers.graph.native.memfault import MemfaultProject, MemfaultRelease
from resolvers.graph.native.metakraftwerk import MetaKraftwerkRelease, MetaKraftwerkReleaseGroup
from resolvers.graph.native.nerveshub import NervesHubProduct, NervesHubRelease

__all__ = ["NativeFleet", "NativeRelease"]

NativeRelease = Annotated[
    BalenaRelease | NervesHubRelease | MemfaultRelease | BuildMasterRelease | MetaKraftwerkRelease,
    strawberry.union("NativeRelease", description="What only one vendor says of a release."),
]
NativeFleet = Annotated[
    BalenaFleet | NervesHubProduct | MemfaultProject | BuildMasterApplication | MetaKraftwerkReleaseGroup,
    strawberry.union("NativeFleet", description="What only one vendor says of a fleet."),
]
