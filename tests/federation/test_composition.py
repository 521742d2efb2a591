"""Composition: our subgraph's text beside neighbours', by the composers of Apollo, the Guild and Cosmo."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from resolvers.entities import KEYS
from resolvers.schema import schema
from resolvers.subgraph import LINK, sdl
from tests.federation import node
from tests.graph.conftest import Gateway

NEIGHBOURS = sorted((Path(__file__).parent / "neighbours").glob("*.graphql"))
NO_COMPLAINTS: dict[str, list[str]] = {"apollo": [], "guild": [], "cosmo": []}


class Composers:
    """The three composers, asked at once."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self._folder, self._environment = folder, environment

    def complaints(self, *neighbours: Path, ours: str | None = None, **written: str) -> dict[str, list[str]]:
        """What each says against composing us with these: files, or texts by the name of their subgraph."""
        texts = {"releasegraph": sdl(schema.as_str()) if ours is None else ours, **written}
        files = [self._file(name, text) for name, text in texts.items()]
        done = subprocess.run(
            ["node", str(node.EXAMPLE / "compose.js"), *files, *map(str, neighbours)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr
        told: dict[str, list[str]] = json.loads(done.stdout)
        assert done.returncode == (told != NO_COMPLAINTS)
        return told

    def _file(self, name: str, text: str) -> str:
        path = self._folder / f"{name}.graphql"
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest.fixture
def composers(tmp_path: Path, node_environment: dict[str, str]) -> Composers:
    return Composers(tmp_path, node_environment)


def test_it_composes_beside_neighbours_with_a_node_field_and_page_info_of_their_own(composers: Composers) -> None:
    assert [path.stem for path in NEIGHBOURS] == ["risks", "signoffs"]
    assert composers.complaints(*NEIGHBOURS) == NO_COMPLAINTS


def adding(place: int) -> str:
    """A neighbour that adds a field to every entity, by the key at this place among its keys."""
    by_key = ((name, of[place]) for name, of in KEYS.items() if len(of) > place)
    return "\n".join([LINK, f"type Query {{ of{place}: Int }}", *(extension(*one) for one in by_key)])


def extension(type_name: str, names: tuple[str, ...]) -> str:
    key = " ".join(f"{name}: {'ID' if name == 'id' else 'String'}!" for name in names)
    return f'type {type_name} @key(fields: "{" ".join(names)}") {{ {key} by{"".join(names)}: Int }}'


def test_a_neighbour_may_add_a_field_to_every_entity_by_each_of_its_keys(composers: Composers) -> None:
    assert composers.complaints(one=adding(0), other=adding(1)) == NO_COMPLAINTS


def test_it_would_not_compose_if_node_were_told(composers: Composers) -> None:
    ours = sdl(schema.as_str()).replace("type Query {\n", "type Query {\n  node(id: ID!): Node\n")

    told = composers.complaints(*NEIGHBOURS, ours=f"{ours}\ninterface Node {{ id: ID! }}\n")

    assert sorted(name for name, complaints in told.items() if complaints) == ["apollo", "cosmo", "guild"]


async def test_what_is_served_to_a_composer_is_what_is_printed(gateway: Gateway) -> None:
    data: dict[str, Any] = await gateway.data("query __ApolloGetServiceDefinition__ { _service { sdl } }")

    assert data == {"_service": {"sdl": sdl(schema.as_str())}}
