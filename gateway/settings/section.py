"""Section: one table of gateway.toml with the variables that belong to it, read into its model.

A value is looked for in the environment first, then in the file. A secret is a field of type SecretStr: it comes from
its variable, or from a file named by `<VARIABLE>_FILE` or by `<field>_file` in gateway.toml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from gateway.settings.file import File
from gateway.settings.problems import shown, unknown
from resolvers.transport.secrets import FileSecret

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Section(Generic[M]):
    key: str  # as in gateway.toml: "server", "sources.balena"
    prefix: str  # of its variables: "RELEASEGRAPH_SERVER", "BALENA"
    model: type[M]
    also: Mapping[str, str] = field(default_factory=dict)  # a second variable of a field, which yields to the first

    @property
    def secrets(self) -> list[str]:
        return [name for name, info in self.model.model_fields.items() if SecretStr in _types(info.annotation)]

    @property
    def lists(self) -> list[str]:
        fields = self.model.model_fields.items()
        return [name for name, info in fields if any(get_origin(part) is tuple for part in _types(info.annotation))]

    @property
    def paths(self) -> list[str]:
        return [name for name, info in self.model.model_fields.items() if Path in _types(info.annotation)]

    def min_length(self, name: str) -> int:
        """The fewest characters of a secret."""
        metadata = self.model.model_fields[name].metadata
        return max((getattr(one, "min_length", 1) for one in metadata), default=1)

    @property
    def variables(self) -> list[str]:
        """All that are looked at."""
        plain = [self.variable(name) for name in self.model.model_fields]
        return plain + [f"{self.variable(name)}_FILE" for name in self.secrets]

    def variable(self, name: str) -> str:
        return f"{self.prefix}_{name.upper()}"


@dataclass(slots=True)
class Reading(Generic[M]):
    """One section while it is read. `problems` is shared by all sections; `faulty` fields are complained of already."""

    section: Section[M]
    problems: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[Path, str]] = field(default_factory=dict)  # of secrets, with who named them
    faulty: set[str] = field(default_factory=set)

    def read_table(self, table: Any, file: File) -> None:
        """Before the environment: what is read later wins."""
        if not isinstance(table, dict):
            self.problems.append(f"{self.section.key}: should be a table, [{self.section.key}] in {file.path}")
            return
        for name, value in table.items():
            self._read_key(name, value, file)

    def read_environment(self, environ: Mapping[str, str]) -> None:
        for name in self.section.model.model_fields:
            for variable in (self.section.also.get(name, ""), self.section.variable(name)):
                if environ.get(variable):
                    self.take(name, self._split(name, environ[variable]), variable)
        for name in self.section.secrets:
            self._read_secret(name, environ)

    def take(self, name: str, value: Any, origin: str) -> None:
        self.values[name], self.origins[name] = value, origin

    def complain(self, name: str, sentence: str) -> None:
        self.faulty.add(name)
        self.problems.append(f"{self.section.key}.{name}: {sentence}")

    def result(self) -> M | None:
        """The section, or None when a problem was added."""
        for name, (path, origin) in self.files.items():
            self._open(name, path, origin)
        try:
            section = self.section.model.model_validate(self.values)
        except ValidationError as error:
            self.problems.extend(self._sentence(one) for one in error.errors() if self._is_new(one))
            return None
        return None if self.faulty else section

    def _read_key(self, name: str, value: Any, file: File) -> None:
        section = self.section
        files = {f"{secret}_file": secret for secret in section.secrets}
        if name in section.secrets:
            places = f"give {section.variable(name)}, or {name}_file with the path of a file that holds it"
            self.complain(name, f"a secret does not belong in {file.path}; {places}")
        elif name in files:
            self.files[files[name]] = file.near(str(value)), f"{name} in {file.path}"
        elif name in section.paths:
            self.take(name, file.near(str(value)), str(file.path))
        elif name in section.model.model_fields:
            self.take(name, value, str(file.path))
        else:
            known = [one for one in section.model.model_fields if one not in section.secrets] + list(files)
            self.problems.append(unknown(f"{section.key}.{name}", "setting", name, known))

    def _read_secret(self, name: str, environ: Mapping[str, str]) -> None:
        variable = self.section.variable(name)
        path = environ.get(f"{variable}_FILE")
        if path and environ.get(variable):
            self.complain(name, f"both {variable} and {variable}_FILE are set; give one of them")
        elif path:
            self.files[name] = Path(path), f"{variable}_FILE"
        elif environ.get(variable):
            self.files.pop(name, None)

    def _open(self, name: str, path: Path, origin: str) -> None:
        try:
            self.take(name, FileSecret(path, self.section.min_length(name)), origin)
        except OSError as error:
            self.complain(name, f"{path}, named by {origin}, cannot be read: {error.strerror}")
        except UnicodeDecodeError:  # what Python says of it may quote the contents
            self.complain(name, f"{path}, named by {origin}, is not readable text")
        except ValueError as error:
            self.complain(name, f"{path}, named by {origin}, {error}")

    def _split(self, name: str, text: str) -> Any:
        if name not in self.section.lists:
            return text
        return [part.strip() for part in text.split(",") if part.strip()]

    def _is_new(self, error: ErrorDetails) -> bool:
        # What is said of the section as a whole may only follow from a field that is missing for a known reason.
        return error["loc"][0] not in self.faulty if error["loc"] else not self.faulty

    def _sentence(self, error: ErrorDetails) -> str:
        key = ".".join(map(str, (self.section.key, *error["loc"])))
        name = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "missing":
            return f"{key}: not set; {self._places(name)}"
        return f"{key}: {self._complaint(name, error)}{self._origin(name)}"

    def _complaint(self, name: str, error: ErrorDetails) -> str:
        context = error.get("ctx", {})
        if name in self.section.secrets:  # neither its value nor what a validator says of it
            least = context.get("min_length")
            return f"should have at least {least} characters" if least else "is not usable: one word, no line break"
        if "error" in context:
            return str(context["error"])
        # The section as a whole holds secrets too.
        given = f"; given {shown(error['input'])}" if name else ""
        return error["msg"].removeprefix("Input ").replace("a valid tuple", "a list") + given

    def _places(self, name: str) -> str:
        in_file = f"{name}_file" if name in self.section.secrets else f"{name} in gateway.toml"
        return f"give {self.section.variable(name)}, or {in_file}"

    def _origin(self, name: str) -> str:
        return f" ({self.origins[name]})" if name in self.origins else ""


def _types(annotation: Any) -> Iterator[Any]:
    """The annotation and everything inside it: `SecretStr | None` has SecretStr inside."""
    yield annotation
    for part in get_args(annotation):
        yield from _types(part)
