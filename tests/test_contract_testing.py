"""`gateway.testing`, for tests of others: one seed is one answer, and the README's example is a test that runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from gateway.contract import operations
from gateway.contract.schemas import present
from gateway.execution.limits import Limits
from gateway.settings import Server
from gateway.testing import Graph, gateway
from tests.bounds.stated import STARTER_QUERIES

ROOT = Path(__file__).parent.parent
(SECTION,) = re.findall(r"^### A test of your own\n(.*?)^##", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.M)
(OPERATION,) = re.findall(r"^```graphql\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
(TEST,) = re.findall(r"^```python\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
DATED = {"5-sources"}  # shows the health of sources, by our own clock
STARTERS = [file for file in sorted(STARTER_QUERIES.glob("*.graphql")) if file.stem not in DATED]
IDS = "{ releases { nodes { id } } fleets { nodes { id } } artifacts { nodes { id } } devices { nodes { id } } }"


def replies(graph: Graph) -> list[bytes]:
    """The very bytes of what each starter query and one for ids is answered with."""
    texts = [*(file.read_text(encoding="utf-8") for file in STARTERS), IDS]
    return [raw(graph, text) for text in texts]


def raw(graph: Graph, text: str) -> bytes:
    body = json.dumps({"query": text}).encode()
    with urlopen(Request(graph.url, body, {"Content-Type": "application/json"})) as reply:  # noqa: S310
        answer: bytes = reply.read()
    return answer


def test_the_same_seed_is_the_same_answer_byte_by_byte() -> None:
    with gateway(seed=7) as one, gateway(seed=7) as other:
        first, second = replies(one), replies(other)

    assert one.url != other.url
    assert first == second
    assert all(b'"errors"' not in reply for reply in first)


def test_another_seed_is_another_world() -> None:
    with gateway(seed=7) as one, gateway(seed=8) as other:
        assert [pair for pair in zip(replies(one), replies(other), strict=True) if pair[0] == pair[1]] == []


def test_a_refused_operation_is_a_reply() -> None:
    with gateway() as graph:
        answer = graph.ask("query A($n: Int!) { releases(first: $n) { nodes { nobody } } }", {"n": 1})

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]


def test_trouble_is_asked_of_the_mocks() -> None:
    with gateway() as graph:
        faults = json.dumps([{"source": "memfault", "status": 503}]).encode()
        urlopen(Request(f"{graph.mocks_url}/_mock/faults", faults, method="PUT")).close()  # noqa: S310

        answer = graph.ask("{ releases(first: 1) { nodes { id } } }")

    assert answer["extensions"]["sources"]["memfault"] == "FAILED"


@pytest.fixture
def consumer(tmp_path: Path) -> Path:
    """A project of somebody else's: the README's files and nothing of ours."""
    (tmp_path / "release-list.graphql").write_text(OPERATION)
    (tmp_path / "test_release_list.py").write_text(TEST)
    return tmp_path


def run(project: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(project)]
    return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_the_readme_s_test_passes_again_and_again_and_tells_what_changed(consumer: Path) -> None:
    snapshot = consumer / "release-list.json"

    first, again = run(consumer), run(consumer)
    kept = json.loads(snapshot.read_text())
    snapshot.write_text(snapshot.read_text().replace('"name": "', '"name": "not ', 1))
    altered = run(consumer)

    assert (first.returncode, again.returncode, altered.returncode) == (0, 0, 1), first.stdout + again.stdout
    assert len(kept["data"]["releases"]["nodes"]) == 5
    assert "errors" not in kept


def test_the_readme_s_operation_passes_the_schema_check(consumer: Path) -> None:
    found = operations.check(consumer, present(), Limits.of(Server()))

    assert (found.files, found.problems, found.warnings) == (1, [], [])
