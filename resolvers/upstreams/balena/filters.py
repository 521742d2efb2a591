"""Which rows of balena are asked for: the scope of the source, and what of a query balena narrows by itself. Pure.

Every condition that leaves here holds the scope. What of a query does not fit into one URL is left out: whatever is
narrowed here is filtered again by the federation, so leaving out costs time and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from resolvers import keys
from resolvers.graph.enums import OrderDirection, ReleaseStatus
from resolvers.upstreams.balena import Config, odata
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.port import DeviceQuery, FleetQuery, Place, ReleaseQuery

ROOM = 4_300
"Characters of one filter: the longest list of columns and expansions is below 1,600, all of a device's with two links."

ROOM_BELOW = 1_500
"The same of a filter inside an expansion: the ids of the fleets, and what comes along, travel in the same URL."

WHOLE_COMMIT = re.compile(r"[0-9a-f]{40}")
MILLISECOND = timedelta(milliseconds=1)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"balena holds nothing outside, and a millisecond more or less still makes a date."

ENDED_BADLY = ("failed", "error")
STOPPED = ("cancelled", "interrupted")
UNFINISHED = (*ENDED_BADLY, *STOPPED, "running")

_VALID = odata.compare("is_invalidated", "eq", False)
_FINAL = odata.compare("is_final", "eq", True)
STATUSES = {
    ReleaseStatus.INVALIDATED: odata.compare("is_invalidated", "eq", True),
    ReleaseStatus.FAILED: odata.every(_VALID, odata.one_of("status", ENDED_BADLY)),
    ReleaseStatus.CANCELLED: odata.every(_VALID, odata.one_of("status", STOPPED)),
    ReleaseStatus.IN_PROGRESS: odata.every(_VALID, odata.compare("status", "eq", "running")),
    ReleaseStatus.DRAFT: odata.every(
        _VALID, odata.compare("is_final", "eq", False), odata.negated(odata.one_of("status", UNFINISHED))
    ),
    ReleaseStatus.AVAILABLE: odata.every(_VALID, _FINAL, odata.compare("status", "eq", "success")),
    ReleaseStatus.UNKNOWN: odata.every(_VALID, _FINAL, odata.negated(odata.one_of("status", (*UNFINISHED, "success")))),
}
"Each word of the status glossary as the rows that get it: the mirror of `normalise.status`, first that holds included."


USABLE = odata.every(
    _VALID, _FINAL, odata.compare("status", "eq", "success"), odata.compare("is_passing_tests", "eq", True)
)
"Releases a fleet that tracks the latest may be moved to."


def own(config: Config, at: str = "") -> Condition:
    """Applications that are ours: of the configured organizations, else what the credential was given access to.

    at: the way to the application, such as `a/` inside a lambda.
    """
    if config.organizations:
        return odata.some(f"{at}organization", "o", odata.one_of("o/handle", config.organizations))
    return odata.some(f"{at}is_directly_accessible_by__user", "dau", odata.TRUE)


def foreign(config: Config, at: str = "") -> Condition:
    """Applications that are only seen because they are public."""
    return odata.every(odata.compare(f"{at}is_public", "eq", True), odata.negated(own(config, at)))


def fleets_in_scope(config: Config, at: str = "") -> Condition:
    """Applications that are ours; with `public` everybody's public ones too."""
    scope = own(config, at)
    return odata.either(scope, odata.compare(f"{at}is_public", "eq", True)) if config.public else scope


def in_scope(config: Config, navigation: str) -> Condition:
    """Rows whose application, behind `navigation`, is in the scope."""
    return odata.some(navigation, "a", fleets_in_scope(config, "a/"))


def of_ours(config: Config, navigation: str) -> Condition:
    """Rows whose application is ours: what may be changed, and whose devices show."""
    return odata.some(navigation, "a", own(config, "a/"))


def releases_in_scope(config: Config) -> Condition:
    return in_scope(config, "belongs_to__application")


