"""What only balena says. Field notes: balena API v7, resources `release` and `application`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from resolvers.graph.columns import Columned, reads
from resolvers.graph.context import Info
from resolvers.graph.scalars import JSON


@strawberry.type(description="A balena release, in balena's words.")
class BalenaRelease(Columned):
    release_id: int = strawberry.field(description="`id`: unique within balena only.")
    belongs_to_application: int | None = strawberry.field(description="Id of its application (fleet).")
    is_created_by_user: int | None = strawberry.field(description="Id of who made it; null when not visible to us.")
    raw_version: str = strawberry.field(
        description="SemVer; `-<milliseconds>` on a draft, `+revN` on a rebuild: it changes when a draft is finalised."
    )
    version: JSON | None = strawberry.field(description="`raw`, `major`, `minor`, `patch`, `prerelease`, `build`.")
    semver: str = strawberry.field(description="Without revision; `0.0.0` when never versioned.")
    semver_major: int = strawberry.field(description="First number of `semver`.")
    semver_minor: int = strawberry.field(description="Second number of `semver`.")
    semver_patch: int = strawberry.field(description="Third number of `semver`.")
    semver_prerelease: str = strawberry.field(description="Pre-release part of `semver`; empty when none.")
    semver_build: str = strawberry.field(description="Build part of `semver`; empty when none.")
    release_revision: int | None = strawberry.field(
        description="balena's `revision`: counts rebuilds of one version from 0; null while a draft."
    )
    variant: str = strawberry.field(description="Variant of the version; empty when none.")
    commit: str = strawberry.field(description="Not unique: several failed releases may share it.")
    status: str = strawberry.field(description="`running`, `success`, `failed`, `error`, `cancelled`, `interrupted`.")
    source: str = strawberry.field(description="`cloud` or `local`: where it was built.")
    start_timestamp: datetime | None = strawberry.field(description="When its build began.")
    end_timestamp: datetime | None = strawberry.field(description="When its build ended.")
    update_timestamp: datetime | None = strawberry.field(description="When it last changed.")
    is_invalidated: bool = strawberry.field(description="Whether it was withdrawn.")
    invalidation_reason: str | None = strawberry.field(description="Why it was withdrawn.")
    is_final: bool = strawberry.field(description="false: a draft.")
    is_finalized_at: datetime | None = strawberry.field(description="When it stopped being a draft.")
    is_passing_tests: bool = strawberry.field(description="Fleets that track the latest skip it when false.")
    release_version: str | None = strawberry.field(description="Deprecated by balena: a free name.")
    phase: str | None = strawberry.field(description="`next`, `current`, `sunset` or `end-of-life`.")
    known_issue_list: str | None = strawberry.field(description="Free text, not a list.")

    route: strawberry.Private[tuple[str, str]]  # (source name, native id)

    @strawberry.field(description="The compose file. Fetched only when asked.")
    @reads("route")
    async def composition(self, info: Info) -> JSON | None:
        return await self._column(info, "composition")

    @strawberry.field(description="The contract. Fetched only when asked.")
    @reads("route")
    async def contract(self, info: Info) -> JSON | None:
        return await self._column(info, "contract")

    @strawberry.field(description="The log of its build; large. Fetched only when asked.")
    @reads("route")
    async def build_log(self, info: Info) -> str | None:
        text: str | None = await self._column(info, "build_log")
        return text

    async def _column(self, info: Info, name: str) -> Any:
        columns = await info.context.columns(*self.route, frozenset({name}))
        return None if columns is None else columns[name]


@strawberry.type(description="A balena application, in balena's words; its documentation calls it a fleet.")
class BalenaFleet(Columned):
    application_id: int = strawberry.field(description="`id`: unique within balena only.")
    uuid: str | None = strawberry.field(description="32 hex digits.")
    actor: int | None = strawberry.field(description="Id of its actor.")
    application_type: int | None = strawberry.field(description="Id of its application type.")
    is_for_device_type: str | None = strawberry.field(description="Slug of its device type.")
    is_of_class: str | None = strawberry.field(description="`fleet`, `block` or `app`.")
    is_host: bool | None = strawberry.field(description="Whether it is a host OS.")
    is_discoverable: bool | None = strawberry.field(description="Whether it is listed publicly; cloud only.")
    is_stored_at_repository_url: str | None = strawberry.field(description="Where its source is; cloud only.")
    is_accessible_by_support_until_date: datetime | None = strawberry.field(description="Cloud only.")
    should_be_running_release: int | None = strawberry.field(description="Id of its target release.")
    should_track_latest_release: bool | None = strawberry.field(description="Whether the target follows the newest.")
