"""The sources that variables alone configure, as `releasegraph serve` would; gateway.toml is not looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gateway.settings import SettingsError, file, sources
from resolvers.upstreams.config import SourceConfig


def configured(environ: Mapping[str, str]) -> dict[str, SourceConfig]:
    """By name, in the order of kinds; {} without credentials. Raises SettingsError."""
    problems: list[str] = []
    found = sources.read(file.File(Path(os.devnull)), environ, problems)
    if problems:
        raise SettingsError(problems)
    return found
