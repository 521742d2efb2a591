"""The command, run as an operator runs it: what it prints, and how it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.access.api_keys import hashed
from resolvers.schema import schema
from resolvers.subgraph import sdl

ROOT = Path(__file__).parents[2]


def releasegraph(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-c", "from gateway.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, env=base | environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free_ports() -> tuple[int, int]:
    """Two ports nobody listens on; both were held at once, so they are not the same."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def test_help_lists_the_commands_and_loads_nothing_heavy(tmp_path: Path) -> None:
    done = releasegraph("--help", cwd=tmp_path)
    probe = "import sys, gateway.cli; print([m for m in ('strawberry', 'pydantic', 'uvicorn') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.returncode == 0
    assert all(command in done.stdout for command in ("serve", "demo", "mocks", "doctor", "schema"))
    assert loaded.stdout == "[]\n"


def test_bad_settings_end_with_2_and_every_problem_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("[server]\nprot = 1\n")

    done = releasegraph("serve", cwd=tmp_path, BUILDMASTER_TOKEN="hemlighet", PORT="x")

    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        "releasegraph",
        "  server.prot",
        "  server.port",
        "  sources.buildmaster.url",
    ]


def test_flags_win_over_variables_and_are_checked_like_them(tmp_path: Path) -> None:
    environ = {"MEMFAULT_TOKEN": "hemlighet", "RELEASEGRAPH_SERVER_HOST": "127.0.0.1"}

    done = releasegraph("serve", "--host", "0.0.0.0", cwd=tmp_path, **environ)  # noqa: S104 - refused

    assert done.returncode == 2
    assert 'server.host: "0.0.0.0" can be reached from elsewhere' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        pytest.param(["--config", "gone.toml"], {}, id="flag"),
        pytest.param([], {"RELEASEGRAPH_CONFIG": "gone.toml"}, id="variable"),
    ],
)
def test_a_configuration_that_is_missing_is_told(tmp_path: Path, arguments: list[str], environ: dict[str, str]) -> None:
    done = releasegraph("serve", *arguments, cwd=tmp_path, MEMFAULT_TOKEN="hemlighet", **environ)

    assert (done.returncode, done.stderr.count("\n")) == (2, 2)
    assert "gone.toml: the configuration file cannot be read" in done.stderr


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        pytest.param("demo", "PORT", id="the demo's gateway"),
        pytest.param("demo", "MOCK_PORT", id="the demo's mocks"),
        pytest.param("mocks", "MOCK_PORT", id="mocks"),
        pytest.param("serve", "RELEASEGRAPH_SERVER_PORT", id="serve"),
    ],
)
def test_a_port_in_use_is_one_line_that_names_what_to_change(
    tmp_path: Path, busy_port: int, free_ports: tuple[int, int], command: str, variable: str
) -> None:
    ports = {"PORT": str(free_ports[0]), "MOCK_PORT": str(free_ports[1]), variable: str(busy_port)}

    done = releasegraph(command, cwd=tmp_path, MEMFAULT_TOKEN="hemlighet", **ports)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"cannot listen on 127.0.0.1 port {busy_port}: address already in use" in done.stderr
    assert done.stderr.endswith(f"{variable}\n")


def test_the_schema_is_printed(tmp_path: Path) -> None:
    done = releasegraph("schema", "print", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "\ntype Query {\n" in done.stdout


def test_the_schema_is_printed_as_a_subgraph(tmp_path: Path) -> None:
    done = releasegraph("schema", "print", "--federation", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == sdl(schema.as_str())


def test_a_new_key_comes_with_the_table_that_knows_it(tmp_path: Path) -> None:
    done = releasegraph("key", "new", "--name", "ci", "--scope", "read", "--scope", "write:balena", cwd=tmp_path)

    key, _, table = done.stdout.partition("\n")
    assert tomllib.loads(table) == {
        "security": {"api_keys": {"ci": {"hash": hashed(key), "scopes": ["read", "write:balena"]}}}
    }


@pytest.mark.parametrize("arguments", [["--scope", "raed"], ["--name", "a.b"]])
def test_a_key_that_no_settings_would_take_is_not_made(tmp_path: Path, arguments: list[str]) -> None:
    done = releasegraph("key", "new", *arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("releasegraph: --name or --scope: ")


def test_a_host_beyond_loopback_is_served_only_to_callers_with_keys(tmp_path: Path) -> None:
    done = releasegraph("serve", "--host", "0.0.0.0", cwd=tmp_path, BALENA_TOKEN="t")  # noqa: S104  # it is refused

    assert done.returncode == 2
    assert "no caller is asked who they are: give [security] api_keys or jwt" in done.stderr
