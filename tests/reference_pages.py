"""The five reference pages: their words, the README's tables about them as rows, and both sides to be asked.

A row's left cell begins with a field or a request of the page; its right cell names what serves it. `<...>` stands for
a value of the mocks' world, in the vendor's words on the left and in the graph's on the right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from graphql import FieldNode, GraphQLObjectType, OperationDefinitionNode, get_named_type, parse, print_ast
from yarl import URL

from gateway.execution.executor import core
from resolvers import keys
from resolvers.schema import schema

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
GRAPH = core(schema)
PROJECT = "acme/sensor-hub"
NEW = {"<new name>": "harbour-light", "<new version>": "9.1.0", "<new revision>": "a" * 40}
"Values of things that are made."


@dataclass(frozen=True)
class Page:
    """One page. base: what its requests are relative to.

    everything, listed: what asks the vendor and the graph for all its objects. fields, requests: every field of the
    page, and of its requests, verbs, parameters and errors a piece that a row must be about, split by bars.
    """

    summary: str
    kind: str
    type_name: str
    native: str
    base: str
    everything: str
    listed: str
    fields: str
    requests: str

    def native_id(self, row: Mapping[str, Any]) -> str:
        return str(row["id"]) if self.kind != "memfault" else keys.join(*PROJECT.split("/"), row["version"])

    def rows(self, answer: Any) -> list[dict[str, Any]]:
        """The objects of an answer, of which some vendors send one alone, and some put them below a name."""
        inside: Any = answer.get("d", answer.get("data", answer)) if isinstance(answer, dict) else answer
        return inside if isinstance(inside, list) else [inside]


APPLICATION = Page(
    "balena: Application",
    "balena",
    "Fleet",
    "BalenaFleet",
    "/v7/",
    "application?$expand=organization($select=handle),is_for__device_type($select=slug)",
    "fleets(first: 200, filter: {kinds: [BALENA]})",
    "id uuid organization actor app_name slug should_be_running__release application_type is_for__device_type "
    "should_track_latest_release is_accessible_by_support_until__date is_public is_host is_archived is_discoverable "
    "is_stored_at__repository_url created_at",
    "organization/any | application` | is_directly_accessible_by__user | application(<fleet>)` | (slug='<slug>')` | "
    "app_name eq | owns__device | is_public eq | POST | DELETE | $select=should_be_running__release | "
    'PATCH application(<fleet>) | PATCH application(slug | "false" | "true"',
)
BALENA_RELEASE = Page(
    "balena: Release",
    "balena",
    "Release",
    "BalenaRelease",
    "/v7/",
    "release?$select=FIELDS",
    "releases(first: 200, filter: {kinds: [BALENA]})",
    "id created_at belongs_to__application is_created_by__user raw_version semver semver_major semver_minor "
    "semver_patch semver_prerelease semver_build revision variant commit composition status source build_log "
    "start_timestamp end_timestamp update_timestamp is_invalidated release_version contract",
    "eq <fleet>` | $select=raw_version | raw_version eq | commit eq",
)
BUILDMASTER = Page(
    "BuildMaster: Get Releases",
    "buildmaster",
    "Release",
    "BuildMasterRelease",
    "/api/",
    "releases",
    "releases(first: 200, filter: {kinds: [BUILDMASTER]})",
    "id number name sequence status createdBy createdOn applicationId applicationName pipelineName furthestBuildId "
    "furthestBuildNumber latestBuildId latestBuildNumber deployables furthestPackageId furthestPackageNumber "
    "latestPackageId latestPackageNumber releaseName releaseNumber",
    "applicationId | applicationName | releaseId | releaseNumber | releaseName | pipelineName | GET | POST | "
    '"active" | "canceled" | "deployed" | 400 ` | 403 `',
)
MEMFAULT = Page(
    "Memfault: Releases",
    "memfault",
    "Release",
    "MemfaultRelease",
    f"/api/v0/organizations/{PROJECT.replace('/', '/projects/')}/",
    "releases?per_page=100",
    'releases(first: 200, filter: {kinds: [MEMFAULT], fleetNames: ["Sensor Hub"]})',
    "id created_date updated_date version min_version revision notes extra_info count_devices",
    "releases/<version> | ?revision= | ?version= | &version= | ?hardware_version= | ?build_id= | ?sort=created_date | "
    '?sort=-created_date | POST | "version" | "min_version" | "revision" | "notes" | "extra_info"',
)
METAKRAFTWERK = Page(
    "MetaKraftwerk: Releases",
    "metakraftwerk",
    "Release",
    "MetaKraftwerkRelease",
    "/api/v1/",
    "releases",
    "releases(first: 200, filter: {kinds: [METAKRAFTWERK], includeDeleted: true})",
    "id group_id name description start_date end_date closed deleted hotfix_of_id prev_release_id",
    "GET releases` | ?group=<group>` | ?group_id= | ?name= | ?closed=true | ?closed=false | &closed=false | "
    "GET releases/<release> | 401 ` | 404 `GET releases?group | 404 `GET releases/ | POST | PUT | PATCH | DELETE",
)
PAGES = (APPLICATION, BALENA_RELEASE, BUILDMASTER, MEMFAULT, METAKRAFTWERK)


# The tables


class Row(NamedTuple):
    page: Page
    left: str
    right: str

    @property
    def asked(self) -> str:
        """The page's field or request."""
        return words(self.left)[0]

    @property
    def status(self) -> int:
        """What the vendor answers."""
        told = re.match(r"(\d{3}) ", self.left)
        return int(told[1]) if told else 200

    @property
    def answers(self) -> list[str]:
        """What serves it: paths of fields, or one operation."""
        return [word for word in words(self.right) if not re.fullmatch(r"[A-Z_]+(=\w+)?", word)]

    @property
    def code(self) -> str | None:
        """The error a caller is told, if it is one."""
        return next((word for word in words(self.right) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", word)), None)

    @property
    def settings(self) -> dict[str, str]:
        """What the source must be configured with."""
        return dict(word.split("=", 1) for word in words(self.right) if re.fullmatch(r"[A-Z_]+=\w+", word))


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def table(page: Page) -> Iterator[Row]:
    (block,) = re.findall(rf"<details><summary><b>{page.summary}</b>.*?</details>", README, re.DOTALL)
    for line in re.findall(r"^\| (.+) \|$", block, re.MULTILINE)[1:]:
        left, right = line.split(" | ")
        yield Row(page, left, right)


# Both sides


@dataclass
class Vendor:
    """The mock of a page, asked as its vendor is."""

    page: Page
    url: str
    session: aiohttp.ClientSession
    token: str

    async def ask(self, request: str) -> tuple[int, Any]:
        """Status and JSON of a request as the table writes it: verb, route, body. Not JSON: its text."""
        verb, target, body = re.fullmatch(r"([A-Z]+) (.+?)(?: (\{.*\}))?", request).groups()  # type: ignore[union-attr]
        # balena wants its query's own syntax as it is, and every blank encoded.
        url = URL(f"{self.url}/{self.page.kind}{self.page.base}{target.replace(' ', '%20')}", encoded=True)
        headers = {"Authorization": f"Bearer {self.token}", "X-ApiKey": self.token, "Content-Type": "application/json"}
        async with self.session.request(verb, url, data=body, headers=headers) as reply:
            text = await reply.text()
            return reply.status, json.loads(text) if reply.content_type == "application/json" and text else text

    async def rows(self, request: str) -> list[dict[str, Any]]:
        """What is there: nothing after a 404."""
        status, answer = await self.ask(request)
        assert status in (200, 404), (request, status, answer)
        return self.page.rows(answer) if status == 200 else []

    async def everything(self) -> list[dict[str, Any]]:
        return await self.rows(f"GET {self.page.everything.replace('FIELDS', self.page.fields.replace(' ', ','))}")


def operation(snippet: str) -> str:
    """The snippet as a whole operation. Without a selection of its own it asks for ids."""
    document = parse(f"{{ {snippet} }}").definitions[0]
    assert isinstance(document, OperationDefinitionNode)
    field = document.selection_set.selections[0]
    assert isinstance(field, FieldNode)
    name = field.name.value
    assert GRAPH.query_type
    assert GRAPH.mutation_type
    is_change = name in GRAPH.mutation_type.fields
    given = get_named_type((GRAPH.mutation_type if is_change else GRAPH.query_type).fields[name].type).name
    arguments = [print_ast(argument) for argument in field.arguments or ()]
    arguments += ["first: 200"] * given.endswith("Connection")
    called = f"({', '.join(arguments)})" if arguments else ""
    shown = print_ast(field.selection_set) if field.selection_set else _ids(given)
    return f"{'mutation' if is_change else 'query'} {{ answer: {name}{called} {shown} }}"


def _ids(type_name: str) -> str:
    if type_name.endswith("Payload"):
        return "{ userErrors { code message } }"
    return "{ nodes { sourceName nativeId } }" if type_name.endswith("Connection") else "{ sourceName nativeId }"


def selection(page: Page, path: str) -> str:
    """A dotted path as a selection; an object at its end is asked for its type."""
    at: Any = GRAPH.type_map[page.type_name]
    opened, closed = "", ""
    for step in path.split("."):
        at = GRAPH.type_map[page.native] if step == "native" else get_named_type(at.fields[step].type)
        inner = f" {{ ... on {page.native}" if step == "native" else ""
        opened, closed = f"{opened} {{ {step}{inner}", f"{' }' if inner else ''} }}{closed}"
    return f"{opened}{' { __typename }' if isinstance(at, GraphQLObjectType) else ''}{closed}"


def at_path(node: Any, path: str) -> Any:
    for step in path.split("."):
        node = [one[step] for one in node] if isinstance(node, list) else (node or {}).get(step)
    return node


def leaves(value: Any) -> set[str]:
    """All that is said somewhere inside, in one spelling; what is unset is nothing."""
    if isinstance(value, dict | list):
        return set().union(*map(leaves, value.values() if isinstance(value, dict) else value))
    if isinstance(value, bool):
        return {str(value).lower()}
    return {_spelled(str(value))} if value not in (None, "") else set()


def _spelled(text: str) -> str:
    """Instants by the microsecond in UTC: vendors write them in four ways."""
    if re.match(r"\d{4}-\d\d-\d\dT", text):
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")
    return text


def holds(row: Mapping[str, Any], members: Mapping[str, Any]) -> bool:
    return all(leaves(row.get(name)) == leaves(value) for name, value in members.items())


# Values of the world


Places = Mapping[str, tuple[str, str]]
"What stands for `<...>`: left and right."


async def places(vendor: Vendor) -> Places:
    rows = await vendor.everything()
    found = {name: (str(value), str(value)) for name, value in _texts(vendor.page, rows).items()}
    if vendor.page == APPLICATION:
        (made,) = await vendor.rows("GET application?$filter=slug eq 'acme/smart-sink'")
        organization, device_type = made["organization"]["__id"], made["is_for__device_type"]["__id"]
        found |= {"<organization id>": (str(organization),) * 2, "<device type id>": (str(device_type),) * 2}
        release = await _another_release(vendor, made["id"], made["should_be_running__release"]["__id"])
        found |= {"<release>": (release, keys.encode("Release", "balena", release))}
    for name, kind in _ids_of(vendor.page, rows).items():
        found[name] = (kind[1].rpartition("/")[2], keys.encode(kind[0], vendor.page.kind, kind[1]))
    return {**found, **{name: (value, value) for name, value in NEW.items()}}


async def _another_release(vendor: Vendor, fleet: int, target: int) -> str:
    where = (
        f"belongs_to__application eq {fleet} and is_final eq true and status eq 'success' and is_invalidated eq false"
    )
    rows = await vendor.rows(f"GET release?$filter={where}&$select=id")
    return next(str(row["id"]) for row in rows if row["id"] != target)


def _texts(page: Page, rows: list[dict[str, Any]]) -> dict[str, str]:
    if page == APPLICATION:
        return {"<organization>": "acme", "<slug>": "acme/smart-sink", "<name>": "smart-sink"}
    if page == BALENA_RELEASE:
        row = _usable(rows)
        return {"<version>": row["raw_version"], "<commit>": row["commit"]}
    if page == BUILDMASTER:
        row = next(row for row in rows if row.get("pipelineName") and row["name"] != row["number"])
        texts = {
            "<application>": "applicationName",
            "<number>": "number",
            "<name>": "name",
            "<pipeline>": "pipelineName",
        }
        return {place: row[name] for place, name in texts.items()}
    if page == MEMFAULT:
        row, older = (next(row for row in rows if row["version"] == version) for version in ("1.5.6", "1.2.0"))
        file = row["artifacts"][0]
        texts = {"<version>": row["version"], "<older version>": older["version"], "<revision>": row["revision"]}
        return {**texts, "<hardware>": file["hardware_version"], "<build>": file["build_id"]}
    return {"<group>": "SENSOR_HUB_DWH", "<name>": _dated(rows)["name"]}


def _ids_of(page: Page, rows: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Type and native id of what is named by id."""
    if page == APPLICATION:
        pinned = next(row for row in rows if not row["should_track_latest_release"] and not row["is_public"])
        fleet = next(row for row in rows if row["slug"] == "acme/smart-sink")
        return {"<fleet>": ("Fleet", str(fleet["id"])), "<pinned>": ("Fleet", str(pinned["id"]))}
    if page == BALENA_RELEASE:
        row = _usable(rows)
        fleet_id = str(row["belongs_to__application"]["__id"])
        return {"<release>": ("Release", str(row["id"])), "<fleet>": ("Fleet", fleet_id)}
    if page == BUILDMASTER:
        return {"<release>": ("Release", str(rows[0]["id"])), "<fleet>": ("Fleet", str(rows[0]["applicationId"]))}
    if page == MEMFAULT:
        return {"<fleet>": ("Fleet", PROJECT)}
    row = _dated(rows)
    return {"<release>": ("Release", str(row["id"])), "<fleet>": ("Fleet", str(row["group_id"]))}


def _usable(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A release of a fleet of ours: public ones have numbers above."""
    return next(row for row in rows if row["status"] == "success" and row["belongs_to__application"]["__id"] < 1900600)


def _dated(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["start_date"])


def filled(text: str, found: Places, side: int) -> str:
    """Raises KeyError for a place that stands for nothing."""
    return re.sub(r"<[a-z ]+>", lambda place: found[place[0]][side], text)
