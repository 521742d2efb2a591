"""Checking: what `releasegraph schema check` was asked for, done."""

from __future__ import annotations

from pathlib import Path

from gateway.contract import comparison, operations, schemas
from gateway.contract.changes import Severity
from gateway.contract.refusal import NotChecked
from gateway.contract.report import Report
from gateway.execution.limits import Limits
from gateway.settings import Server


def checked(
    *, against: str | None, directory: Path | None, schema: Path | None, fails_on: Severity, server: Server
) -> Report:
    """against: a file or revision to compare with; directory: of operations; None leaves either out.

    schema: a file to judge instead of the code's schema. server: whose limits hold for operations.
    Raises NotChecked.
    """
    if against is None and directory is None:
        raise NotChecked("nothing to check: give --against with a file or a git revision, --operations, or both")
    changes = found = None
    if against is not None:
        new = schemas.of_file(schema) if schema else schemas.printed()
        changes = comparison.between(schemas.of_file_or_revision(against), new)
    if directory is not None:
        given = schemas.of_file(schema) if schema else schemas.present(is_incremental=server.incremental)
        found = operations.check(directory, given, Limits.of(server))
    return Report(fails_on, against, changes, directory, found)
