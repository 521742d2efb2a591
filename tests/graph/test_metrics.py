"""What /metrics and the log tell of operations and of the calls they take."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest

from gateway.execution.manifest import digest
from gateway.http.telling import HEADER
from gateway.settings import Server
from gateway.telemetry.told import Outcome
from tests.conftest import MockPort
from tests.graph.conftest import Start
from tests.graph.telling import Told, gateway_over, told

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PAGE = 'query Newest { releases(first: 5, filter: { sources: ["memfault"] }) { nodes { fleet { name } } } }'


async def test_an_operation_its_calls_and_its_batches_are_counted(mocks: MockPort) -> None:
    async with told(mocks, {"operation_names": ("Newest",)}) as gateway:
        status, _, _ = await gateway.ask(PAGE)

        names = {"type": "query", "operation": "Newest"}
        assert status == 200
        assert await gateway.sample("releasegraph_operations_total", outcome="ok", **names) == 1
        assert await gateway.sample("releasegraph_operation_duration_seconds_count", **names) == 1
        calls = await gateway.sample("releasegraph_upstream_calls_total", source="memfault", status="2xx")
        assert calls == len(mocks.paths("memfault"))
        assert await gateway.sample("releasegraph_upstream_duration_seconds_count", source="memfault") == calls
        assert await gateway.sample("releasegraph_upstream_bytes_total", source="memfault") > 1000
        assert await gateway.sample("releasegraph_loader_batch_keys_count", question="fleets_by_id") == 1
        assert await gateway.sample("releasegraph_answer_sources_total", source="memfault", state="LIVE") == 1
        assert await gateway.sample("releasegraph_answer_sources_total", state="SKIPPED") == 4
        assert await gateway.sample("releasegraph_source_up", source="memfault") == 1
        assert await gateway.sample("releasegraph_operations_in_flight") == 0
        assert await gateway.sample("releasegraph_upstream_in_flight") == 0


async def test_a_text_is_parsed_once_and_remembered_then(mocks: MockPort) -> None:
    async with told(mocks) as gateway:
        for _ in range(3):
            await gateway.ask("{ __typename }")

        assert await gateway.sample("releasegraph_documents_total", cache="miss") == 1
        assert await gateway.sample("releasegraph_documents_total", cache="hit") == 2


async def test_a_source_that_fails_is_down_and_its_code_is_counted(mocks: MockPort) -> None:
    mocks.fail(source="memfault", status=503)

    async with told(mocks) as gateway:
        await gateway.ask("{ releases(first: 1) { nodes { id } } }")

        assert await gateway.sample("releasegraph_upstream_errors_total", source="memfault", code="UPSTREAM_BROKEN") > 0
        assert await gateway.sample("releasegraph_source_up", source="memfault") == 0
        assert await gateway.sample("releasegraph_operation_errors_total", code="UPSTREAM_BROKEN") == 1
        assert await gateway.sample("releasegraph_operations_total", outcome="errors") == 1
        assert await gateway.sample("releasegraph_answer_sources_total", source="memfault", state="FAILED") == 1


@pytest.mark.parametrize("trouble", [{"wrong_shape": True}, {"cut_json": True}, {"body": "<html>"}], ids=str)
async def test_a_source_whose_answers_are_of_no_use_is_not_told_to_be_well(
    mocks: MockPort, trouble: dict[str, Any]
) -> None:
    async with told(mocks) as gateway:
        await gateway.ask("{ releases(first: 1) { nodes { id } } }")
        well = await gateway.sample("releasegraph_source_up", source="nerveshub")
        mocks.fail(source="nerveshub", **trouble)
        await gateway.ask("{ releases(first: 1) { nodes { id } } }")
        _, ready = await gateway.ready()

        errors = await gateway.sample("releasegraph_upstream_errors_total", source="nerveshub", code="UPSTREAM_PAYLOAD")
        assert (well, await gateway.sample("releasegraph_source_up", source="nerveshub")) == (1, 0)
        assert errors > 0
        assert ready["sources"]["nerveshub"]["lastErrorCode"] == "UPSTREAM_PAYLOAD"
        assert ready["sources"]["nerveshub"]["status"] != "UP"


async def test_a_trusted_document_has_its_name(mocks: MockPort, tmp_path: Path, start: Start) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"one": "query Trusted { sources { totalCount } }"}))
    own = {"MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_TOKEN": "demo-memfault-token"}

    url = start({**own, "RELEASEGRAPH_SECURITY_TRUSTED_DOCUMENTS": str(manifest)})
    async with aiohttp.ClientSession() as session:
        gateway = Told(url, session)
        await gateway.ask("query Trusted { sources { totalCount } }")
        await gateway.ask("query Trusted { sources { totalCount  } }")

        assert await gateway.sample("releasegraph_operations_total", operation="Trusted") == 1
        assert await gateway.sample("releasegraph_operations_total", operation="other") == 1
        assert await gateway.sample("releasegraph_documents_untrusted_total") == 1


async def test_what_is_remembered_is_counted_with_its_age_and_is_no_call(mocks: MockPort, start: Start) -> None:
    own = {"MEMFAULT_URL": f"{mocks.url}/memfault", "MEMFAULT_TOKEN": "demo-memfault-token"}

    url = start({**own, "RELEASEGRAPH_CACHE_TTL_S": "60"})
    async with aiohttp.ClientSession() as session:
        gateway = Told(url, session)
        for fields in ("id", "name", "name"):  # the last is the same question once more
            await gateway.ask(f"{{ releases(first: 1) {{ nodes {{ {fields} }} }} }}")

        assert await gateway.sample("releasegraph_upstream_calls_total") == len(mocks.calls)
        assert await gateway.sample("releasegraph_upstream_cache_total", result="HIT") > 0
        assert await gateway.sample("releasegraph_answer_sources_total", state="CACHED") == 2
        assert await gateway.sample("releasegraph_answer_age_seconds_count", source="memfault") == 2
        assert await gateway.sample("releasegraph_answers_again_total") == 1


async def test_no_word_of_a_client_and_no_secret_becomes_a_label(mocks: MockPort) -> None:
    async with told(mocks) as gateway:
        await gateway.ask("query Hemlighet4711 { sources { totalCount } }", Authorization="Bearer hemlighet-4711")
        await gateway.ask("query Hemlighet4711 { hemlighet4711 }")
        async with gateway.session.get(f"{gateway.url}/metrics") as reply:
            text = await reply.text()

        assert "emlighet" not in text
        assert "demo-" not in text
        assert await gateway.sample("releasegraph_operations_total", operation="other") == 2
        assert await gateway.sample("releasegraph_operations_total", outcome="refused") == 1


async def test_each_request_is_one_line_that_says_what_and_how_much(
    mocks: MockPort, capfd: pytest.CaptureFixture[str]
) -> None:
    with gateway_over(mocks.url, {"log_level": "info", "log_format": "json"}) as url:
        async with aiohttp.ClientSession(headers={"X-Request-Id": "order-4711"}) as session:
            async with session.post(f"{url}/graphql", json={"query": PAGE}) as reply:
                body = await reply.read()
            async with session.get(f"{url}/healthz"), session.get(f"{url}/nowhere"):
                pass
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]

    (operation,) = [line for line in lines if line["event"] == "operation"]
    del operation["duration_ms"], operation["timestamp"]
    assert operation == {
        "event": "operation",
        "level": "info",
        "operation": "Newest",
        "type": "query",
        "document": digest(PAGE),
        "caller": None,
        "outcome": "ok",
        "status": 200,
        "errors": 0,
        "codes": [],
        "sources": dict.fromkeys(("balena", "buildmaster", "metakraftwerk", "nerveshub"), "SKIPPED")
        | {"memfault": "LIVE"},
        "size_bytes": len(body),
        "request_id": "order-4711",
    }
    assert [(line["path"], line["status"]) for line in lines if line["event"] == "request"] == [("/nowhere", 404)]


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        pytest.param("{ sources { totalCount } }", {}, id="nobody was asked"),
        pytest.param(
            '{ releaseByNativeId(source: "nerveshub", nativeId: "acme/sensor-hub/1.3.0") { name } }',
            {"nerveshub": "LIVE"},
            id="a look-up",
        ),
        pytest.param(
            '{ fleetBySlug(source: "balena", slug: "acme/gauge") { name } }', {"balena": "LIVE"}, id="a search"
        ),
    ],
)
async def test_every_answer_says_how_the_sources_did_that_were_asked(
    mocks: MockPort, query: str, sources: dict[str, str]
) -> None:
    async with told(mocks) as gateway:
        _, _, body = await gateway.ask(query)

    assert body["extensions"] == {"sources": sources}


async def test_a_look_up_that_failed_is_told_beside_its_error(mocks: MockPort) -> None:
    mocks.fail(source="nerveshub", status=503)

    async with told(mocks) as gateway:
        _, _, body = await gateway.ask('{ releaseByNativeId(source: "nerveshub", nativeId: "a/b/1") { name } }')

    assert body["errors"][0]["extensions"]["code"] == "UPSTREAM_BROKEN"
    assert body["extensions"] == {"sources": {"nerveshub": "FAILED"}}


async def test_what_cannot_be_executed_says_nothing_of_sources(mocks: MockPort) -> None:
    async with told(mocks) as gateway:
        _, _, body = await gateway.ask("{ nope }")

    assert "extensions" not in body


def test_the_readme_tells_every_way_an_operation_can_go() -> None:
    (told,) = re.findall(r"^\| `releasegraph_operations_total` \| (.+) \|", README, re.MULTILINE)

    assert set(re.findall(r"`([a-z]+)`", told.split("|")[0])) == set(get_args(Outcome))


async def test_the_readme_shows_readyz_as_it_is(mocks: MockPort) -> None:
    (shown,) = re.findall(r"/readyz\n(\{.+\})\n", README)

    async with told(mocks) as gateway:
        _, ready = await gateway.ready()

    shown_one = json.loads(shown)
    assert shown_one.keys() == ready.keys()
    assert shown_one["sources"]["memfault"].keys() == ready["sources"]["memfault"].keys()


@pytest.mark.parametrize(
    "said",
    [
        f"at most {Server().max_in_flight} operations at once (`max_in_flight`)",
        f"within {Server().body_timeout_s:g} seconds (`body_timeout_s`)",
        f"SIGTERM what runs has {Server().drain_s:g} seconds (`drain_s`)",
        f"{HEADER}` that every",
    ],
)
def test_the_readme_tells_the_numbers_of_the_code(said: str) -> None:
    assert said in re.sub(r"\s+", " ", README)
