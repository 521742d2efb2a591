"""Enums: the closed sets of words clients may meet or send."""

from __future__ import annotations

from enum import Enum

import strawberry

word = strawberry.enum_value


@strawberry.enum(description="A vendor. New ones will come: keep a default branch.")
class SourceKind(Enum):
    BALENA = word("BALENA", description="balena Cloud or openBalena.")
    NERVESHUB = word("NERVESHUB", description="NervesHub, hosted as NervesCloud or by yourself.")
    MEMFAULT = word("MEMFAULT", description="Memfault.")
    BUILDMASTER = word("BUILDMASTER", description="Inedo BuildMaster.")
    METAKRAFTWERK = word("METAKRAFTWERK", description="MetaKraftwerk.")


@strawberry.enum(description="How far a release has come: a pure function of what its upstream says of it.")
class ReleaseStatus(Enum):
    DRAFT = word("DRAFT", description="Built, but not final: its version may still change (balena).")
    IN_PROGRESS = word("IN_PROGRESS", description="Being built, or open for work.")
    AVAILABLE = word("AVAILABLE", description="Complete and ready to be deployed.")
    DEPLOYED = word("DEPLOYED", description="Went through the last stage of its pipeline (BuildMaster).")
    CLOSED = word("CLOSED", description="Frozen; it may be opened again (MetaKraftwerk).")
    FAILED = word("FAILED", description="Its build failed.")
    CANCELLED = word("CANCELLED", description="Stopped before it was complete.")
    INVALIDATED = word("INVALIDATED", description="Withdrawn after it was complete (balena).")
    DELETED = word("DELETED", description="Marked as deleted; listed only with `includeDeleted` (MetaKraftwerk).")
    UNKNOWN = word("UNKNOWN", description="The upstream said a word we do not know: it is in `nativeStatus`.")


@strawberry.enum(description="What an artifact is.")
class ArtifactKind(Enum):
    CONTAINER_IMAGE = word("CONTAINER_IMAGE", description="The image of one service (balena).")
    FIRMWARE = word("FIRMWARE", description="A firmware file (NervesHub, Memfault).")
    SYMBOLS = word("SYMBOLS", description="Debug symbols of a firmware (Memfault).")
    RELEASE_ASSET = word("RELEASE_ASSET", description="A file attached to a release (balena).")
    COMPONENT = word("COMPONENT", description="A named part without a file (BuildMaster's deployables).")
    DOWNLOAD = word("DOWNLOAD", description="A file of a build (MetaKraftwerk, BuildMaster).")


@strawberry.enum(description="How a version was understood.")
class VersionScheme(Enum):
    SEMVER = word("SEMVER", description="Semantic Versioning 2.0, after an optional `v`.")
    PEP440 = word("PEP440", description="Readable by Python's rules, which also take two-part versions.")
    DATE = word("DATE", description="A calendar date, such as 2026.03.04.")
    NUMBER = word("NUMBER", description="One number.")
    LABEL = word("LABEL", description="Free text: equal to itself, and to nothing else.")


@strawberry.enum(description="What makes two releases the same thing.")
class MatchRule(Enum):
    REVISION = word("REVISION", description="They were built from the same commit of 40 hex digits.")
    VERSION = word("VERSION", description="They have the same understood version within one product line.")


@strawberry.enum(description="How a source did in one answer.")
class AnswerState(Enum):
    LIVE = word("LIVE", description="Asked just now, and everything came.")
    CACHED = word("CACHED", description="Remembered from an earlier answer that still holds.")
    STALE = word("STALE", description="The last good answer, because the source could not be asked; see `ageSeconds`.")
    PARTIAL = word("PARTIAL", description="Some of its rows are missing: a part of it failed, or an earlier page did.")
    FAILED = word("FAILED", description="None of its rows are here.")
    SKIPPED = word("SKIPPED", description="It cannot hold what was asked, and was not asked.")


@strawberry.enum(description="How far a build is.")
class BuildStatus(Enum):
    OPEN = word("OPEN", description="Made, and not yet deployed to the end or rejected (BuildMaster).")
    QUEUED = word("QUEUED", description="Waiting to run.")
    RUNNING = word("RUNNING", description="Running.")
    SUCCEEDED = word("SUCCEEDED", description="Done, or deployed to the end.")
    REJECTED = word("REJECTED", description="Somebody, or a newer build, rejected it (BuildMaster).")
    FAILED = word("FAILED", description="It failed.")
    CANCELLED = word("CANCELLED", description="Stopped before it was done.")
    UNKNOWN = word("UNKNOWN", description="The upstream said a word we do not know: it is in `nativeStatus`.")


@strawberry.enum(description="How far a deployment is.")
class DeploymentStatus(Enum):
    QUEUED = word("QUEUED", description="Waiting to run.")
    RUNNING = word("RUNNING", description="On its way.")
    ACTIVE = word("ACTIVE", description="In force: devices that ask are given it.")
    SUCCEEDED = word("SUCCEEDED", description="Done; with `hasWarnings` not quite smoothly.")
    FAILED = word("FAILED", description="It failed.")
    ABORTED = word("ABORTED", description="Stopped by somebody.")
    INACTIVE = word("INACTIVE", description="No longer, or not, in force.")
    UNKNOWN = word("UNKNOWN", description="The upstream does not say, or said a word we do not know.")


