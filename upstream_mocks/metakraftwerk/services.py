"""What can be asked of each resource: its filters, and the rules they obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from upstream_mocks.metakraftwerk.errors import FeathersError, no_name
from upstream_mocks.metakraftwerk.tables import Row, Tables

Test = Callable[[Row], bool]
Filter = Callable[[str, str, Tables], Test]  # name of the parameter, its value


@dataclass(frozen=True)
class Service:
    """filters: by query parameter. one_of: exactly one of these must be given. starts: it has a POST of its own."""

    filters: Mapping[str, Filter] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    starts: bool = False

    def tests(self, query: Mapping[str, str], tables: Tables) -> list[Test]:
        """All must hold. A parameter that is no filter is ignored. Raises 400 for a value that cannot be, 404 for a
        name that nobody has."""
        if self.one_of and sum(name in query for name in self.one_of) != 1:
            raise FeathersError(400, f"Exactly one of {' or '.join(self.one_of)} is required")
        return [made(name, query[name], tables) for name, made in self.filters.items() if name in query]


def text(column: str) -> Filter:
    return lambda name, value, tables: lambda row: row[column] == value


def number(column: str) -> Filter:
    def made(name: str, value: str, tables: Tables) -> Test:
        wanted = _integer(name, value)
        return lambda row: _holds(row[column], wanted)

    return made


def boolean(column: str) -> Filter:
    def made(name: str, value: str, tables: Tables) -> Test:
        if value not in ("true", "false"):
            raise FeathersError(400, f"'{name}' must be boolean")
        return lambda row: bool(row[column]) == (value == "true")

    return made


def named(column: str, resource: str) -> Filter:
    """By the name of another row. Raises 404 when there is no such name: unlike an id, it must exist."""

    def made(name: str, value: str, tables: Tables) -> Test:
        wanted = tables.ids_by_name.get((resource, value))
        if wanted is None:
            raise no_name(resource.removesuffix("s").replace("_", " "), value)
        return lambda row: _holds(row[column], wanted)

    return made


def _holds(value: object, wanted: int) -> bool:
    """A build has a list of patterns where a download has one."""
    return wanted in value if isinstance(value, list) else value == wanted


def _integer(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise FeathersError(400, f"'{name}' must be integer") from None


NAME = {"name": text("name")}
GROUP = {"group": named("group_id", "release_groups"), "group_id": number("group_id")}
PROJECT = {"project": named("project_id", "projects"), "project_id": number("project_id")}
PATTERN = {"pattern": named("pattern_id", "patterns"), "pattern_id": number("pattern_id")}
PATTERNS = {"pattern": named("patterns", "patterns"), "pattern_id": number("patterns")}
DEPLOYMENT = {"deployment": named("deployment_id", "deployments"), "deployment_id": number("deployment_id")}
USER = {"user": named("user_id", "users"), "user_id": number("user_id")}
BUILD = {"build_id": number("build_id")}
ONE_PROJECT = ("project", "project_id")

SERVICES = {
    "releases": Service({**GROUP, **NAME, "closed": boolean("closed")}),
    "release_groups": Service(NAME),
    "builds": Service({**PROJECT, **USER, **PATTERNS}, starts=True),
    "downloads": Service({**BUILD, **PATTERN}),
    "build_deployments": Service({**BUILD, **PATTERN, **DEPLOYMENT}, starts=True),
    "deployments": Service({**PATTERN, **NAME}),
    "patterns": Service(NAME),
    "projects": Service(NAME),
    "instances": Service({**PROJECT, **PATTERN, **NAME}, one_of=ONE_PROJECT, starts=True),
    "instance_folders": Service({**PROJECT, **NAME, "deleted": boolean("deleted")}, one_of=ONE_PROJECT),
    "agents": Service(
        {
            **NAME,
            "agent_id": text("agent_id"),
            "online": boolean("online"),
            "group": named("group_id", "agent_groups"),
            "group_id": number("group_id"),
        }
    ),
    "agent_groups": Service(NAME),
}
