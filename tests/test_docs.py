"""What the README, CONTRIBUTING and the example of settings claim is so."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from graphql import GraphQLObjectType, get_named_type, parse, validate
from pydantic import SecretStr
from typer.main import get_command

from benchmarks.soak.command import SHARE
from gateway.access import csrf
from gateway.app import create_app
from gateway.cli import app as command_line
from gateway.demo import WRITE_TOKEN, demo_settings
from gateway.execution.executor import core
from gateway.http.endpoint import EXPLAIN_HEADER
from gateway.settings import Cache, Security, Server, SettingsError, Telemetry, load
from gateway.settings.security import Jwt
from resolvers.entities import MAX_REPRESENTATIONS
from resolvers.errors import ReleasegraphError, UserMistake
from resolvers.federation.pages import DEFAULT_SIZE
from resolvers.federation.product_lines import Naming
from resolvers.federation.reading import MAX_ROWS
from resolvers.graph.enums import AnswerState, SourceKind, SourceOperation, UserErrorCode
from resolvers.schema import schema
from resolvers.transport.plan import MAX_CALLS
from resolvers.transport.way import MAX_BYTES
from resolvers.upstreams.config import SourceConfig
from resolvers.upstreams.port import Part
from resolvers.upstreams.registry import ADAPTERS
from tests.conftest import MockPort, served
from tests.faults.test_matrix import LIMITS, TROUBLES
from upstream_mocks.faults import Fault, Faults

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "gateway.example.toml"

EVERY_KIND = pytest.mark.parametrize("kind", list(SourceKind), ids=lambda kind: kind.name.lower())


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def code(text: str) -> str:
    """What stands in code, of lines and of blocks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def rows(first_header: str) -> list[list[str]]:
    """Cells of the README's table whose first header is this."""
    (body,) = re.findall(rf"^\| {first_header} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", README, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body.splitlines()]