@strawberry.enum(description="What can be changed at a source: one word for each mutation.")
class SourceOperation(Enum):
    CREATE_FLEET = word("CREATE_FLEET", description="`createFleet`")
    DELETE_FLEET = word("DELETE_FLEET", description="`deleteFleet`")
    PIN_FLEET = word("PIN_FLEET", description="`pinFleet`")
    TRACK_LATEST_RELEASE = word("TRACK_LATEST_RELEASE", description="`trackLatestRelease`")
    CREATE_RELEASE = word("CREATE_RELEASE", description="`createRelease`")
    UPDATE_RELEASE = word("UPDATE_RELEASE", description="`updateRelease`")
    DELETE_RELEASE = word("DELETE_RELEASE", description="`deleteRelease`")
    CANCEL_RELEASE = word("CANCEL_RELEASE", description="`cancelRelease`")
    RESTORE_RELEASE = word("RESTORE_RELEASE", description="`restoreRelease`")
    DEPLOY_RELEASE = word("DEPLOY_RELEASE", description="`deployRelease`")
    UPDATE_DEPLOYMENT = word("UPDATE_DEPLOYMENT", description="`updateDeployment`")
    ABORT_DEPLOYMENT = word("ABORT_DEPLOYMENT", description="`abortDeployment`")
    UPDATE_COHORT = word("UPDATE_COHORT", description="`updateCohort`")
    SET_TAG = word("SET_TAG", description="`setTag`")
    REMOVE_TAG = word("REMOVE_TAG", description="`removeTag`")


@strawberry.enum(description="What was wrong with what a caller asked to be changed.")
class UserErrorCode(Enum):
    REQUIRED = word("REQUIRED", description="Something is missing.")
    INVALID = word("INVALID", description="Something is not a value that is accepted.")
    NOT_FOUND = word("NOT_FOUND", description="What should be changed is not there.")
    CONFLICT = word("CONFLICT", description="It collides with what is there.")
    REJECTED = word("REJECTED", description="A rule of the upstream forbids it; the message is the upstream's.")
    NOT_CONFIRMED = word("NOT_CONFIRMED", description="The name or version that confirms it was not repeated.")


@strawberry.enum(description="Whether a source answers.")
class HealthStatus(Enum):
    UP = word("UP", description="Its last call was answered.")
    DEGRADED = word("DEGRADED", description="Its last call failed, but one of the last minute was answered.")
    DOWN = word("DOWN", description="Its last call failed, and none of the last minute was answered.")
    UNKNOWN = word("UNKNOWN", description="Nothing can be said.")


@strawberry.enum(description="How a source is read in an order.")
class PagingKind(Enum):
    KEYSET = word("KEYSET", description="From a key on: a page costs what it shows.")
    PAGES = word("PAGES", description="By numbered pages.")
    WHOLE = word("WHOLE", description="As a whole, then ordered here.")


@strawberry.enum(description="What releases are ordered by.")
class ReleaseOrderField(Enum):
    CREATED_AT = word(
        "CREATED_AT", description="When the upstream made it, to the millisecond; those without a time last."
    )
    UPDATED_AT = word("UPDATED_AT", description="When it last changed; it may move while you page.")
    VERSION = word("VERSION", description="The version as understood: labels above numbers above dates above versions.")
    NAME = word("NAME", description="The name, by code point.")


@strawberry.enum(description="What fleets are ordered by.")
class FleetOrderField(Enum):
    NAME = word("NAME", description="The name, by code point.")
    CREATED_AT = word("CREATED_AT", description="When the upstream made it; fleets without a time stand last.")


@strawberry.enum(description="A direction. What has no key stands last in both.")
class OrderDirection(Enum):
    ASC = word("ASC", description="Smallest, oldest, first of the alphabet first.")
    DESC = word("DESC", description="Largest, newest, last of the alphabet first.")


@strawberry.enum(description="A filter on releases that a source can apply itself.")
class ReleaseFilterField(Enum):
    IDS = word("IDS", description="`ids`")
    FLEETS = word("FLEETS", description="`fleetIds` and `fleetNames`")
    NAMES = word("NAMES", description="`names`")
    VERSIONS = word("VERSIONS", description="`versions`")
    REVISIONS = word("REVISIONS", description="`revisions`")
    STATUSES = word("STATUSES", description="`statuses`")
    TARGETS = word("TARGETS", description="`targets`")
    BUILD_IDENTIFIERS = word("BUILD_IDENTIFIERS", description="`buildIdentifiers`")
    PIPELINES = word("PIPELINES", description="`pipelines`")
    CREATED = word("CREATED", description="`createdAfter` and `createdBefore`")
    IS_CLOSED = word("IS_CLOSED", description="`isClosed`")
