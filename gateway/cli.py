"""The command `releasegraph`. Each part imports what it needs when it runs, so that `--help` answers at once.

Exit codes: 0 done · 1 it could not start, or the doctor or the schema check found a problem · 2 the command or the
settings are wrong, and said so on stderr.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.settings import Settings

HOST = "127.0.0.1"
ConfigFile = Annotated[
    Path | None,
    typer.Option(envvar="RELEASEGRAPH_CONFIG", help="Settings; default: gateway.toml here, when there is one."),
]


class FailOn(StrEnum):
    BREAKING = "breaking"
    DANGEROUS = "dangerous"


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


PORT_CHANGE = "--port or RELEASEGRAPH_SERVER_PORT"

# Tracebacks by rich show local variables, and some of ours hold secrets.
app = typer.Typer(
    name="releasegraph",
    help="One GraphQL endpoint over the release systems of teams that ship to devices and servers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
schema_app = typer.Typer(help="The schema of the graph.", no_args_is_help=True)
app.add_typer(schema_app, name="schema")
key_app = typer.Typer(help="API keys.", no_args_is_help=True)
app.add_typer(key_app, name="key")


@app.command()
def serve(
    config: ConfigFile = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; default 127.0.0.1. Others need callers with keys.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on; default 8000.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
) -> None:
    """Serve the graph over the configured sources.

    Settings come from gateway.toml and the environment, and the environment wins. A token is enough to begin with:

        BALENA_TOKEN=... releasegraph serve
    """
    # Through the environment, since the processes that serve read their settings themselves.
    chosen = {"RELEASEGRAPH_CONFIG": config, "RELEASEGRAPH_SERVER_HOST": host, "RELEASEGRAPH_SERVER_PORT": port}
    os.environ.update({name: str(value) for name, value in chosen.items() if value is not None})
    with _told():
        _serve(_settings(config), workers)


@app.command()
def demo(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="Port of the gateway.")] = 8000,
    mock_port: Annotated[int, typer.Option(envvar="MOCK_PORT", min=1, max=65535, help="Port of the mocks.")] = 9400,
) -> None:
    """Serve the graph over mocks of all upstreams: nothing to configure, no network, no account."""
    from gateway.demo import run

    with _told():
        run(port, mock_port)


@app.command()
def mocks(
    port: Annotated[int, typer.Option(envvar="MOCK_PORT", min=1, max=65535, help="Port to listen on.")] = 9400,
    scale: Annotated[int, typer.Option(min=1, help="Times as many versions of each product.")] = 1,
    seed: Annotated[int, typer.Option(help="Another seed is another world; the same seed the same one.")] = 1,
    latency_ms: Annotated[int, typer.Option(min=0, help="Milliseconds each answer waits.")] = 0,
) -> None:
    """Serve the mocks alone: each below its own prefix, what they were asked at /_mock/calls."""
    from gateway.listening import serve as serve_on
    from gateway.listening import taken
    from upstream_mocks.server import create_mocks

    with _told(), taken(HOST, port, "--port or MOCK_PORT") as listener:
        made = create_mocks(seed=seed, scale=scale, latency_ms=latency_ms)
        serve_on(made, listener, lambda: _announce_mocks(port))


@app.command()
def doctor(
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object on standard output.")] = False,
) -> None:
    """Ask every source whether all is well: reachable, let in, in a known shape. Reads only.

    Ends with 0 when all is well, 1 when a source has a problem, 2 when the settings cannot be used.
    """
    from gateway.diagnosis import show
    from gateway.doctor import examine, report
    from gateway.openness import openness
    from gateway.settings import Telemetry
    from gateway.telemetry import log

    # Rows that do not fit are among the problems; as lines of a log they would be told twice.
    log.configure(Telemetry(log_level="critical"))
    with _told():
        settings = _settings(config)
        gateway, diagnoses = openness(settings), examine(settings)
    told = report(diagnoses, gateway)
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        show(diagnoses, gateway)
    raise typer.Exit(0 if told["ok"] else 1)


@app.command()
def query(
    file: Annotated[
        Path | None, typer.Argument(allow_dash=True, help="A GraphQL document; - is standard input.")
    ] = None,
    text: Annotated[str | None, typer.Option("--query", help="The document itself, instead of a file.")] = None,
    variables: Annotated[str | None, typer.Option(help="A JSON object.")] = None,
    operation: Annotated[str | None, typer.Option(help="Which one, where the document has several.")] = None,
    config: ConfigFile = None,
    url: Annotated[
        str | None, typer.Option(help="Ask the gateway at this address, not the sources themselves.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Ask mocks of all upstreams, started for this.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the upstream calls it took, as a tree.")] = False,
    header: Annotated[list[str] | None, typer.Option(help='Such as "Authorization: Bearer ..."; repeatable.')] = None,
) -> None:
    """Run one operation, without a server: over the configured sources, or the demo's, or by a gateway that runs.

    `data` goes to standard output, all else to standard error. Ends with 0 when the answer is whole, 1 when it has
    errors or there is none, 2 when the operation or the settings cannot be used.
    """
    from gateway.answered import show
    from gateway.query import NotAnswered, NotAskable, answered, asked

    with _told():
        try:
            question = asked(file, text, variables, operation, header or ())
            answer = answered(question, url=url, is_demo=demo, config=config, is_explained=explain)
        except (NotAskable, NotAnswered) as error:
            _tell(str(error))
            raise typer.Exit(2 if isinstance(error, NotAskable) else 1) from None
    raise typer.Exit(show(answer, is_explained=explain, name=operation))


@schema_app.command("print")
def schema_print(
    federation: Annotated[
        bool, typer.Option("--federation", help="As a subgraph, for the composer of a router: with keys.")
    ] = False,
) -> None:
    """Print the schema in GraphQL's own language."""
    from resolvers.schema import schema
    from resolvers.subgraph import sdl

    typer.echo(sdl(schema.as_str()).rstrip() if federation else schema.as_str())


