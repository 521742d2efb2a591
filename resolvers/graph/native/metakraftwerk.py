"""What only MetaKraftwerk says."""

from __future__ import annotations

from datetime import datetime

import strawberry


@strawberry.type(description="A MetaKraftwerk release, in its own words: a branch of metadata, not a shipped version.")
class MetaKraftwerkRelease:
    release_id: int = strawberry.field(description="`id`.")
    group_id: int = strawberry.field(description="Id of its release group.")
    start_date: datetime | None = strawberry.field(
        description="A calendar date as the instant it was stored: midnight in the zone it was entered in."
    )
    end_date: datetime | None = strawberry.field(description="Likewise, the end.")
    closed: bool = strawberry.field(description="Frozen; it may be opened again.")
    deleted: bool = strawberry.field(description="Marked as deleted.")
    hotfix_of_id: int | None = strawberry.field(description="Id of the release this is a hotfix of.")
    prev_release_id: int | None = strawberry.field(description="Id of the release it was branched from.")


@strawberry.type(description="A MetaKraftwerk release group.")
class MetaKraftwerkReleaseGroup:
    group_id: int = strawberry.field(description="`id`.")
