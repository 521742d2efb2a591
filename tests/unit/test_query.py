"""`releasegraph query`, run as people and scripts run it: what goes where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import explained
from gateway.app import create_app
from gateway.demo import WRITE_TOKEN, demo_settings
from gateway.settings import Settings
from tests.conftest import MockPort, served

ROOT = Path(__file__).parents[2]
NAMES = "{ releases(first: 2) { nodes { sourceName } } }"
LOST = {"source": "memfault", "status": 503}


def query(*arguments: str, cwd: Path, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-c", "from gateway.cli import main; main()", "query", *arguments]
    options = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    return subprocess.run(command, cwd=cwd, env=base | environ, input=given, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def gateway_url(mocks: MockPort) -> Iterator[str]:
    with served(create_app(demo_settings(mocks.url, 8000))) as url:
        yield f"{url}/graphql"


@pytest.fixture
def one_source(mocks: MockPort) -> dict[str, str]:
    """Variables of one configured source."""
    return {"MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_TOKEN": "demo-memfault-token"}


def test_the_demo_answers_without_a_server_and_shows_what_it_took(tmp_path: Path) -> None:
    done = query("--demo", "--explain", "--query", NAMES, cwd=tmp_path)

    lines = done.stderr.splitlines()
    assert (done.returncode, len(json.loads(done.stdout)["releases"]["nodes"])) == (0, 2)
    assert lines[0].startswith("operation  17 calls, 6 of them for sessions, 228 rows, ")
    assert [line[4:] for line in lines if line[:3] in ("├──", "└──")] == [
        "balena  2 calls",
        "buildmaster  1 call",
        "memfault  7 calls",
        "metakraftwerk  2 calls",
        "nerveshub  5 calls",
    ]
    (page,) = [line for line in lines if "  GET /v7/release?$select=" in line]
    assert page.endswith("$orderby=created_at desc,id asc&$top=8")


def test_configured_sources_are_asked_and_a_plan_needs_no_setting(tmp_path: Path, one_source: dict[str, str]) -> None:
    (tmp_path / "names.graphql").write_text(f"query Other {{ __typename }} query Names {NAMES}")

    done = query("names.graphql", "--operation", "Names", "--explain", cwd=tmp_path, **one_source)

    assert (done.returncode, json.loads(done.stdout)["releases"]["nodes"]) == (0, [{"sourceName": "memfault"}] * 2)
    assert done.stderr.startswith("Names  7 calls")
    assert "demo-memfault-token" not in done.stderr


def test_a_document_comes_from_standard_input_with_variables(tmp_path: Path, one_source: dict[str, str]) -> None:
    document = "query ($first: Int) { releases(first: $first) { nodes { sourceName } } }"

    done = query("-", "--variables", '{"first": 3}', cwd=tmp_path, given=document, **one_source)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["releases"]["nodes"]) == 3


def test_parts_come_as_a_whole(tmp_path: Path, one_source: dict[str, str]) -> None:
    one_source |= {"RELEASEGRAPH_SERVER_INCREMENTAL": "true"}
    text = "{ fleets(first: 1) { nodes { name ... @defer { releases(first: 3) { nodes @stream { name } } } } } }"

    done = query("--query", text, cwd=tmp_path, **one_source)

    (found,) = json.loads(done.stdout)["fleets"]["nodes"]
    assert (done.returncode, done.stderr) == (0, "")
    assert (found["name"], len(found["releases"]["nodes"])) == ("Charging Dock", 3)


def test_a_gateway_is_asked_by_its_address(tmp_path: Path, gateway_url: str) -> None:
    done = query("--url", gateway_url, "--explain", "--query", NAMES, cwd=tmp_path)

    assert (done.returncode, len(json.loads(done.stdout)["releases"]["nodes"])) == (0, 2)
    assert done.stderr.startswith("operation  ")
    assert "└── nerveshub  5 calls" in done.stderr


def test_a_change_is_made_with_the_write_token_and_refused_without(tmp_path: Path) -> None:
    change = 'trackLatestRelease(input: {source: "balena", slug: "acme/gauge", enabled: true})'
    asked = ("--demo", "--query", f"mutation {{ {change} {{ fleet {{ tracksLatest }} userErrors {{ message }} }} }}")

    made = query(*asked, "--header", f"Authorization: Bearer {WRITE_TOKEN}", cwd=tmp_path)
    refused = query(*asked, cwd=tmp_path)

    assert json.loads(made.stdout)["trackLatestRelease"]["fleet"] == {"tracksLatest": True}
    assert (refused.returncode, refused.stderr.split()[0]) == (1, "UNAUTHENTICATED")


def test_a_lost_source_ends_with_1_and_the_data_that_came(tmp_path: Path, gateway_url: str, mocks: MockPort) -> None:
    mocks.fail(**LOST)

    done = query("--url", gateway_url, "--query", NAMES, cwd=tmp_path)

    assert (done.returncode, len(json.loads(done.stdout)["releases"]["nodes"])) == (1, 2)
    assert done.stderr.startswith("UPSTREAM_BROKEN memfault: ")
    assert done.stderr.endswith("(releases)\n")


def test_a_lost_source_is_told_once_and_not_logged_as_well(
    tmp_path: Path, one_source: dict[str, str], mocks: MockPort
) -> None:
    mocks.fail(**LOST)

    done = query("--query", NAMES, cwd=tmp_path, **one_source)

    assert (done.returncode, json.loads(done.stdout)) == (1, {"releases": None})
    assert (done.stderr.count("\n"), done.stderr.split()[0]) == (1, "UPSTREAM_BROKEN")


@pytest.mark.parametrize("place", ["here", "there"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--query", "{ nope }"], "GRAPHQL_VALIDATION_FAILED Cannot query field 'nope'", id="field"),
        pytest.param(["--query", "{"], "GRAPHQL_PARSE_FAILED Syntax Error", id="syntax"),
        pytest.param(["--query", "{ __typename }", "--operation", "A"], "BAD_ARGUMENT operationName 'A'", id="name"),
        pytest.param(
            ["--query", "query ($n: Int!) { releases(first: $n) { totalCount } }"],
            "BAD_ARGUMENT Variable '$n' has invalid value",
            id="variable",
        ),
    ],
)
def test_an_operation_that_cannot_be_used_ends_with_2(
    tmp_path: Path, gateway_url: str, one_source: dict[str, str], place: str, arguments: list[str], said: str
) -> None:
    where = {"here": [], "there": ["--url", gateway_url]}[place]

    done = query(*arguments, *where, "--explain", cwd=tmp_path, **one_source)

    assert (done.returncode, done.stdout) == (2, "")
    assert (done.stderr.startswith(said), done.stderr.count("\n")) == (True, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "give a document: a file, - for standard input, or --query", id="no document"),
        pytest.param(["-", "--query", "{ a }"], "give a document: a file", id="two documents"),
        pytest.param(["-"], "the document is empty", id="empty"),
        pytest.param(["gone.graphql"], "gone.graphql cannot be read: No such file", id="no file"),
        pytest.param(["--query", "{ a }", "--variables", "{"], "--variables is not valid JSON", id="no JSON"),
        pytest.param(["--query", "{ a }", "--variables", "[]"], "--variables must be a JSON object", id="a list"),
        pytest.param(["--query", "{ a }", "--header", "hemlighet"], '--header should be "Name: value"', id="header"),
        pytest.param(["--demo", "--query", "{ a }", "--header", "X: z"], "nothing but Authorization", id="unread"),
        pytest.param(["--query", "{ a }", "--url", "nonsense"], "--url nonsense should be a web address", id="url"),
        pytest.param(["--query", "{ a }", "--url", "http://x", "--demo"], "--url and --demo are two places", id="two"),
        pytest.param(["--query", "{ a }"], "the settings cannot be used", id="no source"),
    ],
)
def test_what_is_no_question_ends_with_2_and_says_what_to_give(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = query(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hemlighet" not in done.stderr


@pytest.mark.parametrize(
    ("path", "said"), [("", "no connection"), ("/healthz", "no GraphQL, but 405")], ids=["nobody", "something else"]
)
def test_an_address_that_does_not_answer_ends_with_1(tmp_path: Path, gateway_url: str, path: str, said: str) -> None:
    url = gateway_url.replace("/graphql", path) if path else "http://127.0.0.1:9/graphql"

    done = query("--url", url, "--query", NAMES, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"releasegraph: {url}: {said}")


def test_a_plan_that_is_refused_costs_nothing_but_itself(tmp_path: Path, mocks: MockPort) -> None:
    settings = demo_settings(mocks.url, 8000)

    with served(create_app(Settings(sources=settings.sources, telemetry=settings.telemetry))) as url:
        done = query("--url", f"{url}/graphql", "--explain", "--query", NAMES, cwd=tmp_path)

    assert (done.returncode, len(json.loads(done.stdout)["releases"]["nodes"])) == (0, 2)
    assert done.stderr.startswith("no plan nobody is told plans by this gateway")


def test_a_path_is_decoded_for_people_and_cannot_move_the_cursor() -> None:
    shown = explained.shown("/releases/1.5.5%2Bbuild.5?name=%C3%A4%20b%1B%5B2J%0A")

    assert shown == "/releases/1.5.5+build.5?name=ä b%1B[2J%0A"