def devices_in_scope(config: Config) -> Condition:
    return in_scope(config, "belongs_to__application")


def images_in_scope(config: Config) -> Condition:
    """Through a release: an image that no release holds any more is nobody's."""
    releases = odata.some("ri/is_part_of__release", "r", in_scope(config, "r/belongs_to__application"))
    return odata.some("release_image", "ri", releases)


def assets_in_scope(config: Config) -> Condition:
    return odata.some("release", "r", in_scope(config, "r/belongs_to__application"))


def releases(config: Config, query: ReleaseQuery) -> list[Condition]:
    """One condition for each call, which share no row; none when nothing can match."""
    narrowing = _narrowing(query)
    return [] if narrowing is None else [_fitted(required, narrowing) for required in _required(config, query)]


def parts(query: ReleaseQuery) -> list[tuple[str, ...] | None]:
    """The fleets of each call; None for all. None of them when nothing can match."""
    fleets = _numbers(query.fleet_ids)
    if is_nothing(query) or fleets == []:
        return []
    return [None] if fleets is None else [tuple(map(str, part)) for part in odata.chunked(fleets)]


def is_nothing(query: ReleaseQuery) -> bool:
    """Whether no release of any fleet can match."""
    return _narrowing(query) is None


def within(query: ReleaseQuery) -> list[Condition]:
    """What narrows releases below a fleet: whose they are, the fleet says."""
    narrowing = _narrowing(query)
    kept: list[Condition] = []
    for condition in narrowing or []:
        if len(odata.every(*kept, condition)) <= ROOM_BELOW:
            kept.append(condition)
    return kept


def exactly(config: Config, query: ReleaseQuery) -> list[Condition] | None:
    """The conditions of `releases` when they let through what the query says and nothing else; else None."""
    narrowing = _narrowing(query)
    if narrowing is None:
        return []
    asked = (query.names, query.versions, query.revisions, query.statuses, query.targets)
    # Instants are widened here; of the others balena knows nothing.
    others = (query.created_after, query.created_before, query.pipelines, query.build_identifiers, query.is_closed)
    odd = [text for text in query.revisions or () if len(text) >= 40 and not WHOLE_COMMIT.fullmatch(text)]
    if odd or any(one is not None for one in others) or len(narrowing) < sum(one is not None for one in asked):
        return None
    conditions = releases(config, query)
    whole = [odata.every(*required, *narrowing) for required in _required(config, query)]
    return conditions if conditions == whole else None


def beyond(column: str, direction: OrderDirection, place: Place) -> list[Condition]:
    """Where a page begins: the boundary and a millisecond before it, since balena stores finer than it prints."""
    if place.boundary is None:
        return []
    try:
        if direction is OrderDirection.ASC:
            return [odata.compare(column, "ge", place.boundary - MILLISECOND)]
        return [odata.compare(column, "le", place.boundary + MILLISECOND)]
    except OverflowError:  # at the very end of the calendar nothing lies beyond
        return []


def devices(config: Config, query: DeviceQuery) -> list[Condition]:
    """One condition for each call, which share no row; none when nothing can match.

    `search` is left to the federation: it folds case as Unicode does, the server as its database does.
    """
    fleets, versions = _numbers(query.fleet_ids), _askable(query.running_versions)
    if [] in (fleets, versions):
        return []
    running = [odata.some("is_running__release", "r", one) for one in _texts("r/raw_version", versions)]
    narrowing = [*_flag("is_online", query.is_online), *running]
    parts = [[odata.one_of("belongs_to__application", part)] for part in odata.chunked(fleets or [])]
    return [_fitted([devices_in_scope(config), *part], narrowing) for part in parts or [[]]]


def fleets(config: Config, query: FleetQuery, scope: Condition) -> list[Condition]:
    """The one condition of a call; none when nothing can match."""
    names, slugs, organizations = map(_askable, (query.names, query.slugs, query.organizations))
    if [] in (names, slugs, organizations):
        return []
    narrowing = [
        *_texts("app_name", names),
        *_texts("slug", slugs),
        *_organizations(organizations),
        *_flag("is_public", query.is_public),
        *_flag("is_archived", query.is_archived),
    ]
    return [_fitted([scope], narrowing)]


