"""What the balena adapter promises of changes: what is sent, what comes of it, what is refused and in whose words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import pytest

from resolvers.errors import (
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamPayloadError,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamUnreachable,
    UserMistake,
)
from resolvers.graph.device import Device
from resolvers.graph.enums import ReleaseStatus, SourceKind, SourceOperation
from resolvers.graph.fleet import Fleet
from resolvers.graph.native.balena import BalenaRelease
from resolvers.graph.release import Release
from resolvers.upstreams.balena import FACTS, odata
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.balena.odata import Condition
from resolvers.upstreams.balena.writes import explained
from resolvers.upstreams.commands import (
    CancelRelease,
    Command,
    CreateFleet,
    DeleteFleet,
    DeleteRelease,
    DeployRelease,
    PinFleet,
    RemoveTag,
    SetTag,
    TrackLatestRelease,
    UpdateRelease,
)
from resolvers.upstreams.port import Chunk, DeviceQuery, FleetQuery, Found, ReleaseQuery
from tests.conftest import MockPort

T = TypeVar("T")
Open = Callable[..., Balena]
WHO_AM_I = "/balena/actor/v1/whoami"
GONE = "2147483647"
MUST_RUN = (
    "It is necessary that each release that should be running on an application, has a status that is equal to "
    '"success" and belongs to the application.'
)


@pytest.fixture(autouse=True)
def world(mocks: MockPort) -> Iterator[None]:
    """The mocks belong to every test of the run: what is changed here is built anew."""
    yield
    mocks.mocks.reset()


@pytest.fixture
def balena(upstream: Callable[..., Any]) -> Open:
    return lambda **settings: upstream(SourceKind.BALENA, **{"select_cloud_fields": True, **settings})


async def rows_of(chunks: AsyncIterator[Chunk[T]]) -> list[T]:
    return [row for chunk in [chunk async for chunk in chunks] for row in chunk.rows]


async def fleet_called(source: Balena, name: str) -> Fleet:
    (fleet,) = await rows_of(source.fleets(FleetQuery(names=(name,))))
    return fleet


async def releases_of(source: Balena, fleet: Fleet, *statuses: ReleaseStatus) -> list[Release]:
    """Newest first."""
    query = ReleaseQuery(fleet_ids=(fleet.native_id,), statuses=statuses or None)
    rows = await rows_of(source.releases(query))
    return sorted(rows, key=lambda row: (row.created_at is not None, row.created_at), reverse=True)


async def one_release(source: Balena, *statuses: ReleaseStatus) -> Release:
    return (await rows_of(source.releases(ReleaseQuery(statuses=statuses or None))))[0]


async def spare(source: Balena) -> Release:
    """A usable release nothing points to."""
    usable = await rows_of(source.releases(ReleaseQuery(statuses=(ReleaseStatus.AVAILABLE,))))
    deployed = await source.is_deployed_by_release_id([release.native_id for release in usable])
    return next(release for release in usable if deployed[release.native_id] is False)


async def devices(source: Balena) -> list[Device]:
    return await rows_of(source.devices(DeviceQuery()))


async def read(found: Found[T], native_id: str) -> T:
    one = found[native_id]
    assert not isinstance(one, UpstreamError)
    return one


async def fleet_again(source: Balena, native_id: str) -> Fleet:
    return await read(await source.fleets_by_id([native_id]), native_id)


async def release_again(source: Balena, native_id: str) -> BalenaRelease:
    native = (await read(await source.releases_by_id([native_id]), native_id)).native_of()
    assert isinstance(native, BalenaRelease)
    return native


async def refused(source: Balena, command: Command) -> tuple[str, str, tuple[str, ...] | None]:
    with pytest.raises(UserMistake) as caught:
        await source.perform(command)
    return caught.value.kind, str(caught.value), caught.value.path


def changes(mocks: MockPort) -> list[tuple[object, str]]:
    """Every request that was not a read."""
    calls = [call for call in mocks.calls if call["source"] == "balena" and call["method"] != "GET"]
    return [(call["method"], str(call["path"]).removeprefix("/balena")) for call in calls]


# --- what may be sent at all ---


def test_a_change_of_everything_cannot_be_spelled() -> None:
    for where in (None, Condition(""), odata.TRUE):
        with pytest.raises(ValueError, match="every release_tag"):
            odata.chosen("release_tag", where=where)


def test_a_change_is_chosen_by_key_or_condition() -> None:
    where = odata.compare("tag_key", "eq", "a&b/c's")

    assert odata.chosen("release", key=5) == "/v7/release(5)"
    assert odata.chosen("release_tag", where=where) == "/v7/release_tag?$filter=tag_key%20eq%20'a%26b%2Fc%27%27s'"


def test_a_count_is_spelled_beside_what_is_expanded() -> None:
    options = odata.Options(("id",), expand={"owns__release": odata.Options(("id",))}, counted=("owns__device",))

    assert odata.url("application", options) == (
        "/v7/application?$select=id&$expand=owns__release($select=id),owns__device/$count"
    )


async def test_an_operation_balena_lacks_is_not_performed(balena: Open) -> None:
    assert SourceOperation.CANCEL_RELEASE not in FACTS.operations
    with pytest.raises(NotImplementedError):
        await balena().perform(CancelRelease("1"))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b'"\\"slug\\" must be unique."', '"slug" must be unique.', id="a sentence"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b'""', None, id="no words"),
        pytest.param(b"<!DOCTYPE html><pre>SyntaxError<br> at parse</pre>", None, id="a page"),
        pytest.param(b'{"error":"x"}', None, id="an object"),
        pytest.param(b"\xff", None, id="no text"),
        pytest.param(b'"\xfcnique"', None, id="a text in another encoding"),
        pytest.param(b"[" * 100_000, None, id="a nest without end"),
    ],
)
def test_only_balenas_own_sentences_are_passed_on(body: bytes, sentence: str | None) -> None:
    assert explained(body) == sentence


# --- fleets ---


@pytest.mark.parametrize("by_number", [False, True], ids=["by handle and slug", "by numbers"])
async def test_a_fleet_is_made_of_an_organization_and_a_device_type(
    balena: Open, mocks: MockPort, by_number: bool
) -> None:
    source = balena()
    store = mocks.mocks.kinds["balena"].v7.state.store  # type: ignore[attr-defined]  # the mock's own rows
    (organization,) = store.by("organization", "handle", "acme")
    (device_type,) = store.by("device_type", "slug", "raspberrypi5")
    given = (str(organization["id"]), str(device_type["id"])) if by_number else ("acme", "raspberrypi5")

    native_id = await source.perform(CreateFleet("Tiny_Sink-2", *given))

    fleet = await fleet_again(source, native_id)
    assert (fleet.name, fleet.slug, fleet.device_type) == ("Tiny_Sink-2", "acme/tiny_sink-2", "raspberrypi5")
    assert fleet.is_mine
    assert changes(mocks) == [("POST", "/v7/application")]


@pytest.mark.parametrize(
    ("command", "mistake"),
    [
        (
            CreateFleet("tiny-sink", None, "raspberrypi5"),
            ("REQUIRED", "balena needs to know the organization of a new fleet", ("input", "organization")),
        ),
        (
            CreateFleet("tiny-sink", "acme", ""),
            ("REQUIRED", "balena needs to know the deviceType of a new fleet", ("input", "deviceType")),
        ),
        (
            CreateFleet("tiny-sink", "nobody's", "raspberrypi5"),
            ("NOT_FOUND", 'no organization "nobody\'s" that we can see', ("input", "organization")),
        ),
        (
            CreateFleet("tiny-sink", "open-weather", "raspberrypi5"),
            ("NOT_FOUND", "no organization 'open-weather' that we can see", ("input", "organization")),
        ),
        (
            CreateFleet("tiny-sink", "acme", "abacus"),
            ("NOT_FOUND", "no device type 'abacus'", ("input", "deviceType")),
        ),
        (
            CreateFleet("tiny-sink", "acme", "x" * 165),
            ("INVALID", "longer than 164 characters", ("input", "deviceType")),
        ),
        (
            CreateFleet("tiny-sink", "\0", "raspberrypi5"),
            ("INVALID", "a text holds a character that cannot be stored", ("input",)),
        ),
    ],
    ids=["no organization", "no type", "unknown", "not ours", "unknown type", "too long", "no text"],
)
async def test_a_fleet_that_cannot_be_made_is_not_tried(
    balena: Open, mocks: MockPort, command: CreateFleet, mistake: tuple[str, str, tuple[str, ...]]
) -> None:
    assert await refused(balena(), command) == mistake
    assert changes(mocks) == []


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("gauge", ("CONFLICT", '"slug" must be unique.', None)),
        ("two words", ("REJECTED", "App name may only contain [a-zA-Z0-9_-].", None)),
        ("\ud800-sink", ("INVALID", "a text holds a character that cannot be stored", ("input",))),
    ],
)
async def test_a_name_balena_refuses_is_told_in_its_words(
    balena: Open, name: str, mistake: tuple[str, str, tuple[str, ...] | None]
) -> None:
    assert await refused(balena(), CreateFleet(name, "acme", "raspberrypi5")) == mistake


async def test_a_fleet_is_not_made_where_the_source_would_not_show_it(balena: Open, mocks: MockPort) -> None:
    mistake = await refused(balena(organizations=("umbra",)), CreateFleet("tiny-sink", "acme", "raspberrypi5"))

    assert mistake == ("INVALID", "balena shows fleets of umbra only", ("input", "organization"))
    assert changes(mocks) == []


async def test_a_deleted_fleet_is_gone_and_only_that_one(balena: Open, mocks: MockPort) -> None:
    source = balena()
    gauge, others = await fleet_called(source, "gauge"), len(await rows_of(source.fleets(FleetQuery())))

    native_id = await source.perform(DeleteFleet(gauge.native_id))

    assert native_id == gauge.native_id
    assert await source.fleets_by_id([native_id]) == {}
    assert len(await rows_of(source.fleets(FleetQuery()))) == others - 1
    assert changes(mocks) == [("DELETE", f"/v7/application({native_id})")]


async def test_a_fleet_is_pinned_to_a_release_of_its_own(balena: Open, mocks: MockPort) -> None:
    source = balena()
    gauge = await fleet_called(source, "gauge")
    older = (await releases_of(source, gauge, ReleaseStatus.AVAILABLE))[-1]

    native_id = await source.perform(PinFleet(gauge.native_id, older.native_id))

    fleet = await fleet_again(source, native_id)
    assert (native_id, fleet.target_release_native_id, fleet.tracks_latest) == (
        gauge.native_id, older.native_id, False,
    )  # fmt: skip
    assert changes(mocks) == [("PATCH", f"/v7/application({native_id})")]


async def test_a_fleet_is_not_pinned_to_a_release_that_did_not_succeed(balena: Open) -> None:
    source = balena()
    gauge = await fleet_called(source, "gauge")
    (cancelled,) = await releases_of(source, gauge, ReleaseStatus.CANCELLED)

    assert await refused(source, PinFleet(gauge.native_id, cancelled.native_id)) == ("REJECTED", MUST_RUN, None)
    assert (await fleet_again(source, gauge.native_id)).tracks_latest


async def test_a_fleet_is_not_pinned_to_a_release_of_another(balena: Open, mocks: MockPort) -> None:
    source = balena()
    gauge, dock = await fleet_called(source, "gauge"), await fleet_called(source, "dock")
    other = (await releases_of(source, dock))[0]

    mistakes = [
        await refused(source, PinFleet(gauge.native_id, other.native_id)),
        await refused(source, PinFleet(gauge.native_id, GONE)),
        await refused(source, DeployRelease(other.native_id, fleet_id=gauge.native_id)),
    ]

    assert mistakes == [
        ("INVALID", "the release is of another fleet", ("input", "releaseId")),
        ("NOT_FOUND", "balena has no such release of ours", ("input", "releaseId")),
        ("INVALID", "the release is of another fleet", ("input", "fleetId")),
    ]
    assert changes(mocks) == []


async def test_a_fleet_that_tracks_again_moves_at_once_to_its_newest_usable_release(
    balena: Open, mocks: MockPort
) -> None:
    source = balena()
    gateway = await fleet_called(source, "gateway")
    usable = [
        release
        for release in await releases_of(source, gateway, ReleaseStatus.AVAILABLE)
        if (await release_again(source, release.native_id)).is_passing_tests
    ]
    assert (gateway.tracks_latest, gateway.target_release_native_id != usable[0].native_id) == (False, True)

    native_id = await source.perform(TrackLatestRelease(gateway.native_id, enabled=True))

    fleet = await fleet_again(source, native_id)
    assert (fleet.tracks_latest, fleet.target_release_native_id) == (True, usable[0].native_id)
    assert changes(mocks) == [("PATCH", f"/v7/application({native_id})")]


async def test_a_fleet_that_stops_tracking_stays_where_it_is(balena: Open) -> None:
    source = balena()
    gauge = await fleet_called(source, "gauge")

    await source.perform(TrackLatestRelease(gauge.native_id, enabled=False))

    fleet = await fleet_again(source, gauge.native_id)
    assert (fleet.tracks_latest, fleet.target_release_native_id) == (False, gauge.target_release_native_id)


async def test_a_fleet_without_a_usable_release_is_only_told_to_track(balena: Open) -> None:
    source = balena()
    native_id = await source.perform(CreateFleet("tiny-sink", "acme", "raspberrypi5"))
    await source.perform(TrackLatestRelease(native_id, enabled=False))

    await source.perform(TrackLatestRelease(native_id, enabled=True))

    fleet = await fleet_again(source, native_id)
    assert (fleet.tracks_latest, fleet.target_release_native_id) == (True, None)


# --- deployments ---


async def test_a_release_is_deployed_to_its_fleet(balena: Open) -> None:
    source = balena()
    release = await spare(source)

    native_id = await source.perform(DeployRelease(release.native_id))

    deployment = await read(await source.deployments_by_id([native_id]), native_id)
    assert native_id == f"{release.fleet_native_id}/{release.native_id}"
    assert deployment.release_native_id == release.native_id
    assert await source.is_deployed_by_release_id([release.native_id]) == {release.native_id: True}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rollout_percent": 10}, "rolloutPercent"),
        ({"cohort_id": "a/b/c"}, "cohortId"),
        ({"build_id": "1"}, "buildId"),
        ({"artifact_id": "image/1"}, "artifactId"),
        ({"stage": "Testing"}, "stage"),
    ],
)
async def test_a_share_is_never_taken_for_everybody(
    balena: Open, mocks: MockPort, given: dict[str, Any], field: str
) -> None:
    kind, _, path = await refused(balena(), DeployRelease("1", **given))

    assert (kind, path) == ("INVALID", ("input", field))
    assert mocks.paths("balena") == []


# --- releases ---


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        pytest.param({"known_issues": "Display stays dark"}, "known_issue_list", "Display stays dark", id="issues"),
        pytest.param({"known_issues": None}, "known_issue_list", None, id="no issues"),
        pytest.param({"phase": "sunset"}, "phase", "sunset", id="phase"),
        pytest.param({"phase": None}, "phase", None, id="no phase"),
        pytest.param({"version": "7.7.7-rc.1+build.5"}, "semver", "7.7.7-rc.1+build.5", id="version"),
        pytest.param({"is_final": True}, "is_final", True, id="final already"),
        pytest.param({"is_invalidated": False}, "is_invalidated", False, id="valid already"),
        pytest.param(
            {"is_invalidated": True, "invalidation_reason": "Hot"}, "invalidation_reason", "Hot", id="withdrawn"
        ),
    ],
)
async def test_a_release_is_changed_by_one_request(
    balena: Open, mocks: MockPort, given: dict[str, Any], name: str, value: Any
) -> None:
    source = balena()
    release = await spare(source)

    native_id = await source.perform(UpdateRelease(release.native_id, given))

    assert native_id == release.native_id
    assert getattr(await release_again(source, native_id), name) == value
    assert changes(mocks) == [("PATCH", f"/v7/release({native_id})")]


async def test_notes_are_written_and_cleared(balena: Open) -> None:
    source = balena()
    release = await spare(source)

    async def noted(text: str | None) -> str | None:
        native_id = await source.perform(UpdateRelease(release.native_id, {"notes": text}))
        return (await read(await source.releases_by_id([native_id]), native_id)).notes

    assert [await noted("# Größer & <b>besser</b>"), await noted(None)] == ["# Größer & <b>besser</b>", None]


async def test_a_draft_becomes_final_and_loses_its_stamp(balena: Open) -> None:
    source = balena()
    draft = await one_release(source, ReleaseStatus.DRAFT)

    await source.perform(UpdateRelease(draft.native_id, {"is_final": True}))

    native = await release_again(source, draft.native_id)
    assert native.is_final
    assert native.raw_version.partition("+")[0] == native.semver
    assert native.raw_version != draft.raw_version


async def test_a_withdrawn_release_is_valid_again_with_its_reason_gone(balena: Open, mocks: MockPort) -> None:
    source = balena()
    withdrawn = await one_release(source, ReleaseStatus.INVALIDATED)

    await source.perform(UpdateRelease(withdrawn.native_id, {"is_invalidated": False}))

    native = await release_again(source, withdrawn.native_id)
    assert (native.is_invalidated, native.invalidation_reason) == (False, None)
    assert len(changes(mocks)) == 1


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"is_final": False}, ("REJECTED", "Finalized releases cannot be converted to draft.", None)),
        (
            {"invalidation_reason": "Hot"},
            (
                "REJECTED",
                "It is necessary that each release that has an invalidation reason, is invalidated.",
                None,
            ),
        ),
        ({"version": "seven"}, ("REJECTED", "Invalid semver format", None)),
        (
            {"version": "7.7.7+rev9"},
            ("REJECTED", "The provided revision does not match the autogenerated one.", None),
        ),
        ({"is_final": "true"}, ("REJECTED", "balena refused it (400)", None)),
    ],
    ids=["a draft again", "a reason alone", "no version", "another revision", "no boolean"],
)
async def test_a_change_balena_refuses_is_told_in_its_words(
    balena: Open, given: dict[str, Any], mistake: tuple[str, str, None]
) -> None:
    source = balena()

    assert await refused(source, UpdateRelease((await spare(source)).native_id, given)) == mistake


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"version": None}, ("INVALID", "it cannot be cleared", ("input", "version"))),
        ({"is_final": None}, ("INVALID", "it cannot be cleared", ("input", "isFinal"))),
        ({"is_invalidated": None}, ("INVALID", "it cannot be cleared", ("input", "isInvalidated"))),
        (
            {"phase": "golden"},
            ("INVALID", "a phase is one of next, current, sunset, end-of-life", ("input", "phase")),
        ),
        (
            {"is_invalidated": False, "invalidation_reason": "Hot"},
            ("INVALID", "only a release that is invalidated has a reason", ("input", "invalidationReason")),
        ),
        ({"colour": "red"}, ("INVALID", "balena keeps no colour of a release", ("input",))),
    ],
    ids=str,
)
async def test_a_change_that_cannot_be_meant_is_not_sent(
    balena: Open, mocks: MockPort, given: dict[str, Any], mistake: tuple[str, str, tuple[str, ...]]
) -> None:
    assert await refused(balena(), UpdateRelease("1", given)) == mistake
    assert mocks.paths("balena") == []


async def test_a_text_that_cannot_be_stored_is_not_sent(balena: Open, mocks: MockPort) -> None:
    source = balena()
    release = await spare(source)

    mistake = await refused(source, UpdateRelease(release.native_id, {"notes": "a\0b"}))

    assert mistake == ("INVALID", "a text holds a character that cannot be stored", ("input",))
    assert changes(mocks) == []


async def test_a_deleted_release_is_gone_and_its_images_stay(balena: Open, mocks: MockPort) -> None:
    source = balena()
    release = await spare(source)
    before = len(await rows_of(source.releases(ReleaseQuery())))

    native_id = await source.perform(DeleteRelease(release.native_id))

    assert native_id == release.native_id
    assert await source.releases_by_id([native_id]) == {}
    assert len(await rows_of(source.releases(ReleaseQuery()))) == before - 1
    assert changes(mocks) == [("DELETE", f"/v7/release({native_id})")]


async def test_a_release_in_use_is_not_deleted_and_says_why(balena: Open) -> None:
    source = balena()
    gauge = await fleet_called(source, "gauge")
    target = await release_again(source, gauge.target_release_native_id or "")
    pins: list[Any] = [device.details_of() for device in await devices(source)]
    targets = {fleet.target_release_native_id for fleet in await rows_of(source.fleets(FleetQuery()))}
    pinned = {str(pin["is_pinned_on__release"]) for pin in pins if "is_pinned_on__release" in pin} - targets

    mistakes = [
        await refused(source, DeleteRelease(str(target.release_id))),
        await refused(source, DeleteRelease(sorted(pinned)[0])),
    ]

    sentence = f"Unable to delete release {target.raw_version} because it is the fleet's target release."
    assert mistakes == [
        ("REJECTED", sentence, None),
        ("REJECTED", "Unable to delete a release because device(s) are pinned to it.", None),
    ]


# --- tags ---


async def owned(source: Balena, owner_type: str) -> str:
    if owner_type == "Fleet":
        return (await fleet_called(source, "gauge")).native_id
    if owner_type == "Device":
        return (await devices(source))[0].native_id
    return (await spare(source)).native_id


async def tags(source: Balena, owner_type: str, native_id: str) -> dict[str, str | None]:
    ask = {"Fleet": source.tags_by_fleet_id, "Release": source.tags_by_release_id, "Device": source.tags_by_device_id}
    return {tag.key: tag.value for tag in await read(await ask[owner_type]([native_id]), native_id)}


@pytest.mark.parametrize("owner_type", ["Release", "Fleet", "Device"])
async def test_a_tag_is_put_changed_and_taken_off(balena: Open, mocks: MockPort, owner_type: str) -> None:
    source = balena()
    native_id = await owned(source, owner_type)
    before = await tags(source, owner_type, native_id)
    key = "it's/a&key+ö;#(1)"

    done = [await source.perform(SetTag(owner_type, native_id, key, "beta"))]
    put = await tags(source, owner_type, native_id)
    done.append(await source.perform(SetTag(owner_type, native_id, key, "stable")))
    changed = await tags(source, owner_type, native_id)
    done.append(await source.perform(RemoveTag(owner_type, native_id, key)))

    assert done == [native_id] * 3
    assert (put, changed) == ({**before, key: "beta"}, {**before, key: "stable"})
    assert await tags(source, owner_type, native_id) == before
    assert [method for method, _ in changes(mocks)] == ["POST", "POST", "PATCH", "DELETE"]


async def test_a_tag_of_another_object_stays(balena: Open) -> None:
    source = balena()
    first, second = [release.native_id for release in await rows_of(source.releases(ReleaseQuery()))][:2]
    for native_id in (first, second):
        await source.perform(SetTag("Release", native_id, "channel", "beta"))

    await source.perform(SetTag("Release", first, "channel", "stable"))
    await source.perform(RemoveTag("Release", first, "channel"))

    assert "channel" not in await tags(source, "Release", first)
    assert (await tags(source, "Release", second))["channel"] == "beta"


async def test_a_tag_that_is_not_there_is_taken_off_already(balena: Open) -> None:
    source = balena()
    native_id = await owned(source, "Release")

    assert await source.perform(RemoveTag("Release", native_id, "no-such-tag")) == native_id


@pytest.mark.parametrize(
    ("key", "value", "kind", "sentence"),
    [
        ("two words", "v", "REJECTED", "Tag keys cannot contain whitespace."),
        ("io.balena.x", "v", "REJECTED", "Tag keys beginning with io.balena. are reserved."),
        (
            "k",
            "v" * 1001,
            "REJECTED",
            "It is necessary that each release tag has a value that has a Length (Type) that is less than or equal to "
            "1000.",
        ),
    ],
)
async def test_a_tag_balena_refuses_is_told_in_its_words(
    balena: Open, key: str, value: str, kind: str, sentence: str
) -> None:
    source = balena()

    mistake = await refused(source, SetTag("Release", await owned(source, "Release"), key, value))

    assert mistake == (kind, sentence, None)


async def test_a_key_no_tag_can_have_is_not_looked_for(balena: Open, mocks: MockPort) -> None:
    mistake = await refused(balena(), RemoveTag("Release", "1", "k" * 165))

    assert mistake == ("INVALID", "longer than 164 characters", ("input", "key"))
    assert mocks.paths("balena") == []


# --- what is not ours ---


def _commands(release: str, fleet: str) -> list[Command]:
    return [
        DeleteFleet(fleet),
        PinFleet(fleet, release),
        TrackLatestRelease(fleet, enabled=True),
        UpdateRelease(release, {"notes": "x"}),
        DeleteRelease(release),
        DeployRelease(release),
        SetTag("Release", release, "k", "v"),
        SetTag("Fleet", fleet, "k", "v"),
        SetTag("Device", "1", "k", "v"),
        RemoveTag("Release", release, "k"),
    ]


@pytest.mark.parametrize("settings", [{"organizations": ("umbra",)}, {"public": True}], ids=str)
async def test_what_is_outside_the_scope_is_not_changed(
    balena: Open, mocks: MockPort, settings: dict[str, Any]
) -> None:
    """A token may write more than its source shows, and balena says 200 to a change that hits nothing."""
    source = balena(**settings)
    seen = await rows_of(balena(public=True).fleets(FleetQuery()))
    theirs = next(fleet for fleet in seen if fleet.slug == ("acme/gauge" if "organizations" in settings else STRANGER))
    release = (await releases_of(balena(public=True), theirs))[0]

    kinds = [(await refused(source, one))[0] for one in _commands(release.native_id, theirs.native_id)]

    assert kinds == ["NOT_FOUND"] * len(kinds)
    assert changes(mocks) == []


STRANGER = "open-weather/weather-station"


@pytest.mark.parametrize("native_id", [GONE, "x", "1/2", "", "01"])
async def test_what_is_not_there_is_not_changed(balena: Open, mocks: MockPort, native_id: str) -> None:
    source = balena()

    kinds = [(await refused(source, one))[0] for one in _commands(native_id, native_id)]

    assert kinds == ["NOT_FOUND"] * len(kinds)
    assert changes(mocks) == []


# --- openBalena ---


async def test_an_open_server_takes_the_same_changes(balena: Open, mocks: MockPort) -> None:
    mocks.mocks.switches["balena"].update(open_server=True, compares_finely=True)
    source = balena(select_cloud_fields=None)
    native_id = await source.perform(CreateFleet("tiny-sink", "acme", "raspberrypi5"))
    release = await spare(source)

    done = [
        await source.perform(TrackLatestRelease(native_id, enabled=True)),
        await source.perform(SetTag("Fleet", native_id, "channel", "beta")),
        await source.perform(UpdateRelease(release.native_id, {"version": "7.7.7", "phase": "next"})),
        await source.perform(DeployRelease(release.native_id)),
        await source.perform(DeleteFleet(native_id)),
    ]

    deployed = f"{release.fleet_native_id}/{release.native_id}"
    assert done == [native_id, native_id, release.native_id, deployed, native_id]
    assert (await release_again(source, release.native_id)).semver == "7.7.7"


# --- trouble ---


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param({"status": 401}, UpstreamRefused, id="may not write"),
        pytest.param({"status": 403}, UpstreamRefused, id="forbidden"),
        pytest.param({"status": 429, "retry_after": 7}, UpstreamBusy, id="rate limited"),
        pytest.param({"status": 500}, UpstreamRejected, id="a mistake in our request"),
        pytest.param({"status": 503}, UpstreamBroken, id="maintenance"),
        pytest.param({"drop": True}, UpstreamUnreachable, id="hung up"),
    ],
)
async def test_a_change_in_trouble_is_an_error_and_is_not_sent_again(
    balena: Open, mocks: MockPort, fault: dict[str, Any], error: type[UpstreamError]
) -> None:
    source = balena()
    release = await spare(source)
    mocks.fail(source="balena", path=f"/balena/v7/release({release.native_id})", **fault)

    with pytest.raises(error) as caught:
        await source.perform(UpdateRelease(release.native_id, {"notes": "# 1.2.3"}))

    assert type(caught.value) is error
    assert "demo-balena-token" not in f"{caught.value} {caught.value.extensions}"
    assert len(changes(mocks)) == 1


async def test_a_fleet_made_without_a_known_answer_is_an_error(balena: Open, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="/balena/v7/application", wrong_shape=True)

    with pytest.raises(UpstreamPayloadError):
        await balena().perform(CreateFleet("tiny-sink", "acme", "raspberrypi5"))

    assert len(changes(mocks)) == 1


async def test_an_owner_that_could_not_be_looked_for_is_an_error_and_not_absent(balena: Open, mocks: MockPort) -> None:
    mocks.fail(source="balena", path="/balena/v7/release?*", status=503)

    with pytest.raises(UpstreamBroken):
        await balena().perform(SetTag("Release", "1", "k", "v"))

    assert changes(mocks) == []


async def test_a_bad_token_changes_nothing(balena: Open, mocks: MockPort) -> None:
    with pytest.raises(UpstreamRefused):
        await balena(token="stale-token-0815").perform(CreateFleet("tiny-sink", "acme", "raspberrypi5"))

    assert {*mocks.paths("balena")} == {WHO_AM_I}
