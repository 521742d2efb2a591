"""Every value from one of three places, the environment first, and every mistake told at once by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Server, Settings, SettingsError, Telemetry, load

SECRET = "hemlighet-1234567890"
ENOUGH = {"MEMFAULT_TOKEN": SECRET}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(toml: str = "", **environ: str) -> tuple[str, ...]:
    """What is told of a gateway.toml and variables, of which one adds a source."""
    Path("gateway.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(SettingsError) as told:
        load(None, {**ENOUGH, **environ})
    return told.value.problems


def test_a_token_alone_is_enough() -> None:
    settings = load(None, ENOUGH)

    assert (settings.server, settings.telemetry, list(settings.sources)) == (Server(), Telemetry(), ["memfault"])


def test_the_file_of_the_working_directory_is_read(here: Path) -> None:
    (here / "gateway.toml").write_text('[server]\nport = 8100\n[telemetry]\nlog_format = "console"\n')

    settings = load(None, ENOUGH)

    assert (settings.server.port, settings.telemetry.log_format) == (8100, "console")


def test_a_named_file_is_read_instead(here: Path) -> None:
    (here / "gateway.toml").write_text("[server]\nport = 8100\n")
    (here / "other.toml").write_text("[server]\nmax_page_size = 50\n")

    settings = load(Path("other.toml"), ENOUGH)

    assert (settings.server.port, settings.server.max_page_size) == (8000, 50)


@pytest.mark.parametrize(
    ("environ", "port"),
    [
        pytest.param({}, 8100, id="file alone"),
        pytest.param({"PORT": "8200"}, 8200, id="PORT"),
        pytest.param({"PORT": "8200", "RELEASEGRAPH_SERVER_PORT": "8300"}, 8300, id="our own name before PORT"),
        pytest.param({"RELEASEGRAPH_SERVER_PORT": ""}, 8100, id="an empty variable is none"),
    ],
)
def test_the_environment_wins(here: Path, environ: dict[str, str], port: int) -> None:
    (here / "gateway.toml").write_text("[server]\nport = 8100\n")

    assert load(None, {**ENOUGH, **environ}).server.port == port


def test_variables_become_lists_numbers_and_truths() -> None:
    environ = {
        "RELEASEGRAPH_SERVER_ALLOWED_HOSTS": "Releases.example, localhost,",
        "RELEASEGRAPH_SERVER_ALLOWED_ORIGINS": "https://app.example",
        "RELEASEGRAPH_SERVER_PARTIAL_LIST_ERRORS": "false",
        "RELEASEGRAPH_SERVER_MAX_DEPTH": "9",
        "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "WARNING",
    }

    settings = load(None, {**ENOUGH, **environ})

    assert settings.server == Server(
        allowed_hosts=("releases.example", "localhost"),
        allowed_origins=("https://app.example",),
        partial_list_errors=False,
        max_depth=9,
    )
    assert settings.telemetry == Telemetry(log_level="warning")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        pytest.param(
            "[server]\nport = 70000",
            "server.port: should be less than or equal to 65535; given 70000 (gateway.toml)",
            id="out of bounds",
        ),
        pytest.param(
            '[server]\nallowed_hosts = "a"',
            'server.allowed_hosts: should be a list; given "a" (gateway.toml)',
            id="not a list",
        ),
        pytest.param(
            '[server]\nallowed_origins = ["https://app.example/"]',
            "server.allowed_origins.0: should be an origin without path, such as https://app.example; "
            'given "https://app.example/" (gateway.toml)',
            id="inside a list",
        ),
        pytest.param(
            '[telemetry]\nlog_format = "xml"',
            "telemetry.log_format: should be 'json' or 'console'; given \"xml\" (gateway.toml)",
            id="none of the words",
        ),
        pytest.param(
            "[telemetry]\nlog_levl = 1",
            f"telemetry.log_levl: no such setting; did you mean log_level? known: {', '.join(Telemetry.model_fields)}",
            id="unknown key",
        ),
        pytest.param(
            "[sever]",
            "gateway.toml: sever: no such section; did you mean server? "
            "known: server, cache, telemetry, security, sources, product_lines",
            id="unknown section",
        ),
        pytest.param("server = 3", "server: should be a table, [server] in gateway.toml", id="not a section"),
    ],
)  # fmt: skip
def test_a_bad_setting_names_its_key_what_was_given_and_what_was_expected(toml: str, told: str) -> None:
    assert problems(toml) == (told,)


def test_a_bad_variable_is_named() -> None:
    told = problems(PORT="http")

    assert told == (
        'server.port: should be a valid integer, unable to parse string as an integer; given "http" (PORT)',
    )


def test_a_misspelled_variable_of_ours_is_named_with_the_right_one() -> None:
    told = problems(RELEASEGRAPH_TELEMETRY_LOGLEVEL="debug")

    assert told == (
        "RELEASEGRAPH_TELEMETRY_LOGLEVEL: no such setting; did you mean RELEASEGRAPH_TELEMETRY_LOG_LEVEL? "
        "known: " + ", ".join(f"RELEASEGRAPH_TELEMETRY_{name.upper()}" for name in Telemetry.model_fields),
    )


def test_all_problems_are_told_at_once() -> None:
    server = '[sever]\n[server]\nhost = "0.0.0.0"\nport = 0\n'
    told = problems(server + '[cache]\nttl_s = -1\n[telemetry]\nlog_level = "loud"\n[sources.x]\n')

    assert [problem.split(": ")[0] for problem in told] == [
        "gateway.toml",
        "server.port",
        "telemetry.log_level",
        "cache.ttl_s",
        "server.host",
        "sources.x.kind",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"[server]\nport = \n", "gateway.toml, line 2, column 8: Invalid value", id="no value"),
        pytest.param(b"[server]\nport = [1,", "gateway.toml, line 2: Invalid value (at end of document)", id="end"),
        pytest.param(b"\xff", "gateway.toml: the configuration file is not UTF-8 text", id="bytes"),
    ],
)
def test_a_file_that_is_not_toml_is_told_with_file_and_line(here: Path, content: bytes, told: str) -> None:
    (here / "gateway.toml").write_bytes(content)

    with pytest.raises(SettingsError) as error:
        load(None, ENOUGH)

    assert error.value.problems == (told,)


def test_a_named_file_that_is_missing_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"^gone\.toml: the configuration file cannot be read: No such file"):
        load(Path("gone.toml"), ENOUGH)


def test_no_source_at_all_is_an_error_that_says_how_to_add_one() -> None:
    with pytest.raises(SettingsError, match=r"^sources: none configured; give .*MEMFAULT_TOKEN.*\[sources\.<name>\]"):
        load(None, {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1"])
def test_loopback_may_be_listened_on(host: str) -> None:
    settings = load(None, {**ENOUGH, "RELEASEGRAPH_SERVER_HOST": host})

    settings.check_bind()

    assert settings.server.host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "releases.example", "::ffff:10.0.0.7"])  # noqa: S104 - refused
def test_any_other_address_is_refused_while_there_is_no_authentication(host: str) -> None:
    told = problems(RELEASEGRAPH_SERVER_HOST=host)

    assert len(told) == 1
    assert told[0].startswith(f'server.host: "{host}" can be reached from elsewhere')
    assert "behind a proxy on the same machine" in told[0]


def test_an_empty_host_would_be_every_address_and_is_refused() -> None:
    assert problems('[server]\nhost = ""')[0].startswith('server.host: "" can be reached from elsewhere')


def test_settings_changed_by_hand_can_be_checked_again() -> None:
    with pytest.raises(SettingsError, match="can be reached from elsewhere"):
        Settings(server=Server(host="0.0.0.0")).check_bind()  # noqa: S104 - refused


def test_the_cursor_key_comes_from_its_variable_or_a_file(here: Path) -> None:
    (here / "key").write_text(f"{SECRET}\n")
    (here / "gateway.toml").write_text('[server]\ncursor_key_file = "key"\n')

    from_file = load(None, ENOUGH).server.cursor_key
    from_variable = load(None, {**ENOUGH, "RELEASEGRAPH_SERVER_CURSOR_KEY": SECRET[::-1]}).server.cursor_key

    assert from_file is not None
    assert from_variable is not None
    assert (from_file.get_secret_value(), from_variable.get_secret_value()) == (SECRET, SECRET[::-1])


def test_a_short_secret_is_refused_without_telling_it() -> None:
    told = problems(RELEASEGRAPH_SERVER_CURSOR_KEY="short-one")

    assert told == ("server.cursor_key: should have at least 16 characters (RELEASEGRAPH_SERVER_CURSOR_KEY)",)


def test_plans_are_for_nobody_unless_it_is_said() -> None:
    said = {**ENOUGH, "RELEASEGRAPH_SECURITY_EXPLAIN": "write_token", "RELEASEGRAPH_SECURITY_WRITE_TOKEN": SECRET}

    assert load(None, ENOUGH).security.explain == "nobody"
    assert load(None, said).security.explain == "write_token"


def test_plans_for_a_token_that_does_not_exist_are_a_mistake() -> None:
    assert problems('[security]\nexplain = "write_token"\n') == (
        'security: explain is for the write token, and there is none; give write_token too, or "nobody"',
    )
    assert problems('[security]\nexplain = "all"\n')[0].startswith(
        "security.explain: should be 'nobody', 'write_token' or 'anyone'; given \"all\""
    )
