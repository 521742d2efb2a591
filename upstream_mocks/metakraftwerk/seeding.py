"""The world as tables: a release group, a project and patterns for each product; releases and builds have modules."""

from __future__ import annotations

from upstream_mocks.metakraftwerk.login import EMAIL
from upstream_mocks.metakraftwerk.seeding_builds import CUSTOMER, add_builds
from upstream_mocks.metakraftwerk.seeding_releases import branches, cycle, release_row
from upstream_mocks.metakraftwerk.tables import Row, Tables
from upstream_mocks.world import Presence, World

KINDS = (("HUB_LOAD", "IICS"), ("SAT_LOAD", "SNOWFLAKE"))
TARGETS = ("Dev API", "Prod Git")


def seeded(world: World) -> Tables:
    presences = world.presences("metakraftwerk")
    tables = Tables(users=[{"id": 17, "name": EMAIL}, {"id": 18, "name": "ada@acme.example"}])
    tables.agent_groups = [{"id": 1, "name": "Cellar", "description": None}]
    tables.agents = [_agent(world, place) for place in range(3)]
    for place, presence in enumerate(presences):
        _add_product(tables, presence, place + 1)
    tables.patterns.append(_pattern(90, "SHARED_LANDING", "FABRIC", "1.3.6", None))
    grown = branches(world, presences, [row["id"] for row in tables.release_groups])
    tables.releases = [release_row(branch) for branch in grown]
    tables.cycle = cycle(grown)
    add_builds(world, tables, grown)
    return tables


def _add_product(tables: Tables, presence: Presence, number: int) -> None:
    prefix = presence.product.slug.upper().replace("-", "_")
    tables.release_groups.append({"id": number, "name": f"{prefix}_DWH"})
    tables.projects.append({"id": 11 + number, "name": f"{presence.product.name} Warehouse", **_flags()})
    for place, (kind, target) in enumerate(KINDS):
        pattern = _pattern(79 + 2 * number + place, f"{prefix}_{kind}", target, _dotted(presence), number)
        tables.patterns.append(pattern)
        tables.deployments += [_deployment(tables, pattern, name) for name in TARGETS]
        _add_instance(tables, pattern, 11 + number)


def _pattern(number: int, name: str, kind: str, version: str, group_id: int | None) -> Row:
    return {
        "id": number,
        "name": name,
        "description": None,
        "type": kind,
        "vers_no": version,
        "status": "FINISHED",
        "active": True,
        **_flags(),
        "release_group_id": group_id,
    }


def _deployment(tables: Tables, pattern: Row, target: str) -> Row:
    number = 201 + len(tables.deployments)
    return {"id": number, "pattern_id": pattern["id"], "name": f"{pattern['name']} to {target}"}


def _add_instance(tables: Tables, pattern: Row, project_id: int) -> None:
    number = len(tables.instances) + 1
    folder = {"id": 400 + number, "project_id": project_id, "name": pattern["name"].lower(), "deleted": False}
    tables.instance_folders.append(folder)
    tables.instances.append(
        {
            "id": 500 + number,
            "customer_id": CUSTOMER,
            "name": f"{pattern['name']}_MAIN",
            "project_id": project_id,
            "pattern_id": pattern["id"],
            "errors": 0,
            "instance_folder_id": folder["id"],
            "version": 1,
            "description": None,
            "release_id": None,
            "identity_id": 600 + number,
            "user_id": 17,
            "latest_commit_id": None,
            "labels": ["core"],
        }
    )


def _agent(world: World, place: int) -> Row:
    identity = world.uuid("metakraftwerk", "agent", place)
    name = f"agent-{place + 1}"
    group_id = 1 if place < 2 else None
    return {"id": place + 1, "agent_id": identity, "name": name, **_flags(), "online": place != 1, "group_id": group_id}


def _dotted(presence: Presence) -> str:
    """The newest version of the product that a pattern could have: three numbers."""
    dotted = [cut.version for cut in presence.cuts if cut.version.count(".") == 2 and cut.version[-1:].isdigit()]
    return next((version for version in reversed(dotted) if version.replace(".", "").isdigit()), "1.0.0")


def _flags() -> Row:
    return {"deleted": False, "disabled": False}
