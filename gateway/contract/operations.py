"""Operations a consumer stores in files, held against a schema and the limits of a server: would it still take them?

Each file is one document, as it is sent: fragments are not looked for in other files. Tools that spread them over files
(Relay's compiler, Apollo's) write whole documents before they send any; those are what is to be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    validate,
)

from gateway.contract.pages import Pages
from gateway.contract.refusal import NotChecked
from gateway.execution import rows
from gateway.execution.documents import Documents, Unusable
from gateway.execution.limits import Limits, too_complex

SUFFIXES = (".graphql", ".gql")


@dataclass(frozen=True, slots=True)
class Finding:
    file: Path  # from the directory that was checked
    line: int  # from 1, as the column
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """files: how many were looked at. problems: the server refuses it. warnings: it does not yet, or not always."""

    files: int
    problems: Sequence[Finding] = ()
    warnings: Sequence[Finding] = ()


def check(directory: Path, schema: GraphQLSchema, limits: Limits) -> Checked:
    """Every file below the directory, in the order of their paths. Raises NotChecked."""
    files = _files(directory)
    checks = [_checked(file, file.relative_to(directory), schema, limits) for file in files]
    return Checked(
        len(files),
        [finding for each in checks for finding in each.problems],
        [finding for each in checks for finding in each.warnings],
    )


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise NotChecked(f"--operations {directory}: not a directory")
    found = sorted(file for file in directory.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not found:
        raise NotChecked(f"--operations {directory}: no file in it or below ends with {' or '.join(SUFFIXES)}")
    return found


def _checked(file: Path, name: Path, schema: GraphQLSchema, limits: Limits) -> Checked:
    try:
        # The very steps of the server: parsing, validation, depth, aliases, tokens.
        document = Documents(schema, limits, remembered=0).prepare(file.read_text(encoding="utf-8")).document
    except Unusable as unusable:
        return Checked(1, _findings(name, unusable.errors))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return Checked(1, [Finding(name, 1, 1, f"cannot be read: {reason}")])
    refused, doubtful = _sizes(document, limits)
    deprecated = validate(schema, document, [NoDeprecatedCustomRule])
    return Checked(1, _findings(name, refused), _findings(name, [*doubtful, *deprecated]))


def _sizes(document: DocumentNode, limits: Limits) -> tuple[list[GraphQLError], list[GraphQLError]]:
    """What is refused for its pages or rows, and what is so when a variable asks for the longest page."""
    pages = Pages(document)
    longest = dict.fromkeys(pages.variables, limits.max_page)
    always = list(_too_many_rows(document, {}, limits))
    # Variables alone decide about the others.
    sometimes = [] if always else list(_too_many_rows(document, longest, limits))
    return [*pages.errors(limits.max_page), *always], sometimes


def _too_many_rows(document: DocumentNode, variables: dict[str, int], limits: Limits) -> Iterator[GraphQLError]:
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        count = rows.count(document, node, variables, limits.max_page)
        if count > limits.max_rows:
            when = f" with pages of {limits.max_page} by variable" if variables else ""
            said = too_complex("a number of rows of up to", count, limits.max_rows).message
            yield GraphQLError(said + when, [node])


def _findings(name: Path, errors: Iterable[GraphQLError]) -> list[Finding]:
    """One for each error, at the first place it names; the limits name none, and are about the whole file."""
    return [
        Finding(name, *((at.line, at.column) if at else (1, 1)), error.message)
        for error in errors
        for at in [error.locations[0] if error.locations else None]
    ]
