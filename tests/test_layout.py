"""Everything is where it is looked for: what is forgotten is named, with the place it belongs to."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from resolvers.graph.enums import SourceKind
from resolvers.upstreams.registry import ADAPTERS
from upstream_mocks.world import KINDS

ROOT = Path(__file__).parent.parent
PACKAGES = ("gateway", "resolvers", "upstream_mocks")
TOP_LEVEL = {
    *PACKAGES,
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "deploy",
    "docs",
    "gateway.example.toml",
    "gateway.toml",  # an operator's own
    "pyproject.toml",
    "requirements",
    "schema.graphql",
    "tests",
}
SAYS_NOTHING = {"base", "common", "helper", "helpers", "misc", "util", "utils"}


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def folders(path: str) -> set[str]:
    """Packages directly below; a folder of caches alone is none."""
    return {file.parent.name for file in (ROOT / path).glob("*/__init__.py")}


def modules(path: str) -> set[str]:
    return {file.stem for file in (ROOT / path).glob("*.py")} - {"__init__"}


def kept_apart() -> set[str]:
    """Adapters that the linter of imports keeps from importing each other."""
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (modules_of_it,) = [contract["modules"] for contract in contracts if contract["type"] == "independence"]
    return {module.rpartition(".")[2] for module in modules_of_it}


def found(pattern: str, path: str) -> set[str]:
    """What the group of the pattern, anchored at lines, holds in a file; lower case."""
    return {word.lower() for word in re.findall(pattern, text(path), re.MULTILINE)}


PLACES: dict[str, Callable[[], set[str]]] = {
    "an adapter folder in resolvers/upstreams/": lambda: folders("resolvers/upstreams"),
    "a member of SourceKind in resolvers/graph/enums.py": lambda: {kind.name.lower() for kind in SourceKind},
    "a line in resolvers/upstreams/registry.py": lambda: {kind.name.lower() for kind in ADAPTERS},
    "a native file in resolvers/graph/native/": lambda: modules("resolvers/graph/native"),
    "a mock in upstream_mocks/": lambda: folders("upstream_mocks"),
    "a word in KINDS of upstream_mocks/world.py": lambda: set(KINDS),
    "a row in the README's table of upstreams": lambda: found(r"^\| `([A-Z]+)` \| \[", "README.md"),
    "a table in gateway.example.toml": lambda: found(r'^#kind = "(.+)"', "gateway.example.toml"),
    "a line in pyproject.toml: adapters never import each other": kept_apart,
}
TESTS = {
    "a contract test tests/contract/test_<kind>.py": "tests/contract",
    "a test of its mock tests/mocks/test_<kind>.py": "tests/mocks",
}


def vendors() -> set[str]:
    """Every vendor that any place knows."""
    return set().union(*(place() for place in PLACES.values()))


@pytest.mark.parametrize("place", PLACES)
def test_a_vendor_is_in_every_place_it_belongs_to(place: str) -> None:
    there = PLACES[place]()

    forgotten = [f"{vendor} lacks {place}" for vendor in sorted(vendors() - there)]

    assert not forgotten, "; ".join(forgotten)


@pytest.mark.parametrize("place", TESTS)
def test_a_vendor_has_tests_of_its_own(place: str) -> None:
    there = modules(TESTS[place])

    forgotten = [f"{vendor} lacks {place}" for vendor in sorted(vendors()) if f"test_{vendor}" not in there]

    assert not forgotten, "; ".join(forgotten)


def test_the_top_level_holds_what_is_agreed_on() -> None:
    ignored = {line.strip("/") for line in text(".gitignore").split()}

    # Names that begin with a dot belong to tools.
    entries = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".")}

    assert entries - TOP_LEVEL - ignored == set(), "put it into a package, or say here why it stands at the top"


def test_a_name_says_what_is_inside() -> None:
    files = [file for part in (*PACKAGES, "tests") for file in (ROOT / part).rglob("*.py")]

    vague = [str(file.relative_to(ROOT)) for file in files if {file.stem, file.parent.name} & SAYS_NOTHING]

    assert not vague, f"name it after what it holds: {', '.join(vague)}"


def test_every_module_says_what_it_is_for() -> None:
    files = [file for part in (*PACKAGES, "tests") for file in (ROOT / part).rglob("*.py")]

    silent = [str(file.relative_to(ROOT)) for file in files if not ast.get_docstring(ast.parse(file.read_bytes()))]

    assert not silent, f"begin it with a docstring: {', '.join(silent)}"


def test_every_folder_of_code_is_a_package() -> None:
    folders_of_code = {file.parent for part in PACKAGES for file in (ROOT / part).rglob("*.py")}

    bare = sorted(str(one.relative_to(ROOT)) for one in folders_of_code if not (one / "__init__.py").exists())

    assert not bare, f"add an __init__.py that says what it holds: {', '.join(bare)}"


def test_what_a_clean_clone_must_pass_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK), ".ci/run is not executable: chmod +x .ci/run"