@schema_app.command("check")
def schema_check(
    against: Annotated[
        str | None,
        typer.Option(metavar="FILE|REVISION", help="Compare with a schema, or that of a git revision such as main."),
    ] = None,
    operations: Annotated[
        Path | None,
        typer.Option(metavar="DIRECTORY", help="Validate each .graphql or .gql file below it, by itself."),
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="Judge this file instead of the code's schema.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The mildest change that is not passed.")] = FailOn.BREAKING,
    output: Annotated[Format, typer.Option("--format", help="json: one object on standard output.")] = Format.TEXT,
    config: ConfigFile = None,
) -> None:
    """Compare the schema with an older one, or check that stored operations fit it and the limits in [server].

    Ends with 0 when it is passed, 1 when it is not, 2 when it could not be checked. Asks nobody.
    """
    from gateway.contract.changes import Severity
    from gateway.contract.checking import checked
    from gateway.contract.refusal import NotChecked
    from gateway.settings import load_server

    with _told():
        server = load_server(config, os.environ)
    fails_on = Severity[fail_on.name]
    try:
        report = checked(against=against, directory=operations, schema=schema, fails_on=fails_on, server=server)
    except NotChecked as error:
        _tell(str(error))
        raise typer.Exit(2) from None
    if output is Format.JSON:
        typer.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(report.as_text()))
    raise typer.Exit(0 if report.is_passed else 1)


@key_app.command("new")
def key_new(
    name: Annotated[str, typer.Option(help="Who it is for.")] = "name",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, explain, read:<source> or write:<source>; repeatable.")
    ] = None,
) -> None:
    """Make a random API key. It is shown this once; settings hold its hash.

    The key is on the first line alone, the table for the settings below it.
    """
    from gateway.access.api_keys import hashed, new
    from gateway.settings.security import keys_in

    key = new()
    members = f'hash = "{hashed(key)}"\nscopes = {json.dumps(scope or ["read"])}'
    try:
        keys_in(f"[{json.dumps(name)}]\n{members}")
    except ValueError as error:
        _tell(f"--name or --scope: {error}")
        raise typer.Exit(2) from None
    typer.echo(f"{key}\n\n[security.api_keys.{name}]\n{members}")


def main() -> None:
    """Entry point of the installed command."""
    app()


def _settings(config: Path | None) -> Settings:
    from gateway.settings import load

    return load(config, os.environ)


def _serve(settings: Settings, workers: int) -> None:
    import uvicorn

    from gateway.listening import taken

    server = settings.server
    taken(server.host, server.port, PORT_CHANGE).close()
    with _counted_together(workers):
        uvicorn.run(
            "gateway.app:from_environment",
            factory=True,
            host=server.host,
            port=server.port,
            workers=workers,
            # auto is uvloop and httptools, which come with us, and still runs where uvloop does not exist.
            loop="auto",
            http="auto",
            log_level=settings.telemetry.log_level,
            access_log=False,
            server_header=False,
            # Operations are ended before by ourselves, with a reply; this is for what is still sent then.
            timeout_graceful_shutdown=ceil(server.drain_s) + 5,
        )


@contextmanager
def _counted_together(workers: int) -> Iterator[None]:
    """Several workers count into files of one directory, so that a scrape of any of them tells of all."""
    from gateway.telemetry.metrics import DIRECTORY

    if workers == 1 or DIRECTORY in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="releasegraph-metrics-") as directory:
        os.environ[DIRECTORY] = directory
        yield


@contextmanager
def _told() -> Iterator[None]:
    """What an operator can put right is told in sentences, without a traceback."""
    from gateway.listening import PortTaken
    from gateway.settings import SettingsError

    try:
        yield
    except SettingsError as error:
        _tell("the settings cannot be used:", error.problems)
        raise typer.Exit(2) from None
    except PortTaken as error:
        _tell(str(error))
        raise typer.Exit(1) from None


def _tell(headline: str, problems: tuple[str, ...] = ()) -> None:
    from rich.console import Console
    from rich.text import Text

    # soft_wrap: a problem stays one line, for whoever reads it in a log.
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("releasegraph: ", "bold red"), headline))
    for problem in problems:
        key, colon, sentence = problem.partition(": ")
        console.print(Text.assemble("  ", (key, "bold"), colon, sentence))


def _announce_mocks(port: int) -> None:
    from upstream_mocks.world import KINDS

    typer.echo(f"mocks at http://{HOST}:{port} below {' '.join(f'/{kind}' for kind in KINDS)}; Ctrl-C ends them")
