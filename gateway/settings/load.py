"""Load: every section read, every problem collected, one Settings or one SettingsError."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from gateway.access import jwks
from gateway.execution import manifest
from gateway.settings import file, product_lines, sources
from gateway.settings.model import HOST, Cache, Server, Settings, Telemetry, bind_problem
from gateway.settings.problems import SettingsError, unknown
from gateway.settings.section import M, Reading, Section
from gateway.settings.security import Jwt, Security, keys_in, sources_named

SECTIONS = ("server", "cache", "telemetry", "security", "sources", product_lines.KEY)
# PORT is what `make demo` and most hosts say.
SERVER = Section("server", "RELEASEGRAPH_SERVER", Server, also={"port": "PORT"})
TELEMETRY = Section("telemetry", "RELEASEGRAPH_TELEMETRY", Telemetry)
CACHE = Section("cache", "RELEASEGRAPH_CACHE", Cache)
SECURITY = Section("security", "RELEASEGRAPH_SECURITY", Security)
JWT = Section("security.jwt", "RELEASEGRAPH_SECURITY_JWT", Jwt)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings to start with: complete, within bounds, at least one source, and listening on loopback only unless
    callers are asked who they are.

    path: None for gateway.toml of the working directory, when there is one. Reads no other variables than `environ`.
    Raises SettingsError with every problem there is; with one alone when the file is missing or not TOML.
    """
    given = file.read(path)
    problems = list(_unknown_sections(given))
    server = _reading(SERVER, given, environ, problems)
    telemetry = _reading(TELEMETRY, given, environ, problems)
    security = _security(given, environ, problems)
    cached = _reading(CACHE, given, environ, problems)
    sections = server.result(), telemetry.result(), cached.result()
    if security is not None:
        problem = bind_problem(str(server.values.get("host", HOST)), has_authentication=security.has_authentication)
        problems.extend([problem] if problem else [])
        problems.extend(_file_problems(security))
    configs = sources.read(given, environ, problems)
    lines = product_lines.read(given, configs, problems)
    if security is not None and not problems:
        problems.extend(_strangers_in_scopes(security, configs))
    if not configs and not problems:
        problems.append(f"sources: none configured; {sources.how_to_add()}")
    if problems or sections[0] is None or sections[1] is None or sections[2] is None or security is None:
        raise SettingsError(problems)
    return Settings(
        server=sections[0],
        telemetry=sections[1],
        security=security,
        cache=sections[2],
        sources=configs,
        product_lines=lines,
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


def _security(given: file.File, environ: Mapping[str, str], problems: list[str]) -> Security | None:
    """With the table inside it, which has variables of its own."""
    table = given.tables.get("security", {})
    inner = table.get("jwt", {}) if isinstance(table, dict) else {}
    outer = {name: value for name, value in table.items() if name != "jwt"} if isinstance(table, dict) else table
    tables = {**given.tables, "security": outer, JWT.key: inner}
    reading = _reading(SECURITY, file.File(given.path, tables), environ, problems)
    if inner or any(environ.get(variable) for variable in JWT.variables):
        jwt = _reading(JWT, file.File(given.path, tables), environ, problems).result()
        if jwt is None:
            reading.result()  # for its own problems
            return None
        reading.take("jwt", jwt, str(given.path))
    return reading.result()


def _file_problems(security: Security) -> Iterator[str]:
    """Files that are read while it runs are read once before: what is wrong with them is told at the start."""
    named: list[tuple[str, Path | None, Callable[[str], object]]] = [
        ("security.api_keys_file", security.api_keys_file, keys_in),
        ("security.trusted_documents", security.trusted_documents, manifest.documents_in),
        ("security.jwt.jwks_file", security.jwt.jwks_file if security.jwt else None, jwks.keys_in),
    ]
    for key, path, read in named:
        complaint = _complaint(path, read) if path is not None else None
        if complaint is not None:
            yield f"{key}: {path} {complaint}"


def _complaint(path: Path, read: Callable[[str], object]) -> str | None:
    try:
        read(path.read_text(encoding="utf-8"))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "is not readable text"
    except ValueError as error:
        return str(error)
    return None


def _strangers_in_scopes(security: Security, configured: Collection[str]) -> Iterator[str]:
    for name, key in security.api_keys.items():
        for source in sources_named(key.scopes):
            if source not in configured:
                yield unknown(f"security.api_keys.{name}.scopes", "source", source, configured)


def _unknown_sections(given: file.File) -> Iterator[str]:
    strangers = (word for word in given.tables if word not in SECTIONS)
    return (unknown(f"{given.path}: {word}", "section", word, SECTIONS) for word in strangers)


def _unknown_variables(section: Section[M], environ: Mapping[str, str]) -> Iterator[str]:
    # Only below our own prefixes: BALENA_CLI_HOME and its like belong to others.
    ours = [name for name in environ if name.startswith(f"{section.prefix}_") and name not in section.variables]
    if section is SECURITY:
        ours = [name for name in ours if not name.startswith(f"{JWT.prefix}_")]
    return (unknown(name, "setting", name, section.variables) for name in ours)
