"""The balena mock's OData: every statement of the dialect, asked on the wire with URLs exactly as written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from yarl import URL

Row = dict[str, Any]
COLUMNS = "id,raw_version,status,phase,note,is_final,is_invalidated,revision,semver_minor,created_at,commit"


@dataclass
class Api:
    http: aiohttp.ClientSession
    url: str

    async def ask(self, target: str) -> tuple[int, str]:
        url = URL(f"{self.url}/balena/v7{target}", encoded=True)
        async with self.http.get(url, headers={"Authorization": "Bearer demo-balena-token"}) as response:
            return response.status, await response.text()

    async def d(self, target: str) -> Any:
        status, text = await self.ask(target)
        assert status == 200, (status, text, target)
        return json.loads(text)["d"]

    async def filtered(self, expression: str) -> list[int]:
        """Ids of the releases left, sorted."""
        return sorted(
            row["id"] for row in await self.d(f"/release?$select=id&$filter={expression.replace(' ', '%20')}")
        )

    async def those(self, stays: Callable[[Row], bool]) -> list[int]:
        rows = await self.d(f"/release?$select={COLUMNS}")
        assert any(map(stays, rows)), "the world has none of these"
        return sorted(row["id"] for row in rows if stays(row))


@pytest.fixture
async def api(mocks: Any, http: aiohttp.ClientSession) -> Api:
    return Api(http, mocks.url)


MALFORMED = [
    "/release?$filter=",
    "/release?$select=",
    "/release?$select=id,",
    "/release?$select=id,%20note",
    "/release?$orderby=id%20desc,%20note",
    "/release?$select=id&",
    "/release/",
    "/release()",
    "/release(5)/$count",
    "/application_tag/(5)",
    "/release?$orderby=tolower(note)%20asc",
    "/release?$orderby=id%20DESC",
    "/release?$filter=id%20EQ%205",
    "/release?$filter=id%20in%20()",
    "/release?$expand=*",
    "/release?$top=-1",
    "/release?$count=maybe",
    "/release?$search=wifi",
    "/release?$apply=x",
    "/release?$compute=x",
    "/release?$skiptoken=x",
    "/release?$filter=created_at%20gt%202026-01-01T00:00:00Z",
    "/release?$filter=contains(note)",
    "/release?@x=null&$filter=note%20eq%20@x",
    "/release?$filter=note%20eq%20'it's'",
]
ENCODED = [
    "/release?$filter=id%20in%20%281,2%29",
    "/release?$filter=id%20in%20(1%2C2)",
    "/release?$filter=belongs_to__application%2Fslug%20eq%20'a'",
    "/release?$filter=release_tag/any(t%3At/value%20eq%20'a')",
    "/release?$expand=release_tag($select=value%3B$top=1)",
    "/release?$filter%3Did%20eq%205",
    "/release?$select=id%26$top=1",
    "/release%285%29",
]
STUMBLED = [
    "/release?$select=nothing",
    "/release?$filter=nothing%20eq%201",
    "/release?$expand=nothing",
    "/release?$orderby=nothing%20asc",
    "/release?$filter=id%20eq%20'abc'",
    "/release?$filter=id%20mod%202%20eq%200",
    "/release?$filter=release_tag/any()",
    "/release?$filter=note%20eq%20'open",
    "/release?$filter=note%20eq%20%27open",
    "/release?$filter=note%20eq%20'%zz'",
    "/release?$filter=note%20eq%20'%ff'",
    "/release?$filter=created_at%20gt%20datetime'soon'",
    "/release?$filter=created_at%20gt%20'soon'",
    "/release?$filter=id%20div%200%20eq%201",
    "/release?$filter=note",
    "/release?$filter=note%20gt%20id",
    "/release(5000000000)",
    "/release(5.5)",
    "/release('abc')",
    "/release(commit='a')",
    "/release(belongs_to__application=1,raw_version='1.0.0')",
    "/release_tag(tag_key='channel')",
    "/release(3000001)/belongs_to__application",
    "/release(3000001)/nothing?$select=id",
    "/release?$select=belongs_to__application/slug",
]


@pytest.mark.parametrize("target", MALFORMED)
async def test_what_the_grammar_does_not_know_is_malformed(api: Api, target: str) -> None:
    status, text = await api.ask(target)

    assert status == 400
    assert json.loads(text) == f"Malformed url: '/v7{target}'"


@pytest.mark.parametrize("target", ENCODED)
async def test_syntax_that_was_percent_encoded_is_malformed(api: Api, target: str) -> None:
    assert (await api.ask(target))[0] == 400


@pytest.mark.parametrize("target", STUMBLED)
async def test_what_parses_and_means_nothing_is_500_with_an_empty_body(api: Api, target: str) -> None:
    assert await api.ask(target) == (500, "")


@pytest.mark.parametrize("target", ["/release?%24select=id&%24top=1", "/release?$filter=id+gt+5&$select=id&$top=1"])
async def test_dollars_and_spaces_may_be_encoded(api: Api, target: str) -> None:
    assert len(await api.d(target)) == 1


@pytest.mark.parametrize(
    "target", ["/release/$count?foo=bar", "/release/$count?$count=true", "/release/$count?$inlinecount=allpages"]
)
async def test_unknown_parameters_and_both_counts_change_nothing(api: Api, target: str) -> None:
    assert await api.d(target) == await api.d("/release/$count")


async def test_the_same_option_twice_means_the_last(api: Api) -> None:
    assert len(await api.d("/release?$top=1&$select=id&$top=2")) == 2


# Operators, nulls


async def test_and_and_or_group_to_the_left(api: Api) -> None:
    found = await api.filtered("status eq 'failed' or status eq 'success' and phase eq 'current'")

    expected = await api.those(lambda row: row["status"] in ("failed", "success") and row["phase"] == "current")
    assert found == expected


async def test_not_binds_before_a_comparison(api: Api) -> None:
    found = await api.filtered("not is_final eq true")

    assert found == await api.those(lambda row: not row["is_final"])


@pytest.mark.parametrize(
    ("expression", "stays"),
    [
        ("phase ne 'current'", lambda row: row["phase"] != "current"),
        ("not (phase eq 'current')", lambda row: row["phase"] != "current"),
        ("phase eq null", lambda row: row["phase"] is None),
        ("revision ne null", lambda row: row["revision"] is not None),
        ("not (phase in ('current'))", lambda row: row["phase"] == "end-of-life"),
        ("not contains(phase,'current')", lambda row: row["phase"] == "end-of-life"),
        ("phase in ('current',null)", lambda row: row["phase"] == "current"),
        ("revision gt 0", lambda row: (row["revision"] or 0) > 0),
        ("not (revision gt 0)", lambda row: row["revision"] == 0),
        ("semver_minor div 2 eq 1", lambda row: row["semver_minor"] in (2, 3)),
        ("semver_minor mul 2 add 1 eq 5", lambda row: row["semver_minor"] == 2),
        ("is_final", lambda row: row["is_final"]),
        ("is_final eq 'true'", lambda row: row["is_final"]),
        ("is_invalidated eq 1", lambda row: row["is_invalidated"]),
        ("contains(tolower(note),'fixes')", lambda row: "fixes" in (row["note"] or "").lower()),
        ("substringof('fixes',note)", lambda row: "fixes" in (row["note"] or "")),
        ("startswith(raw_version,'1.2')", lambda row: row["raw_version"].startswith("1.2")),
        ("endswith(raw_version,'rc.1')", lambda row: row["raw_version"].endswith("rc.1")),
        ("indexof(raw_version,'.') eq 1", lambda row: row["raw_version"].find(".") == 1),
        ("substring(raw_version,0,3) eq '1.2'", lambda row: row["raw_version"][:3] == "1.2"),
        ("length(raw_version) gt 10", lambda row: len(row["raw_version"]) > 10),
        ("concat(status,'!') eq 'failed!'", lambda row: row["status"] == "failed"),
        ("replace(status,'fail','') eq 'ed'", lambda row: row["status"] == "failed"),
        ("toupper(status) eq 'FAILED'", lambda row: row["status"] == "failed"),
        ("month(created_at) eq 5", lambda row: row["created_at"][5:7] == "05"),
        ("date(created_at) eq '2026-05-02'", lambda row: row["created_at"].startswith("2026-05-02")),
        ("created_at gt datetime'2026-05-01T02:00:00+02:00'", lambda row: row["created_at"] > "2026-05-01"),
        ("created_at lt datetime'2026-01-01'", lambda row: row["created_at"] < "2026-01-01"),
        ("created_at ge '2026-05-01T00:00:00Z'", lambda row: row["created_at"] > "2026-05-01"),
        ("created_at gt now() sub duration'P100D'", lambda row: row["created_at"] > "2026-07-24T12"),
        ("(phase eq 'end-of-life') or (phase eq 'current')", lambda row: row["phase"] is not None),
    ],
)  # fmt: skip
async def test_filters_leave_what_they_say(api: Api, expression: str, stays: Callable[[Row], bool]) -> None:
    assert await api.filtered(expression) == await api.those(stays)


@pytest.mark.parametrize("expression", ["commit eq 5", "id in (1,null)", "note eq '100%25'", "contains(note,'_')"])
async def test_filters_that_match_nothing_are_fine(api: Api, expression: str) -> None:
    assert await api.filtered(expression) == []


async def test_text_is_compared_by_case_and_quotes_are_doubled(api: Api) -> None:
    assert await api.filtered("status eq 'FAILED'") == []
    assert await api.filtered("note eq 'it''s'") == []


@pytest.mark.parametrize("field", ["created_at", "update_timestamp"])
async def test_a_moment_read_compares_equal_to_its_row(api: Api, field: str) -> None:
    (row,) = await api.d(f"/release(3000001)?$select=id,{field}")

    found = await api.d(f"/release?$select=id,{field}&$filter={field}%20eq%20datetime'{row[field]}'")

    assert row in found


async def test_moments_can_be_compared_as_finely_as_they_are_stored(api: Api, mocks: Any) -> None:
    mocks.mocks.switches["balena"]["compares_finely"] = True
    (row,) = await api.d("/release(3000001)?$select=id,created_at")

    assert await api.filtered(f"id eq 3000001 and created_at eq datetime'{row['created_at']}'") == []
    assert await api.filtered(f"id eq 3000001 and created_at gt datetime'{row['created_at']}'") == [3000001]


# Order


async def test_an_order_without_a_direction_goes_down(api: Api) -> None:
    rows = await api.d("/release?$select=id&$orderby=id")

    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


@pytest.mark.parametrize(("direction", "place"), [("desc", 0), ("asc", -1)])
async def test_nulls_are_first_downwards_and_last_upwards(api: Api, direction: str, place: int) -> None:
    rows = await api.d(f"/release?$select=revision&$orderby=revision%20{direction},id%20asc")

    assert rows[place] == {"revision": None}


async def test_orders_follow_links_and_counts(api: Api) -> None:
    by_name = await api.d(
        "/release?$select=id&$expand=belongs_to__application($select=slug)&$orderby=belongs_to__application/slug%20asc"
    )
    by_size = await api.d("/application?$select=id&$expand=owns__release/$count&$orderby=owns__release/$count%20asc")

    slugs = [row["belongs_to__application"][0]["slug"] for row in by_name]
    sizes = [row["owns__release"] for row in by_size]
    assert (slugs, sizes) == (sorted(slugs), sorted(sizes))


# Paths, lambdas, joins


async def test_a_short_path_reads_the_row_behind_a_link(api: Api) -> None:
    found = await api.filtered("belongs_to__application/organization/handle eq 'umbra'")

    assert len(found) == 9


async def test_a_short_path_to_many_gives_a_row_once_per_match(api: Api) -> None:
    joined = await api.d("/release(3038401)?$select=id&$filter=release_tag/value%20ne%20'x'")
    once = await api.d("/release(3038401)?$select=id&$filter=release_tag/any(t:t/value%20ne%20'x')")

    assert (len(joined), len(once)) == (2, 1)


async def test_any_and_all_look_at_the_rows_behind(api: Api) -> None:
    stable = "t/tag_key eq 'channel' and (t/value eq 'stable')"

    some = await api.filtered(f"release_tag/any(t:{stable})")
    every = await api.filtered("release_tag/all(t:t/tag_key ne 'channel')")

    assert {*some} & {*every} == set()
    assert every == await api.those(lambda row: not row["is_final"])


async def test_lambdas_nest_and_see_the_variables_around_them(api: Api) -> None:
    found = await api.d(
        "/application?$select=slug&$filter=owns__release/any(r:r/release_tag/any(t:(t/value%20eq%20'beta')"
        "%20and%20(r/semver_minor%20eq%205)))"
    )

    assert found == [{"slug": "acme/sensor-hub"}]


async def test_links_compare_by_id(api: Api) -> None:
    fleets = await api.d("/application?$select=slug&$filter=should_be_running__release%20eq%20null")

    assert fleets == [{"slug": "acme/smart-sink-legacy"}]


async def test_counts_are_filtered(api: Api) -> None:
    rows = await api.d(
        "/application?$select=slug&$filter=owns__release/$count($filter=status%20eq%20'failed')%20eq%202"
        "&$expand=owns__release/$count($filter=status%20eq%20'failed')"
    )

    assert rows == [{"owns__release": 2, "slug": "acme/gateway"}]


async def test_a_count_ignores_page_order_and_columns(api: Api) -> None:
    whole = await api.d("/release/$count")

    assert await api.d("/release/$count?$top=1&$orderby=nothing%20asc&$select=nothing") == whole


async def test_paths_lead_on_from_a_key(api: Api) -> None:
    (fleet,) = await api.d("/release(3000001)/belongs_to__application?$select=id,slug")
    count = await api.d(f"/application({fleet['id']})/owns__release/$count")

    assert (fleet["slug"], count) == ("acme/smart-sink-legacy", 2)


# Expand


async def test_expansions_nest_with_options_of_their_own(api: Api) -> None:
    rows = await api.d(
        "/application?$select=id&$filter=is_host%20eq%20false&$expand=owns__release($select=id,status;"
        "$filter=status%20eq%20'success';$orderby=start_timestamp%20desc,id%20desc;$top=3;$skip=1;"
        "$expand=release_tag($select=value&$filter=tag_key%20eq%20'channel'))"
    )

    fleets = [row["owns__release"] for row in rows]
    assert sorted(map(len, fleets)) == [0, 3, 3, 3, 3, 3, 3]
    assert all([r["id"] for r in releases] == sorted((r["id"] for r in releases), reverse=True) for releases in fleets)
    assert {tag["value"] for releases in fleets for r in releases for tag in r["release_tag"]} == {"stable", "beta"}


async def test_a_filter_on_an_expanded_link_empties_it(api: Api) -> None:
    rows = await api.d("/release(3000001)?$select=id&$expand=belongs_to__application($filter=id%20eq%201)")

    assert rows == [{"belongs_to__application": [], "id": 3000001}]


async def test_a_path_in_expand_brings_all_members_and_the_inner_rows(api: Api) -> None:
    (row,) = await api.d("/release(3000001)?$select=id&$expand=release_image/image")

    (part,) = row["release_image"]
    assert {*part} == {"id", "created_at", "image", "is_part_of__release"}
    assert part["image"][0]["status"] == "success"


async def test_a_navigation_expanded_twice_means_the_last(api: Api) -> None:
    rows = await api.d(
        "/release(3000001)?$select=id&$expand=release_tag($select=id),release_tag($select=tag_key;$top=0)"
    )

    assert rows == [{"release_tag": [], "id": 3000001}]


@pytest.mark.parametrize("name", ["release_image", "contains__image", "image__is_part_of__release"])
async def test_images_of_a_release_have_three_names(api: Api, name: str) -> None:
    (row,) = await api.d(f"/release(3000001)?$select=id&$expand={name}($select=id)")

    assert len(row[name]) == 1


@pytest.mark.parametrize("path", ["release_image", "image__is_part_of__release"])
async def test_links_of_images_have_two_paths(api: Api, path: str) -> None:
    assert await api.d(f"/{path}/$count") > 100


# Keys, aliases


@pytest.mark.parametrize(
    "key", ["(3000001)", "('3000001')", "(id=3000001)", "(@id)?@id=3000001", "(@k)?@k='3000001'&$top=1"]
)
async def test_a_row_has_several_spellings_of_its_key(api: Api, key: str) -> None:
    assert [row["id"] for row in await api.d(f"/release{key}")] == [3000001]


async def test_members_of_a_key_come_in_any_order(api: Api) -> None:
    one = await api.d("/release_tag(release=3000001,tag_key='channel')?$select=value")
    other = await api.d("/release_tag(tag_key='channel',release=3000001)?$select=value")

    assert one == other == [{"value": "stable"}]


async def test_a_part_of_a_release_has_a_key_of_two_links(api: Api) -> None:
    (part,) = await api.d("/release_image?$top=1")
    key = f"image={part['image']['__id']},is_part_of__release={part['is_part_of__release']['__id']}"

    assert await api.d(f"/release_image({key})") == [part]


async def test_an_alias_stands_for_a_literal(api: Api) -> None:
    found = await api.d("/release?$select=id&$filter=status%20eq%20@s%20and%20id%20gt%20@i&@s='failed'&@i=5")

    assert len(found) == 2


async def test_an_alias_without_a_value_is_named(api: Api) -> None:
    status, text = await api.ask("/release?$filter=id%20eq%20@x")

    assert (status, json.loads(text)) == (400, "Missing binding: @x")


async def test_a_page_of_none_is_empty(api: Api) -> None:
    assert await api.d("/release?$top=0") == []


async def test_all_columns_can_be_asked_for(api: Api) -> None:
    assert await api.d("/release(3000001)?$select=*") == await api.d("/release(3000001)")


async def test_an_install_expands_its_image_by_either_name(api: Api) -> None:
    """The vendor's SDKs ask for `image`, the model says `installs__image`."""
    inside = "($select=id;$expand=is_a_build_of__service($select=service_name))"
    target = "/image_install?$select=id&$orderby=id%20asc&$top=5&$expand="

    by_resource = await api.d(f"{target}image{inside}")
    by_link = await api.d(f"{target}installs__image{inside}")

    assert [row["image"] for row in by_resource] == [row["installs__image"] for row in by_link]
    assert all(row["image"][0]["is_a_build_of__service"] for row in by_resource)
