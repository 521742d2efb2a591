"""Product lines in gateway.toml: named as an operator knows his fleets, and every mistake told by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import SettingsError, load
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming

ENVIRON = {"BALENA_TOKEN": "t", "MEMFAULT_TOKEN": "t", "BUILDMASTER_TOKEN": "t", "BUILDMASTER_URL": "https://b.example"}
HUB = '[[product_lines]]\nname = "Hub"\nfleets = [{ source = "balena", slug = "acme/hub" }]\n'
EXAMPLE = '{ source = "balena", slug = "acme/sensor-hub" }'


def lines(toml: str, at: Path) -> tuple[LineSpec, ...]:
    (at / "gateway.toml").write_text(toml, encoding="utf-8")
    return load(at / "gateway.toml", ENVIRON).product_lines


def of_fleets(fleets: str) -> str:
    return f'[[product_lines]]\nname = "Hub"\nfleets = {fleets}\n'


def test_a_fleet_is_named_by_id_slug_or_name(tmp_path: Path) -> None:
    toml = of_fleets(
        '[{source = "balena", id = 1234}, {source = "memfault", slug = "acme/hub"}, {source = "memfault", id = "a/b"},'
        ' {source = "buildmaster", name = "Sensor Hub"}]'
    )

    assert lines(toml, tmp_path) == (
        LineSpec(
            "Hub",
            (
                FleetRef("balena", Naming.ID, "1234"),
                FleetRef("memfault", Naming.SLUG, "acme/hub"),
                FleetRef("memfault", Naming.ID, "a/b"),
                FleetRef("buildmaster", Naming.NAME, "Sensor Hub"),
            ),
        ),
    )


def test_without_any_there_are_none(tmp_path: Path) -> None:
    assert lines("", tmp_path) == ()


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        pytest.param(
            'product_lines = ["Hub"]',
            "product_lines: should be tables, one [[product_lines]] for each line, in {path}",
            id="no tables",
        ),
        pytest.param(
            HUB.replace('name = "Hub"\n', ""), "product_lines.0.name: not set; give the line a name", id="no name"
        ),
        pytest.param(
            HUB.replace('"Hub"', '" "'),
            'product_lines.0.name: should be a text of at most 64 characters; given " "',
            id="a blank name",
        ),
        pytest.param(
            HUB + HUB.replace("acme/hub", "acme/sink"),
            'product_lines.1.name: "Hub" is what product_lines.0 is called already',
            id="a name twice",
        ),
        pytest.param(
            HUB.replace("fleets", "fleet"),
            "product_lines.0.fleet: no such setting; did you mean fleets? known: name, fleets",
            id="a misspelled key",
        ),
        pytest.param(
            of_fleets("[]"),
            f"product_lines.0.fleets: should be a list of fleets, such as [{EXAMPLE}]",
            id="no fleets",
        ),
        pytest.param(
            of_fleets('["acme/hub"]'),
            f'product_lines.0.fleets.0: should be a fleet, such as {EXAMPLE}; given "acme/hub"',
            id="a fleet that is a text",
        ),
        pytest.param(
            of_fleets('[{slug = "acme/hub"}]'),
            "product_lines.0.fleets.0.source: not set; give the name of a source",
            id="no source",
        ),
        pytest.param(
            of_fleets('[{source = "balenna", slug = "acme/hub"}]'),
            'product_lines.0.fleets.0.source: no such source as "balenna"; did you mean balena? '
            "known: balena, buildmaster, memfault",
            id="an unknown source",
        ),
        pytest.param(
            of_fleets('[{source = "balena"}]'),
            "product_lines.0.fleets.0: should have one of id, slug, name; given none of them",
            id="a fleet that is not named",
        ),
        pytest.param(
            of_fleets('[{source = "balena", id = 1, name = "hub"}]'),
            "product_lines.0.fleets.0: should have one of id, slug, name; given id and name",
            id="a fleet named twice over",
        ),
        pytest.param(
            of_fleets('[{source = "balena", slug = ""}]'),
            'product_lines.0.fleets.0.slug: should be a text; given ""',
            id="an empty slug",
        ),
        pytest.param(
            of_fleets('[{source = "balena", id = true}]'),
            "product_lines.0.fleets.0.id: should be a text; given true",
            id="an id that is neither text nor number",
        ),
        pytest.param(
            of_fleets('[{source = "buildmaster", slug = "hub"}]'),
            "product_lines.0.fleets.0.slug: fleets of BUILDMASTER have no slug; give their id or name",
            id="a slug where there is none",
        ),
        pytest.param(
            HUB + HUB.replace('"Hub"', '"Sink"'),
            "product_lines.1.fleets.0: balena slug acme/hub is in product_lines.0.fleets.0 already; "
            "a fleet is in one line, once",
            id="a fleet in two lines",
        ),
    ],
)
def test_a_bad_line_names_its_key_and_what_was_expected(toml: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        lines(toml, tmp_path)

    assert told.replace("{path}", str(tmp_path / "gateway.toml")) in error.value.problems


def test_a_source_that_is_wrong_itself_is_not_called_unknown_as_well(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        lines('[sources.hubs]\nkind = "balenna"\n' + HUB.replace('"balena"', '"hubs"'), tmp_path)

    assert [problem.split(":")[0] for problem in error.value.problems] == ["sources.hubs.kind"]