def words(cell: str) -> list[str]:
    """What is in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def row_of(kind: SourceKind) -> list[str]:
    (row,) = [row for row in rows("kind") if words(row[0]) == [kind.name]]
    return row


def adapter(kind: SourceKind) -> Any:
    return ADAPTERS[kind]


def uncommented() -> str:
    """The example with every setting in force."""
    return re.sub(r"^#(?=[\[a-z])", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def example_tables() -> dict[str, Any]:
    return tomllib.loads(uncommented())


def settings_in(table: Iterable[str]) -> set[str]:
    """Names of settings; of a secret, the name without the `_file`."""
    return {name.removesuffix("_file") if name not in FILES else name for name in table} - {"kind"}


FILES = {"api_keys_file", "jwks_file"}
"Settings that are paths themselves."


# Errors


def error_classes(of: type[ReleasegraphError] = ReleasegraphError) -> Iterator[type[ReleasegraphError]]:
    """Those of the product; a test may have its own."""
    if of.__module__.partition(".")[0] in ("resolvers", "gateway"):
        yield of
    for one in of.__subclasses__():
        yield from error_classes(one)


def codes_written_in_the_gateway() -> set[str]:
    """Words such as BAD_REQUEST in the code between HTTP and the resolvers, which answers some errors by itself."""
    files = [file for part in ("http", "execution", "access") for file in (ROOT / "gateway" / part).glob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_bytes()))]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {text for text in texts if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", text)}


def test_every_error_code_has_a_row_and_every_row_a_code() -> None:
    # A UserMistake is never an error of an answer: it becomes `userErrors`, whose codes are told with the mutations.
    codes = {one.code for one in error_classes() if one is not UserMistake} | codes_written_in_the_gateway()

    told = [words(row[0]) for row in rows("code")]

    assert sorted(told) == sorted([code] for code in codes)


def test_every_code_of_a_user_error_is_told() -> None:
    (told,) = re.findall(r"and a `code`: (.+?)\. Nothing", re.sub(r"\s+", " ", README))

    assert words(told) == [code.name for code in UserErrorCode]


def test_every_error_code_says_when_it_comes_and_what_a_client_may_do() -> None:
    silent = [row for row in rows("code") if len(row) != 3 or not all(row)]

    assert silent == []


def test_every_state_of_an_answer_is_explained() -> None:
    told = {word for row in rows("state") for word in words(row[0])}

    assert told == {state.name for state in AnswerState}


# What each vendor has

VENDORS = ("balena", "NervesHub", "Memfault", "BuildMaster", "MetaKraftwerk")


def by_vendor(row: list[str]) -> dict[SourceKind, str]:
    """The cells of a row after its first, by kind."""
    return {SourceKind[vendor.upper()]: cell for vendor, cell in zip(VENDORS, row[1:], strict=True)}


@pytest.mark.parametrize("first_header", ["here", "field", "mutation"])
def test_tables_of_vendors_name_them_in_one_order(first_header: str) -> None:
    assert f"\n| {first_header} | {' | '.join(VENDORS)} |\n" in README


@pytest.mark.parametrize("part", list(Part))
def test_the_table_of_words_tells_who_has_a_part(part: Part) -> None:
    (row,) = [row for row in rows("here") if f"{row[0].lower()}s" == part.value]

    told = {kind for kind, cell in by_vendor(row).items() if cell != "none"}

    assert told == {kind for kind in SourceKind if part in adapter(kind).facts.parts}


def test_the_table_of_mutations_tells_who_has_which_operation() -> None:
    told = {
        kind: [snake(words(row[0])[0]) for row in rows("mutation") if by_vendor(row)[kind].split(":")[0] != "no"]
        for kind in SourceKind
    }

    able = {kind: [one.name for one in SourceOperation if one in adapter(kind).facts.operations] for kind in SourceKind}
    assert told == able


def test_every_mutation_has_a_row() -> None:
    assert [snake(words(row[0])[0]) for row in rows("mutation")] == [operation.name for operation in SourceOperation]


def snake(name: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


LISTS = {
    "Fleet": "fleets(first: 50, filter: {kinds: [KIND]})",
    "Release": "releases(first: 60, filter: {kinds: [KIND]})",
    "Device": 'devices(first: 60, filter: {sources: ["SOURCE"]})',
    "Artifact": 'artifacts(first: 200, filter: {sources: ["SOURCE"]})',
}
"What lists the objects of a type in the demo."


@EVERY_KIND
@pytest.mark.parametrize("row", rows("field"), ids=lambda row: words(row[0])[0])
async def test_a_field_is_filled_where_the_table_says_so(
    row: list[str], kind: SourceKind, demo: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    type_name, name = words(row[0])[0].split(".")
    root = LISTS[type_name].replace("KIND", kind.name).replace("SOURCE", kind.name.lower())

    async with http.post(
        demo, json={"query": f"{{ all: {root} {{ nodes {{ {shown(type_name, name)} }} }} }}"}
    ) as reply:
        answer = await reply.json()

    found = [node[name] for node in answer["data"]["all"]["nodes"]]
    is_filled = any(one not in (None, [], {"nodes": []}) for one in found)
    assert is_filled == (by_vendor(row)[kind].split(":")[0] != "no")


def shown(type_name: str, name: str) -> str:
    """A field with as much of its object as makes it a selection."""
    of = core(schema).type_map[type_name]
    assert isinstance(of, GraphQLObjectType)
    named = get_named_type(of.fields[name].type)
    if not isinstance(named, GraphQLObjectType):
        return name
    return f"{name} {{ nodes {{ __typename }} }}" if named.name.endswith("Connection") else f"{name} {{ __typename }}"


# Upstreams and settings


@EVERY_KIND
def test_a_kind_has_a_row_with_its_folder_and_its_usual_address(kind: SourceKind) -> None:
    row = row_of(kind)

    assert f"(resolvers/upstreams/{kind.name.lower()})" in row[1]
    assert words(row[2])[0] == adapter(kind).facts.default_url or f"{kind.name}_URL" in words(row[2])


@EVERY_KIND
def test_every_variable_named_for_a_kind_is_read(kind: SourceKind) -> None:
    row = row_of(kind)
    named = words(row[3]) + words(row[4])

    config = load(Path(os.devnull), dict.fromkeys(named, "1") | {f"{kind.name}_URL": "https://it.example"})

    source = config.sources[kind.name.lower()]
    fields = [name.removeprefix(f"{kind.name}_").lower() for name in named]
    values = {name: getattr(source, name) for name in fields}
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()
    }
    assert [name for name, value in plain.items() if value not in ("1", ("1",), True)] == []


@EVERY_KIND
def test_no_credential_of_a_kind_is_left_unnamed(kind: SourceKind) -> None:
    fields = adapter(kind).config_type.model_fields

    secrets = {f"{kind.name}_{name.upper()}" for name, field in fields.items() if "SecretStr" in str(field.annotation)}

    assert secrets <= set(words(row_of(kind)[3]))


def test_the_example_names_every_setting() -> None:
    tables = example_tables()

    assert settings_in(tables["server"]) == set(Server.model_fields)
    assert settings_in(tables["cache"]) == set(Cache.model_fields)
    assert settings_in(tables["telemetry"]) == set(Telemetry.model_fields)
    assert settings_in(tables["security"]) == set(Security.model_fields)
    assert settings_in(tables["security"]["jwt"]) | {"jwks_file"} == set(Jwt.model_fields)
    assert {name for table in tables["product_lines"] for name in table} == {"name", "fleets"}
    assert {name for table in tables["product_lines"] for one in table["fleets"] for name in one} == {
        "source",
        *(naming.value for naming in Naming),
    }
    assert set(SourceConfig.model_fields) - {"kind"} <= settings_in(tables["sources"]["balena"])


@EVERY_KIND
def test_the_example_names_every_setting_of_a_kind(kind: SourceKind) -> None:
    own = set(adapter(kind).config_type.model_fields) - set(SourceConfig.model_fields) | {"url"}

    assert own <= settings_in(example_tables()["sources"][kind.name.lower()])


def test_the_table_of_guards_shows_their_defaults_and_where_memfaults_differ() -> None:
    usual, memfault = SourceConfig.model_fields, adapter(SourceKind.MEMFAULT).config_type.model_fields
    told = {words(row[0])[0]: row[1] for row in rows("guard")}

    defaults = {name: plainly(usual[name].default) for name in told if name in usual}
    own = {
        name: f", Memfault {memfault[name].default:g}"
        for name in defaults
        if memfault[name].default != usual[name].default
    }
    shown = {name: default + own.get(name, "") for name, default in defaults.items()}
    assert told == {**shown, "deadline_s": f"{Server.model_fields['deadline_s'].default:g}"}


def plainly(value: Any) -> str:
    return f"{value:g}" if type(value) in (int, float) else str(value).lower()


def test_the_example_as_it_stands_changes_nothing() -> None:
    environ = {"BALENA_TOKEN": "t"}

    assert load(EXAMPLE, environ) == load(Path(os.devnull), environ)


def test_the_example_with_every_setting_in_force_loads_and_shows_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in re.findall(r'_file = "(.+)"', uncommented()):
        (tmp_path / name).write_text("sixteen-characters-or-more")
    (tmp_path / "api-keys.toml").write_text("")
    (tmp_path / "documents.json").write_text("{}")
    (tmp_path / "gateway.toml").write_text(uncommented(), encoding="utf-8")

    settings = load(tmp_path / "gateway.toml", {})

    assert settings.server.model_copy(update={"cursor_key": None}) == Server()
    assert settings.cache.model_copy(update={"url": None, "username": None, "password": None}) == Cache()
    assert settings.telemetry.model_copy(update={"otlp_endpoint": None}) == Telemetry()
    assert list(settings.sources) == list(example_tables()["sources"])
    assert [line.name for line in settings.product_lines] == [one["name"] for one in example_tables()["product_lines"]]


def test_the_files_of_settings_in_the_readme_load(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "balena").write_text("t")
    (tmp_path / "secrets" / "write").write_text("sixteen-characters-or-more")
    (tmp_path / "gateway.toml").write_text("\n".join(fences("toml")))

    settings = load(tmp_path / "gateway.toml", {"EAST_BUILDS_TOKEN": "t", "WEST_BUILDS_TOKEN": "t"})

    assert list(settings.sources) == ["balena", "east-builds", "west-builds"]
    assert [name for name, source in settings.sources.items() if source.writable] == ["balena"]
    assert [line.name for line in settings.product_lines] == ["Sensor Hub"]
    assert settings.security.write_token is not None


def test_a_bad_setting_is_told_as_the_readme_shows(tmp_path: Path) -> None:
    wrong = '[server]\nprot = 1\n[sources.main]\nkind = "balenna"\n[sources.web]\nkind = "buildmaster"\n'
    (tmp_path / "gateway.toml").write_text(wrong)
    (text,) = fences("text")
    shown = [line.strip().removesuffix("…") for line in text.splitlines()[1:]]

    with pytest.raises(SettingsError) as told:
        load(tmp_path / "gateway.toml", {})

    assert [line for line in shown if not any(one.startswith(line) for one in told.value.problems)] == []


# Queries


WRITING = {"Authorization": f"Bearer {WRITE_TOKEN}"}


@pytest.fixture(scope="module")
def demo(mock_server: MockPort) -> Iterator[str]:
    """The graph of `make demo`."""
    with served(create_app(demo_settings(mock_server.url, 8000))) as url:
        yield f"{url}/graphql"


@pytest.mark.parametrize("query", fences("graphql"))
def test_a_query_fits_the_schema(query: str) -> None:
    assert validate(core(schema), parse(query)) == []


@pytest.mark.parametrize("query", fences("graphql"))
async def test_a_query_is_answered_by_the_demo(
    query: str, demo: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    async with http.post(demo, json={"query": query}, headers=WRITING) as reply:
        answer = await reply.json()
    mocks.mocks.reset()

    assert "errors" not in answer
    assert all(answer["data"].values())
    payloads = [one for one in answer["data"].values() if isinstance(one, dict)]
    assert [one["userErrors"] for one in payloads if one.get("userErrors")] == []


async def test_the_change_by_curl_is_made(demo: str, mocks: MockPort, http: aiohttp.ClientSession) -> None:
    (body,) = re.findall(r"^  -d '(\{\"query\": \"mutation.+)'$", README, re.MULTILINE)

    async with http.post(demo, json=json.loads(body), headers=WRITING) as reply:
        answer = await reply.json()
    mocks.mocks.reset()

    assert answer["data"] == {"trackLatestRelease": {"fleet": {"tracksLatest": True}, "userErrors": []}}
    assert f"Authorization: Bearer {WRITE_TOKEN}" in README


async def test_a_selection_asks_balena_for_what_is_shown(
    demo: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    (query,) = [one for one in fences("graphql") if "kinds: [BALENA] }" in one]
    async with http.post(demo, json={"query": query}) as reply:
        assert "errors" not in await reply.json()

    asked = [unquote(path).removeprefix("/balena") for path in mocks.paths("balena") if "whoami" not in path]

    assert [f"GET {path}" for path in asked] == [one.strip() for one in fences("http")]


async def test_the_first_answer_is_the_one_that_is_shown(
    demo: str, mocks: MockPort, http: aiohttp.ClientSession
) -> None:
    async with http.post(demo, json={"query": fences("graphql")[0]}) as reply:
        answer = await reply.json()

    assert answer == json.loads(fences("json")[0])


async def test_an_answer_in_parts_is_the_one_that_is_shown(mocks: MockPort, http: aiohttp.ClientSession) -> None:
    ((body, shown),) = re.findall(r"^  -d '(\{.+@defer.+)'\n((?:.*\n)+?)```", README, re.MULTILINE)
    settings = demo_settings(mocks.url, 8000)
    server = settings.server.model_copy(update={"incremental": True})

    with served(create_app(settings.model_copy(update={"server": server}))) as url:
        async with http.post(f"{url}/graphql", json=json.loads(body), headers={"Accept": "multipart/mixed"}) as reply:
            text = await reply.text()

    assert text.replace("\r\n", "\n") == shown


# Commands, mocks, links, numbers


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_is_named_exists(text: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert set(re.findall(r"\bmake ([a-z]+)", code(text))) <= set(targets)


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_command_that_is_named_exists(text: str) -> None:
    command: Any = get_command(command_line)

    assert set(re.findall(r"\breleasegraph ([a-z]+)", code(text))) <= set(command.commands)


@pytest.mark.parametrize("name", ["serve", "mocks", "doctor", "query"])
def test_every_option_of_a_command_is_named(name: str) -> None:
    group: Any = get_command(command_line)
    (told,) = [words(row[1]) for row in rows("command") if row[0] == f"`releasegraph {name}`"]

    options = [option for parameter in group.commands[name].params for option in parameter.opts]

    assert sorted(told) == sorted(options)


def test_the_plan_is_printed_as_it_is_shown(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^\$ \.venv/bin/releasegraph (query .+)\n((?:.+\n)+?)```", README, re.MULTILINE)
    command = [sys.executable, "-c", "from gateway.cli import main; main()", *shlex.split(shown[0])]

    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )

    assert without_times(done.stdout + done.stderr) == without_times(shown[1])


def without_times(text: str) -> str:
    return re.sub(r" +", " ", re.sub(r"\+?[\d.]+ ms", "", text))


async def test_every_member_of_a_plan_is_told(demo: str, mocks: MockPort, http: aiohttp.ClientSession) -> None:
    body = {"query": "{ releases(first: 1) { totalCount } }"}

    async with http.post(demo, json=body, headers={EXPLAIN_HEADER: "on"}) as reply:
        plan = (await reply.json())["extensions"]["plan"]

    told = [word for row in rows("member of a call") for word in words(row[0])]
    assert sorted(plan["calls"][0]) == sorted(told)
    assert [member for member in (*plan, *plan["totals"]) if f"`{member}`" not in README and member != "calls"] == []
    assert f"at most {MAX_CALLS} of them" in README


def test_every_fault_that_is_shown_is_taken() -> None:
    shown = re.findall(r"_mock/faults -d '(.+)'", README)
    faults = Faults()

    for one in shown:
        faults.put(one.encode())

    assert len(shown) > 3


def test_every_member_of_a_fault_is_told() -> None:
    told = {word for row in rows("trouble") for word in words(row[0])}

    assert set(Fault.__struct_fields__) - {"source", "path", "times", "met"} == told


def test_every_switch_that_is_shown_exists() -> None:
    (shown,) = re.findall(r"_mock/switches -d '(.+)'", README)

    pairs = [(kind, name) for kind, switches in json.loads(shown).items() for name in switches]

    assert pairs
    assert all(f"`{name}`" in (import_module(f"upstream_mocks.{kind}").__doc__ or "") for kind, name in pairs)


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_file_that_is_linked_exists(text: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", text)

    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "said",
    [
        f"At most {MAX_ROWS:,} rows and {MAX_BYTES >> 20} MiB of a source for one list",
        f"A page has {DEFAULT_SIZE} rows unless asked",
        f"at most {Server().max_page_size}.",
        f"`_entities` takes {MAX_REPRESENTATIONS:,} representations at once",
        "of at least 16 characters",
        f"has sources fail in {len(TROUBLES) + len(LIMITS)} ways",
        f"asks {SHARE * 100:.0f} % of that for half an hour",
        *(f"`{header}`" for header in csrf.HEADERS),
    ],
)
def test_a_number_or_name_in_the_readme_is_that_of_the_code(said: str) -> None:
    assert said in re.sub(r"\s+", " ", README)


def test_the_limits_of_a_request_are_told_with_their_defaults() -> None:
    table = re.findall(r"^  \| (`max_[^|]+) \| ([^|]+) \|", README, re.MULTILINE)
    told = [pair for row in table for pair in zip(words(row[0]), _numbers(row[1]), strict=True)]

    assert dict(told) == {
        name: one.default
        for name, one in Server.model_fields.items()
        if name.startswith("max_") and name != "max_in_flight"
    }


def _numbers(cell: str) -> list[int]:
    """With a comma after thousands, or in MiB."""
    if cell.endswith("MiB"):
        return [int(cell.removesuffix(" MiB")) << 20]
    return [int(one.replace(",", "")) for one in cell.split(", ")]
