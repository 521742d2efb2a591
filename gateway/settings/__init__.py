"""Settings: what an operator says, typed, from `gateway.toml` and the environment; the environment wins.

    settings = load(Path("gateway.toml"), os.environ)   # raises SettingsError: every problem at once, as sentences
    settings.server.port, settings.telemetry.log_level, settings.sources["balena"].url

Secrets come from a variable or from a file that is named, never from gateway.toml, and are never printed: not by
`repr`, and not in an error. An empty variable counts as none.

pydantic validates. pydantic-settings was considered and left out: its sources read the environment of the process
instead of the one they are given, want lists as JSON, and know no sections whose names and types are found out while
reading. What is left of it is shorter here than its configuration.
"""

from gateway.settings.load import load, load_server
from gateway.settings.model import Cache, Server, Settings, Telemetry
from gateway.settings.problems import SettingsError
from gateway.settings.security import Security

__all__ = ["Cache", "Security", "Server", "Settings", "SettingsError", "Telemetry", "load", "load_server"]
