"""Schemas to compare with and to check by: the code's own, one in a file, one of a git revision."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, Source, build_ast_schema, parse
from graphql.validation import KnownDirectivesRule
from graphql.validation.specified_rules import specified_sdl_rules
from graphql.validation.validate import validate_sdl

from gateway.contract.refusal import NotChecked
from gateway.execution.executor import core

COMMITTED = "schema.graphql"
"Where a revision keeps its schema, from the top of its repository."

# A subgraph may apply directives that only its @link declares; what they mean is the composer's affair.
_RULES = [rule for rule in specified_sdl_rules if rule is not KnownDirectivesRule]


def present(*, is_incremental: bool = False) -> GraphQLSchema:
    """The one the gateway serves, with its scalars: literals of operations are checked by them."""
    from resolvers.schema import schema_of

    return core(schema_of(is_incremental=is_incremental))


def printed() -> GraphQLSchema:
    """The one the gateway serves, made of its own text: to be compared with what was made of text as well."""
    from resolvers.schema import schema

    return parsed(schema.as_str(), "the schema of the code")


def of_file(path: Path) -> GraphQLSchema:
    """Raises NotChecked."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise NotChecked(f"{path}: cannot be read: {reason}") from None
    return parsed(text, str(path))


def of_file_or_revision(name: str) -> GraphQLSchema:
    """A file's, else that of a git revision of the repository around: `main`, `v1.2.0`, `HEAD~3`.

    name: a revision alone means its `schema.graphql`; `main:api/graph.graphql` names another file of it.
    Raises NotChecked.
    """
    if Path(name).is_file():
        return of_file(Path(name))
    place = name if ":" in name else f"{name}:{COMMITTED}"
    return parsed(_shown(name, place), place)


def parsed(text: str, place: str) -> GraphQLSchema:
    """The schema of a text in GraphQL's own language. Raises NotChecked with the first thing that is wrong."""
    try:
        document = parse(Source(text, place))
        for error in validate_sdl(document, None, _RULES):
            raise error
        schema = build_ast_schema(document, assume_valid_sdl=True)
    except GraphQLError as error:
        where = "".join(f":{at.line}:{at.column}" for at in (error.locations or ())[:1])
        raise NotChecked(f"{place}{where}: not a schema: {error.message}") from None
    except TypeError as error:  # what graphql-core says of definitions that contradict each other
        raise NotChecked(f"{place}: not a schema: {error}") from None
    if schema.query_type is None:
        raise NotChecked(f"{place}: not a schema: it has no type Query to begin with")
    return schema


def _shown(name: str, place: str) -> str:
    """The text that git holds at `revision:path`. A revision is never taken for an option, and no shell reads it."""
    told = f"--against {name}: neither a file nor a git revision that holds {place.partition(':')[2]}"
    try:
        command = ["git", "show", "--end-of-options", place]
        done = subprocess.run(command, capture_output=True, check=False, env=_quiet())  # noqa: S603  # git as found
    except FileNotFoundError:
        raise NotChecked(f"{told}: there is no git to ask") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise NotChecked(f"{told} ({lines[0] if lines else 'git says nothing'})")
    return done.stdout.decode(errors="replace")


def _quiet() -> dict[str, str]:
    """git in English, and without fetching what a partial clone lacks."""
    return {**os.environ, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
