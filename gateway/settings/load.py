"""Load: every section read, every problem collected, one Settings or one SettingsError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.settings import file, product_lines, sources
from gateway.settings.model import HOST, Security, Server, Settings, Telemetry, bind_problem
from gateway.settings.problems import SettingsError, unknown
from gateway.settings.section import M, Reading, Section

SECTIONS = ("server", "telemetry", "security", "sources", product_lines.KEY)
# PORT is what `make demo` and most hosts say.
SERVER = Section("server", "RELEASEGRAPH_SERVER", Server, also={"port": "PORT"})
TELEMETRY = Section("telemetry", "RELEASEGRAPH_TELEMETRY", Telemetry)
SECURITY = Section("security", "RELEASEGRAPH_SECURITY", Security)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings to start with: complete, within bounds, at least one source, listening on loopback only.

    path: None for gateway.toml of the working directory, when there is one. Reads no other variables than `environ`.
    Raises SettingsError with every problem there is; with one alone when the file is missing or not TOML.
    """
    given = file.read(path)
    problems = list(_unknown_sections(given))
    server = _reading(SERVER, given, environ, problems)
    telemetry = _reading(TELEMETRY, given, environ, problems)
    security = _reading(SECURITY, given, environ, problems)
    sections = server.result(), telemetry.result(), security.result()
    problem = bind_problem(str(server.values.get("host", HOST)))
    problems.extend([problem] if problem else [])
    configs = sources.read(given, environ, problems)
    lines = product_lines.read(given, configs, problems)
    if not configs and not problems:
        problems.append(f"sources: none configured; {sources.how_to_add()}")
    if problems or sections[0] is None or sections[1] is None or sections[2] is None:
        raise SettingsError(problems)
    return Settings(
        server=sections[0], telemetry=sections[1], security=sections[2], sources=configs, product_lines=lines
    )


def load_server(path: Path | None, environ: Mapping[str, str]) -> Server:
    """`[server]` alone, for what asks no source and so needs none. path and errors as of `load`."""
    problems: list[str] = []
    server = _reading(SERVER, file.read(path), environ, problems).result()
    if problems or server is None:
        raise SettingsError(problems)
    return server


def _reading(section: Section[M], given: file.File, environ: Mapping[str, str], problems: list[str]) -> Reading[M]:
    problems.extend(_unknown_variables(section, environ))
    reading = Reading(section, problems)
    reading.read_table(given.tables.get(section.key, {}), given)
    reading.read_environment(environ)
    return reading


def _unknown_sections(given: file.File) -> Iterator[str]:
    strangers = (word for word in given.tables if word not in SECTIONS)
    return (unknown(f"{given.path}: {word}", "section", word, SECTIONS) for word in strangers)


def _unknown_variables(section: Section[M], environ: Mapping[str, str]) -> Iterator[str]:
    # Only below our own prefixes: BALENA_CLI_HOME and its like belong to others.
    ours = (name for name in environ if name.startswith(f"{section.prefix}_") and name not in section.variables)
    return (unknown(name, "setting", name, section.variables) for name in ours)
