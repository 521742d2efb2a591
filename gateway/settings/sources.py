"""Sources: `[sources.<name>]` tables, and those that variables alone add.

What a source may say is its adapter's to know: its config type lists the fields, its facts the usual address. Nothing
here names a vendor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from gateway.settings.file import File
from gateway.settings.problems import shown, unknown
from gateway.settings.section import Reading, Section
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.config import NAME, SourceConfig
from resolvers.upstreams.port import Upstream
from resolvers.upstreams.registry import ADAPTERS

NAMING = (
    "a name begins with a lower case letter and has at most 32 of a-z, 0-9 and -: it becomes part of ids and variables"
)


def read(file: File, environ: Mapping[str, str], problems: list[str]) -> dict[str, SourceConfig]:
    """Sources by name: the file's in its order, then the environment's in the order of kinds."""
    tables = _tables(file, environ, problems)
    kinds = {name: _kind(name, table, environ, problems) for name, table in tables.items()}
    readings = {name: Reading(_section(name, kind), problems) for name, kind in kinds.items() if kind is not None}
    problems.extend(_claimed_twice((reading.section for reading in readings.values()), environ))
    for name, reading in readings.items():
        reading.read_table(tables[name], file)
        reading.read_environment(environ)
    configs = {name: _config(reading, kinds[name]) for name, reading in readings.items()}
    usable = {name: config for name, config in configs.items() if config is not None}
    problems.extend(_passed_to_others(usable))
    return usable


def how_to_add() -> str:
    """What to do when there is none."""
    sections = [_section(kind.name.lower(), kind) for kind in ADAPTERS]
    variables = [section.variable(section.secrets[0]) for section in sections]
    return f"give {' or '.join(variables)}, or add [sources.<name>] with a kind to gateway.toml"


def _tables(file: File, environ: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    given = file.tables.get("sources", {})
    if not isinstance(given, dict):
        problems.append(f"sources: should be tables, one [sources.<name>] for each source, in {file.path}")
        given = {}
    usual = {kind.name.lower(): kind for kind in ADAPTERS}
    added = {name: {"kind": name} for name, kind in usual.items() if _has_secret(_section(name, kind), environ)}
    return {**given, **{name: table for name, table in added.items() if name not in given}}


def _kind(name: str, table: Any, environ: Mapping[str, str], problems: list[str]) -> SourceKind | None:
    """The kind of one table, or None when a problem was added: without it nothing else there can be understood."""
    if not NAME.fullmatch(name):
        problems.append(f"sources.{name}: {NAMING}")
        return None
    if not isinstance(table, dict):
        problems.append(f"sources.{name}: should be a table, [sources.{name}] with a kind")
        return None
    known = {kind.name.lower(): kind for kind in ADAPTERS}
    word = environ.get(f"{_prefix(name)}_KIND") or table.get("kind")
    if word is None:
        problems.append(f"sources.{name}.kind: not set; give one of {', '.join(known)}")
    elif str(word).lower() not in known:
        problems.append(unknown(f"sources.{name}.kind", f"kind as {shown(word)}", str(word).lower(), known))
    return known.get(str(word).lower())


def _config(reading: Reading[SourceConfig], kind: SourceKind | None) -> SourceConfig | None:
    _check_addresses(reading)
    default_url = _adapter(kind).facts.default_url if kind else None
    if default_url is not None:
        reading.values.setdefault("url", default_url)
    reading.values["kind"] = kind  # either case was accepted, and understood before
    return reading.result()


def _check_addresses(reading: Reading[SourceConfig]) -> None:
    """Refuses addresses that may carry a login or a key, before anything can print them."""
    for name, value in list(reading.values.items()):
        if name.endswith("url") and re.search(r"[@?#]", str(value)):
            reading.complain(name, "should be an address alone, without login, query or fragment; not shown here")
            del reading.values[name]


def _claimed_twice(sections: Iterable[Section[SourceConfig]], environ: Mapping[str, str]) -> list[str]:
    # Names with a dash can meet: BALENA_WEB_URL is the web_url of `balena` and the url of `balena-web`.
    claims: dict[str, list[str]] = {}
    for section in sections:
        for variable in section.variables:
            claims.setdefault(variable, []).append(section.key)
    twice = [(variable, keys) for variable, keys in claims.items() if len(keys) > 1 and environ.get(variable)]
    return [f"{variable}: is meant for both {' and '.join(keys)}; rename one of them" for variable, keys in twice]


def _passed_to_others(configs: Mapping[str, SourceConfig]) -> list[str]:
    # One header for two sources of one server is fine; to another server it would carry what is not meant for it.
    urls: dict[str, str] = {}
    headers = [(name, config.passthrough) for name, config in configs.items() if config.passthrough is not None]
    return [
        f"sources.{name}.passthrough: {header} is the header of a source at another url; give it one of its own"
        for name, header in headers
        if urls.setdefault(header, configs[name].url) != configs[name].url
    ]


def _has_secret(section: Section[SourceConfig], environ: Mapping[str, str]) -> bool:
    variables = [section.variable(name) for name in (*section.secrets, "passthrough")]
    return any(environ.get(variable) or environ.get(f"{variable}_FILE") for variable in variables)


def _section(name: str, kind: SourceKind) -> Section[SourceConfig]:
    return Section(f"sources.{name}", _prefix(name), _adapter(kind).config_type)


def _adapter(kind: SourceKind) -> type[Upstream]:
    # The registry's type only says how an adapter is opened; the classes in it also say what they want.
    return cast("type[Upstream]", ADAPTERS[kind])


def _prefix(name: str) -> str:
    return name.upper().replace("-", "_")
