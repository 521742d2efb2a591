"""Demo: the mocks and the gateway over them in one process, configured as an operator would by variables alone."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from gateway.listening import in_thread, serve, taken
from gateway.settings import Settings, load
from resolvers.federation.product_lines import FleetRef, LineSpec, Naming
from resolvers.upstreams.registry import ADAPTERS

HOST = "127.0.0.1"
WRITE_TOKEN = "demo-write-token"  # noqa: S105  # no secret: it changes imitations only
# A vendor that wants more, or other, than a token.
OWN = {
    # The mock has the cloud's fields, though not the cloud's address.
    "balena": {"BALENA_TOKEN": "demo-balena-token", "BALENA_SELECT_CLOUD_FIELDS": "true"},
    "metakraftwerk": {
        "METAKRAFTWERK_EMAIL": "demo@metakraftwerk.example",
        "METAKRAFTWERK_PASSWORD": "demo-metakraftwerk-password",
    },
}
# Products of the made-up world as their vendors hold them, named as an operator would: by slug, by id, by name.
LINES = (
    LineSpec(
        "Sensor Hub",
        (
            FleetRef("balena", Naming.SLUG, "acme/sensor-hub"),
            FleetRef("nerveshub", Naming.ID, "acme/sensor-hub"),
            FleetRef("memfault", Naming.ID, "acme/sensor-hub"),
            FleetRef("buildmaster", Naming.NAME, "Sensor Hub"),
            FleetRef("metakraftwerk", Naming.NAME, "SENSOR_HUB_DWH"),
        ),
    ),
    LineSpec(
        "Smart Sink",
        (
            FleetRef("balena", Naming.SLUG, "acme/smart-sink"),
            FleetRef("memfault", Naming.ID, "acme/smart-sink"),
            FleetRef("buildmaster", Naming.NAME, "Smart Sink"),
        ),
    ),
)


def demo_settings(mock_url: str, port: int) -> Settings:
    """Settings with one source for each kind, named after it, asking the mocks at `mock_url` (no slash at its end).

    The product lines are those of the mocks' world.
    """
    # Calls are not told: /_mock/calls lists them, and the addresses stay in sight.
    environ = {"PORT": str(port), "RELEASEGRAPH_TELEMETRY_LOG_LEVEL": "warning"}
    environ["RELEASEGRAPH_TELEMETRY_LOG_FORMAT"] = "console"
    environ["RELEASEGRAPH_SECURITY_WRITE_TOKEN"] = WRITE_TOKEN
    # What is tried on the mocks, their faults above all, is to be seen at once: nothing is remembered.
    environ |= {f"RELEASEGRAPH_CACHE_{name}": "0" for name in ("TTL_S", "STALE_IF_ERROR_S")}
    # Imitations on loopback: their paths are nobody's secret.
    environ["RELEASEGRAPH_SECURITY_EXPLAIN"] = "anyone"
    for kind in ADAPTERS:
        name = kind.name.lower()
        # For the same reason nothing is tried again by itself, and no source left alone.
        environ |= {f"{kind.name}_{guard}": "0" for guard in ("RETRIES", "BREAKER_FAILURES", "HEEDS_429")}
        environ |= {f"{kind.name}_URL": f"{mock_url}/{name}", f"{kind.name}_WRITABLE": "true"}
        environ |= OWN.get(name, {f"{kind.name}_TOKEN": f"demo-{name}-token"})
    # The empty file, since a gateway.toml in the working directory is not the demo's.
    return load(Path(os.devnull), environ).model_copy(update={"product_lines": LINES})


def run(port: int, mock_port: int) -> None:
    """Serves both until interrupted. Raises PortTaken before anything is started."""
    with taken(HOST, mock_port, "MOCK_PORT") as mock_listener, taken(HOST, port, "PORT") as listener:
        from gateway.app import create_app
        from upstream_mocks.server import create_mocks

        mock_url = f"http://{HOST}:{mock_port}"
        with in_thread(create_mocks(), mock_listener):
            app = create_app(demo_settings(mock_url, port))
            serve(app, listener, lambda: _announce(f"http://{HOST}:{port}", mock_url))


def _announce(url: str, mock_url: str) -> None:
    typer.echo(
        f"""
releasegraph is up, over five imitated upstreams

  explorer   {url}/graphql   (open it in a browser)
  graph      {url}/graphql   (POST a query as JSON)
  changes    send the header   Authorization: Bearer {WRITE_TOKEN}
  mocks      {mock_url}   (what they were asked: {mock_url}/_mock/calls)

Ctrl-C ends both.
"""
    )