def _narrowing(query: ReleaseQuery) -> list[Condition] | None:
    """What narrows releases of any fleet; None when nothing can match. A list that is too long is left out."""
    names, versions, revisions, targets = map(_askable, (query.names, query.versions, query.revisions, query.targets))
    statuses = None if query.statuses is None else [STATUSES[word] for word in query.statuses if word in STATUSES]
    if [] in (names, versions, revisions, targets, statuses):
        return None
    return [
        *_texts("raw_version", names),
        *_texts("raw_version", versions),
        *_revisions(revisions),
        *([odata.either(*statuses)] if statuses else []),
        *_created(query.created_after, query.created_before),
        *_targets(targets),
    ]


def _required(config: Config, query: ReleaseQuery) -> list[list[Condition]]:
    """For each call what always holds: the scope, and so many fleets."""
    scope, fleets = releases_in_scope(config), _numbers(query.fleet_ids)
    if fleets is None:
        return [[scope]]
    return [[scope, odata.one_of("belongs_to__application", part)] for part in odata.chunked(fleets)]


def _fitted(required: Sequence[Condition], narrowing: Iterable[Condition]) -> Condition:
    kept = list(required)
    for condition in narrowing:
        if len(odata.every(*kept, condition)) <= ROOM:
            kept.append(condition)
    return odata.every(*kept)


def _numbers(ids: Sequence[str] | None) -> list[int] | None:
    if ids is None:
        return None
    return [number for number in map(keys.integer, dict.fromkeys(ids)) if number is not None]


def _askable(texts: Sequence[str] | None) -> list[str] | None:
    """Without NUL, which no database text holds: asking for one is a 500."""
    return None if texts is None else [text for text in dict.fromkeys(texts) if "\0" not in text]


def _texts(name: str, texts: Sequence[str] | None) -> list[Condition]:
    """Left out when it would take more than one list."""
    return [odata.one_of(name, texts)] if texts and len(odata.chunked(texts)) == 1 else []


def _revisions(texts: Sequence[str] | None) -> list[Condition]:
    """Whole commits as one list, each prefix by itself: a commit of balena may be shorter than 40 digits."""
    if not texts or len(texts) > odata.MAX_TEXTS:
        return []
    whole = [text for text in texts if WHOLE_COMMIT.fullmatch(text)]
    prefixes = [odata.starts_with("commit", text) for text in texts if not WHOLE_COMMIT.fullmatch(text)]
    return [odata.either(*([odata.one_of("commit", whole)] if whole else []), *prefixes)]


def _targets(names: Sequence[str] | None) -> list[Condition]:
    """By the service of one of its images: assets are for nothing in particular."""
    return [
        odata.some("release_image", "ri", odata.some("ri/image", "i", odata.some("i/is_a_build_of__service", "s", one)))
        for one in _texts("s/service_name", names)
    ]


def _organizations(texts: Sequence[str] | None) -> list[Condition]:
    """By handle or name."""
    return [
        odata.some("organization", "og", odata.either(handle, name))
        for handle, name in zip(_texts("og/handle", texts), _texts("og/name", texts), strict=True)
    ]


def _flag(name: str, value: bool | None) -> list[Condition]:
    return [] if value is None else [odata.compare(name, "eq", value)]


def _created(after: datetime | None, before: datetime | None) -> list[Condition]:
    """Wider by a millisecond on both ends: balena stores finer than it prints, and we compare what it prints."""
    found = []
    if after is not None and EARLIEST < after < LATEST:
        found.append(odata.compare("created_at", "ge", after - MILLISECOND))
    if before is not None and EARLIEST < before < LATEST:
        found.append(odata.compare("created_at", "le", before + MILLISECOND))
    return found
