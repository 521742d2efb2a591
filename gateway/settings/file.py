"""File: gateway.toml as tables, before anything in it is understood."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.settings.problems import SettingsError

NAME = "gateway.toml"


@dataclass(frozen=True, slots=True)
class File:
    """tables: empty without a file. Paths inside it are meant from where it lies."""

    path: Path
    tables: Mapping[str, Any] = field(default_factory=dict)

    def near(self, name: str) -> Path:
        return self.path.parent / name


def read(path: Path | None) -> File:
    """The file that was named, else gateway.toml of the working directory when there is one.

    Raises SettingsError when a named file is missing, or one cannot be read or is not TOML.
    """
    if path is None and not Path(NAME).exists():
        return File(Path(NAME))
    path = path or Path(NAME)
    text = _text(path)
    try:
        return File(path, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        problem = f"{path}, {_place(str(error), text)}"
    raise SettingsError([problem])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"{path}: the configuration file cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = f"{path}: the configuration file is not UTF-8 text"
    raise SettingsError([problem])


def _place(said: str, text: str) -> str:
    # tomllib says where in words only before Python 3.14, and "end of document" where that is.
    match = re.fullmatch(r"(?s)(.*) \(at line (\d+), column (\d+)\)", said)
    if match:
        return f"line {match[2]}, column {match[3]}: {match[1]}"
    return f"line {len(text.splitlines()) or 1}: {said}"
