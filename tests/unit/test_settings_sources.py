"""Sources from tables and from variables alone; secrets from anywhere but gateway.toml, and shown nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import demo_settings
from gateway.settings import Settings, SettingsError, load
from resolvers.graph.enums import SourceKind
from resolvers.upstreams.registry import ADAPTERS

SECRET = "hemlighet-1234567890"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(toml: str, **environ: str) -> Settings:
    Path("gateway.toml").write_text(toml, encoding="utf-8")
    return load(None, environ)


def problems(toml: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as told:
        loaded(toml, **environ)
    return told.value.problems


def token_of(settings: Settings, name: str) -> str:
    source: Any = settings.sources[name]
    token: str = source.token.get_secret_value()
    return token


def test_a_source_is_a_table_completed_by_variables() -> None:
    toml = '[sources.field-units]\nkind = "memfault"\nprojects = ["dock"]\ntimeout_s = 3\n'

    settings = loaded(
        toml, FIELD_UNITS_TOKEN=SECRET, FIELD_UNITS_TIMEOUT_S="4.5", FIELD_UNITS_PROJECTS="dock, acme/hub"
    )

    assert {name: source.model_dump(exclude={"token"}) for name, source in settings.sources.items()} == {
        "field-units": {
            "kind": SourceKind.MEMFAULT,
            "url": "https://api.memfault.com",
            "web_url": None,
            "timeout_s": 4.5,
            "connect_timeout_s": 3,
            "concurrency": 8,
            "calls_per_s": None,
            "heeds_429": True,
            "retries": 1,
            "retry_backoff_s": 1,
            "breaker_failures": 5,
            "breaker_after_s": 2,
            "breaker_open_s": 10,
            "ttl_s": None,
            "stale_s": None,
            "stale_if_error_s": None,
            "writable": False,
            "passthrough": None,
            "email": None,
            "organizations": (),
            "projects": ("dock", "acme/hub"),
        }
    }
    assert token_of(settings, "field-units") == SECRET


@pytest.mark.parametrize("kind", ["MEMFAULT", "memfault", "Memfault"])
def test_a_kind_is_read_in_either_case(kind: str) -> None:
    settings = loaded(f'[sources.a]\nkind = "{kind}"', A_TOKEN=SECRET)

    assert settings.sources["a"].kind is SourceKind.MEMFAULT


def test_a_secret_variable_adds_a_source_named_and_kinded_after_its_kind() -> None:
    settings = loaded("", BUILDMASTER_TOKEN=SECRET, BUILDMASTER_URL="https://bm.example/", MEMFAULT_TOKEN=SECRET)

    assert {name: (source.kind, source.url) for name, source in settings.sources.items()} == {
        "buildmaster": (SourceKind.BUILDMASTER, "https://bm.example"),
        "memfault": (SourceKind.MEMFAULT, "https://api.memfault.com"),
    }


def test_the_name_of_a_secret_file_adds_a_source_too(here: Path) -> None:
    (here / "token").write_text(f"{SECRET}\r\n")

    settings = loaded("", MEMFAULT_TOKEN_FILE=str(here / "token"))

    assert token_of(settings, "memfault") == SECRET


def test_a_login_adds_a_source_as_a_token_does() -> None:
    settings = loaded("", METAKRAFTWERK_EMAIL="a@b.example", METAKRAFTWERK_PASSWORD=SECRET)

    assert [source.kind for source in settings.sources.values()] == [SourceKind.METAKRAFTWERK]


def test_a_configured_source_of_that_name_is_only_completed() -> None:
    settings = loaded('[sources.memfault]\nkind = "memfault"\nemail = "a@b.example"', MEMFAULT_TOKEN=SECRET)

    assert list(settings.sources) == ["memfault"]
    assert settings.sources["memfault"].model_dump()["email"] == "a@b.example"


def test_a_variable_that_is_no_secret_adds_nothing() -> None:
    settings = loaded("", MEMFAULT_TOKEN=SECRET, BALENA_URL="https://balena.example")

    assert list(settings.sources) == ["memfault"]


def test_a_secret_file_is_found_beside_the_file_that_names_it(here: Path) -> None:
    (here / "etc").mkdir()
    (here / "etc" / "token").write_text(SECRET)
    (here / "etc" / "gateway.toml").write_text('[sources.a]\nkind = "memfault"\ntoken_file = "token"\n')

    assert token_of(load(Path("etc/gateway.toml"), {}), "a") == SECRET


def test_a_variable_wins_over_a_file_nobody_then_opens() -> None:
    settings = loaded('[sources.a]\nkind = "memfault"\ntoken_file = "gone"', A_TOKEN=SECRET)

    assert token_of(settings, "a") == SECRET


@pytest.mark.parametrize(
    ("toml", "environ", "told"),
    [
        pytest.param(
            "", {}, "sources.a.token: not set; give A_TOKEN, or token_file", id="no secret",
        ),
        pytest.param(
            f'token = "{SECRET}"', {"A_TOKEN": SECRET},
            "sources.a.token: a secret does not belong in gateway.toml; "
            "give A_TOKEN, or token_file with the path of a file that holds it",
            id="secret in the file",
        ),
        pytest.param(
            'token_file = "gone"', {},
            "sources.a.token: gone, named by token_file in gateway.toml, cannot be read: No such file or directory",
            id="secret file missing",
        ),
        pytest.param(
            "", {"A_TOKEN_FILE": "/dev/null"}, "sources.a.token: /dev/null, named by A_TOKEN_FILE, is empty",
            id="secret file empty",
        ),
        pytest.param(
            "", {"A_TOKEN": SECRET, "A_TOKEN_FILE": "x"},
            "sources.a.token: both A_TOKEN and A_TOKEN_FILE are set; give one of them",
            id="secret twice",
        ),
        pytest.param(
            "projcts = []", {"A_TOKEN": SECRET},
            "sources.a.projcts: no such setting; did you mean projects? known: kind, url, web_url, timeout_s, "
            "connect_timeout_s, concurrency, calls_per_s, heeds_429, retries, retry_backoff_s, breaker_failures, "
            "breaker_after_s, breaker_open_s, ttl_s, stale_s, stale_if_error_s, writable, passthrough, email, "
            "organizations, projects, token_file",
            id="unknown key",
        ),
        pytest.param(
            "timeout_s = 0", {"A_TOKEN": SECRET},
            "sources.a.timeout_s: should be greater than 0; given 0 (gateway.toml)",
            id="out of bounds",
        ),
        pytest.param(
            'url = "ftp://x"', {"A_TOKEN": SECRET},
            "sources.a.url: expected an http or https URL without query, such as https://host.example: 'ftp://x' "
            "(gateway.toml)",
            id="not an address",
        ),
        pytest.param(
            f'url = "https://me:{SECRET}@x.example"', {"A_TOKEN": SECRET},
            "sources.a.url: should be an address alone, without login, query or fragment; not shown here",
            id="login in an address",
        ),
    ],
)  # fmt: skip
def test_a_bad_source_names_its_key(toml: str, environ: dict[str, str], told: str) -> None:
    assert problems(f'[sources.a]\nkind = "memfault"\n{toml}', **environ) == (told,)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        pytest.param("sources = 3", "sources: should be tables", id="no tables"),
        pytest.param("[sources]\na = 3", "sources.a: should be a table, [sources.a] with a kind", id="not a table"),
        pytest.param("[sources.a]", "sources.a.kind: not set; give one of ", id="no kind"),
        pytest.param(
            '[sources.a]\nkind = "memfalt"', 'sources.a.kind: no such kind as "memfalt"; did you mean memfault?',
            id="unknown kind",
        ),
        pytest.param('[sources.A_b]\nkind = "memfault"', "sources.A_b: a name begins with a lower case", id="name"),
        pytest.param('[sources.a]\nkind = "buildmaster"', "sources.a.url: not set; give A_URL, or", id="no address"),
        pytest.param(
            '[sources.a]\nkind = "metakraftwerk"\nemail = "x"', "sources.a: expected `email` and `password`, or",
            id="the section as a whole",
        ),
    ],
)  # fmt: skip
def test_a_source_nothing_can_be_made_of_is_told(toml: str, told: str) -> None:
    first, *_ = problems(toml)

    assert first.startswith(told)


def test_a_variable_that_two_names_claim_is_refused() -> None:
    toml = '[sources.a]\nkind = "memfault"\n[sources.a-web]\nkind = "memfault"\n'

    told = problems(toml, A_TOKEN=SECRET, A_WEB_TOKEN=SECRET, A_WEB_URL="https://x.example")

    assert told == ("A_WEB_URL: is meant for both sources.a and sources.a-web; rename one of them",)


def test_no_secret_is_ever_shown(here: Path) -> None:
    (here / "token").write_text(SECRET)
    environ = {
        "RELEASEGRAPH_SERVER_CURSOR_KEY": SECRET,
        "MEMFAULT_TOKEN": SECRET,
        "METAKRAFTWERK_EMAIL": "a@b.example",
        "METAKRAFTWERK_PASSWORD": SECRET,
    }

    settings = loaded('[sources.a]\nkind = "balena"\ntoken_file = "token"', **environ)

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(f'token = "{SECRET}"', id="in the file"),
        pytest.param(f'url = "https://x.example?apikey={SECRET}"', id="in an address"),
        pytest.param(f'tokn = "{SECRET}"', id="below another name"),
        pytest.param('email = ""', id="the section as a whole"),
        pytest.param("timeout_s = -1", id="beside it"),
    ],
)
def test_no_error_shows_a_secret_not_even_its_traceback(broken: str) -> None:
    with pytest.raises(SettingsError) as told:
        loaded(f'[sources.a]\nkind = "metakraftwerk"\n{broken}', A_PASSWORD=SECRET, MEMFAULT_TOKEN=SECRET)

    # Without source lines, which hold this test's own words.
    shown = [*traceback.format_exception_only(told.value), repr(told.value), repr(told.value.__context__)]
    assert SECRET not in "".join(shown)


def test_the_demo_has_one_source_of_each_kind_named_after_it(here: Path) -> None:
    (here / "gateway.toml").write_text("this is not the demo's")

    settings = demo_settings("http://127.0.0.1:9400", 8001)

    assert {name: source.url for name, source in settings.sources.items()} == {
        kind.name.lower(): f"http://127.0.0.1:9400/{kind.name.lower()}" for kind in ADAPTERS
    }
    assert (settings.server.port, settings.telemetry.log_format) == (8001, "console")
    assert token_of(settings, "balena") == "demo-balena-token"
