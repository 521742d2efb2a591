"""Commands: what a caller may ask a source to change. One a mutation; ids are native ids of that source.

`Untouched` is not `None`: what is left out of an update stays as it is, what is null is cleared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from resolvers.graph.enums import SourceOperation


@dataclass(frozen=True, slots=True)
class CreateFleet:
    operation: ClassVar[SourceOperation] = SourceOperation.CREATE_FLEET
    name: str
    organization: str | None = None  # numeric id, or handle
    device_type: str | None = None  # numeric id, or slug


@dataclass(frozen=True, slots=True)
class DeleteFleet:
    operation: ClassVar[SourceOperation] = SourceOperation.DELETE_FLEET
    fleet_id: str


@dataclass(frozen=True, slots=True)
class PinFleet:
    operation: ClassVar[SourceOperation] = SourceOperation.PIN_FLEET
    fleet_id: str
    release_id: str


@dataclass(frozen=True, slots=True)
class TrackLatestRelease:
    operation: ClassVar[SourceOperation] = SourceOperation.TRACK_LATEST_RELEASE
    fleet_id: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class CreateRelease:
    operation: ClassVar[SourceOperation] = SourceOperation.CREATE_RELEASE
    fleet_id: str
    version: str
    name: str | None = None
    revision: str | None = None
    notes: str | None = None
    minimum_version: str | None = None
    pipeline: str | None = None
    extra_info: Any = None


@dataclass(frozen=True, slots=True)
class UpdateRelease:
    """changes: by the input's own field names in snake_case; a field that is not in it stays untouched."""

    operation: ClassVar[SourceOperation] = SourceOperation.UPDATE_RELEASE
    release_id: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeleteRelease:
    operation: ClassVar[SourceOperation] = SourceOperation.DELETE_RELEASE
    release_id: str


@dataclass(frozen=True, slots=True)
class CancelRelease:
    operation: ClassVar[SourceOperation] = SourceOperation.CANCEL_RELEASE
    release_id: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RestoreRelease:
    operation: ClassVar[SourceOperation] = SourceOperation.RESTORE_RELEASE
    release_id: str


@dataclass(frozen=True, slots=True)
class DeployRelease:
    """To a fleet (balena), a cohort (Memfault, NervesHub), or a stage (BuildMaster: of `build_id`, else its latest)."""

    operation: ClassVar[SourceOperation] = SourceOperation.DEPLOY_RELEASE
    release_id: str
    fleet_id: str | None = None
    cohort_id: str | None = None
    build_id: str | None = None
    artifact_id: str | None = None
    stage: str | None = None
    rollout_percent: int | None = None


@dataclass(frozen=True, slots=True)
class UpdateDeployment:
    operation: ClassVar[SourceOperation] = SourceOperation.UPDATE_DEPLOYMENT
    deployment_id: str
    rollout_percent: int


@dataclass(frozen=True, slots=True)
class AbortDeployment:
    operation: ClassVar[SourceOperation] = SourceOperation.ABORT_DEPLOYMENT
    deployment_id: str


@dataclass(frozen=True, slots=True)
class UpdateCohort:
    operation: ClassVar[SourceOperation] = SourceOperation.UPDATE_COHORT
    cohort_id: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class SetTag:
    """owner_type: Release, Fleet or Device."""

    operation: ClassVar[SourceOperation] = SourceOperation.SET_TAG
    owner_type: str
    owner_id: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    operation: ClassVar[SourceOperation] = SourceOperation.REMOVE_TAG
    owner_type: str
    owner_id: str
    key: str


Command = (
    CreateFleet
    | DeleteFleet
    | PinFleet
    | TrackLatestRelease
    | CreateRelease
    | UpdateRelease
    | DeleteRelease
    | CancelRelease
    | RestoreRelease
    | DeployRelease
    | UpdateDeployment
    | AbortDeployment
    | UpdateCohort
    | SetTag
    | RemoveTag
)
