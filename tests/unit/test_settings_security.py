"""`[security]`: keys, tokens, documents, and where it may listen because of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.access import api_keys
from gateway.openness import openness
from gateway.settings import Settings, SettingsError, load
from gateway.settings.security import ApiKey, Jwt

HASH = api_keys.hashed("a key of the test")
ENOUGH = {"BALENA_TOKEN": "t"}
KEY = f'[security.api_keys.ci]\nhash = "{HASH}"\nscopes = ["read", "write:balena"]\n'
JWT = '[security.jwt]\nissuer = "https://i.example/"\naudience = ["releasegraph"]\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(toml: str, **environ: str) -> Settings:
    Path("gateway.toml").write_text(toml, encoding="utf-8")
    return load(None, {**ENOUGH, **environ})


def problems(toml: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as told:
        loaded(toml, **environ)
    return told.value.problems


def test_a_key_is_a_table_of_hash_and_scopes() -> None:
    keys = loaded(KEY).security.api_keys

    assert keys == {"ci": ApiKey(hash=HASH, scopes=("read", "write:balena"))}


def test_keys_may_come_from_a_variable() -> None:
    table = {"ci": {"hash": HASH, "scopes": ["read", "write:balena"]}}

    settings = loaded("", RELEASEGRAPH_SECURITY_API_KEYS=json.dumps(table))

    assert settings.security.api_keys == loaded(KEY).security.api_keys


def test_an_issuer_may_come_from_the_file_the_environment_or_both() -> None:
    settings = loaded(
        JWT, RELEASEGRAPH_SECURITY_JWT_JWKS_URL="https://i.example/jwks", RELEASEGRAPH_SECURITY_JWT_AUDIENCE="a, b"
    )

    assert settings.security.jwt == Jwt(
        issuer="https://i.example/", audience=("a", "b"), jwks_url="https://i.example/jwks"
    )


@pytest.mark.parametrize("toml", [KEY, f'{JWT}jwks_url = "https://i.example/jwks"\n'], ids=["keys", "tokens"])
@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "gateway.example"])  # noqa: S104  # that is the point
def test_it_may_be_reached_from_elsewhere_when_it_asks_who_asks(toml: str, host: str) -> None:
    assert loaded(f'[server]\nhost = "{host}"\n{toml}').server.host == host


@pytest.mark.parametrize("toml", ["", '[security]\nanonymous = "read"\n'], ids=["nothing", "anonymous callers"])
def test_it_may_not_when_it_asks_nobody_though_there_be_a_write_token(toml: str) -> None:
    told = problems(
        f'[server]\nhost = "0.0.0.0"\n{toml}', RELEASEGRAPH_SECURITY_WRITE_TOKEN="sixteen-characters-or-more"
    )

    assert told == (
        'server.host: "0.0.0.0" can be reached from elsewhere, and no caller is asked who they are: give [security] '
        "api_keys or jwt, or keep 127.0.0.1, behind a proxy on the same machine that lets in whom you trust",
    )


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        pytest.param(
            KEY.replace(HASH, "a key of the test"),
            "security.api_keys.ci.hash: should be sha256: and 64 hexadecimal digits, as `releasegraph key new` prints",
            id="the key instead of its hash",
        ),
        pytest.param(
            KEY.replace('"read"', '"raed"'),
            "security.api_keys.ci.scopes.0: a scope is read, write, explain, read:<source> or write:<source>; "
            'given "raed"',
            id="no scope",
        ),
        pytest.param(
            KEY.replace("write:balena", "write:balenna"),
            "security.api_keys.ci.scopes: no such source; did you mean balena? known: balena",
            id="a source that is not configured",
        ),
        pytest.param(
            JWT,
            "security.jwt: give one of jwks_url and jwks_file: where the issuer's keys are",
            id="no keys",
        ),
        pytest.param(
            f'{JWT}jwks_url = "http://i.example/jwks"',
            "security.jwt.jwks_url: should be an https address: whoever can change what comes from there decides who "
            "gets in",
            id="keys over plain http",
        ),
        pytest.param(
            f'{JWT}jwks_url = "https://i.example"\nalgorithms = ["HS256"]',
            "security.jwt.algorithms.0: should be 'RS256', 'RS384'",
            id="a shared secret",
        ),
        pytest.param(
            '[security]\ntrusted_documents = "gone.json"\n',
            "security.trusted_documents: gone.json cannot be read: No such file or directory",
            id="no manifest",
        ),
        pytest.param(
            '[sources.balena]\nkind = "balena"\npassthrough = "Authorization"\n',
            "sources.balena.passthrough: should be the name of a header that begins with x-",
            id="a header that is ours",
        ),
        pytest.param(
            '[sources.balena]\nkind = "balena"\npassthrough = "x-token"\n'
            '[sources.memfault]\nkind = "memfault"\npassthrough = "X-Token"\n',
            "sources.memfault.passthrough: x-token is the header of a source at another url",
            id="one header for two vendors",
        ),
    ],
)
def test_a_bad_setting_names_its_key_and_what_was_expected(toml: str, told: str) -> None:
    (problem,) = problems(toml)

    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON: "),
        ("[]", "should be a JSON object: a manifest in the form of Apollo or of Relay"),
        ('{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}', "should have the format "),
        ('{"format": "apollo-persisted-query-manifest", "version": 1}', "operations should be a list"),
        (
            '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "x"}]}',
            "operations[0] should have an id and a body, both texts",
        ),
        ('{"x": 1}', "the document 'x' should be a text"),
    ],
)
def test_a_manifest_in_no_known_form_is_a_bad_setting(here: Path, text: str, told: str) -> None:
    (here / "documents.json").write_text(text)

    (problem,) = problems('[security]\ntrusted_documents = "documents.json"\n')

    assert problem.startswith(f"security.trusted_documents: documents.json {told}")


def test_a_source_may_do_without_a_token_when_its_callers_bring_theirs() -> None:
    settings = loaded('[sources.field]\nkind = "memfault"\npassthrough = "X-Memfault-Token"\n')

    assert settings.sources["field"].passthrough == "x-memfault-token"


def test_a_variable_alone_adds_such_a_source() -> None:
    settings = loaded("", NERVESHUB_PASSTHROUGH="x-nerveshub-token")

    assert list(settings.sources) == ["balena", "nerveshub"]


def test_the_doctor_is_told_what_is_open_and_no_hash(here: Path) -> None:
    operations = [{"id": name, "body": body} for name, body in (("a", "{ sources { totalCount } }"), ("b", "{ gone }"))]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (here / "documents.json").write_text(json.dumps(manifest))

    told = openness(loaded(f'[security]\ntrusted_documents = "documents.json"\n{KEY}')).told

    assert told == {
        "authentication": True,
        "apiKeys": {"ci": ["read", "write:balena"]},
        "jwtIssuer": None,
        "anonymous": "nobody",
        "writeToken": False,
        "explain": "nobody",
        "introspection": "anyone",
        "trustedDocuments": {"mode": "log", "count": 2, "unfit": 1},
        "persistedQueries": 1000,
        "passthrough": {},
    }
