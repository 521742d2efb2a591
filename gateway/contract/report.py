"""Report: what a check found, for people and for programs. Lines are not broken, so that they can be searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.contract.changes import Change, Severity, of
from gateway.contract.operations import Checked, Finding

HEADINGS = {
    Severity.BREAKING: "breaking: stored operations are refused, or answered in another shape",
    Severity.DANGEROUS: "dangerous: accepted, and may meet what they did not expect",
    Severity.SAFE: "safe: no stored operation can tell",
}


@dataclass(frozen=True, slots=True)
class Report:
    """changes: since `against`, or None when nothing was compared. checked: of `directory`, or None likewise.

    fails_on: the mildest change that is not passed.
    """

    fails_on: Severity
    against: str | None = None
    changes: Sequence[Change] | None = None
    directory: Path | None = None
    checked: Checked | None = None

    @property
    def is_passed(self) -> bool:
        has_failing = any(change.severity >= self.fails_on for change in self.changes or ())
        return not has_failing and not (self.checked and self.checked.problems)

    def as_json(self) -> dict[str, Any]:
        """As `--format json` prints it: see the README."""
        return {"ok": self.is_passed, "against": self.against, "changes": self._changes(), "operations": self._found()}

    def as_text(self) -> Iterator[str]:
        """Line by line."""
        if self.changes is not None:
            yield from _compared(self.changes, self.against)
        if self.checked is not None:
            yield from _looked_through(self.checked, self.directory)

    def _changes(self) -> dict[str, Any] | None:
        if self.changes is None:
            return None
        return {word.name.lower(): [_plain(change) for change in of(self.changes, word)] for word in HEADINGS}

    def _found(self) -> dict[str, Any] | None:
        if self.checked is None:
            return None
        problems, warnings = (
            [_place(each) for each in these] for these in (self.checked.problems, self.checked.warnings)
        )
        return {
            "directory": str(self.directory),
            "files": self.checked.files,
            "problems": problems,
            "warnings": warnings,
        }


def _compared(changes: Sequence[Change], against: str | None) -> Iterator[str]:
    for severity, heading in HEADINGS.items():
        if these := of(changes, severity):
            yield heading
            yield from (f"  {change.coordinate}  {change.message}" for change in these)
    counts = ", ".join(f"{len(of(changes, severity))} {severity.name.lower()}" for severity in HEADINGS)
    yield f"changes since {against}: {counts if changes else 'none'}"


def _looked_through(checked: Checked, directory: Path | None) -> Iterator[str]:
    for word, findings in (("problem", checked.problems), ("warning", checked.warnings)):
        yield from (f"{each.file}:{each.line}:{each.column}: {word}: {each.message}" for each in findings)
    yield f"files with operations in {directory}: {checked.files}, {_counted(checked)}"


def _counted(checked: Checked) -> str:
    refused = len({finding.file for finding in checked.problems})
    return f"{refused} of them refused" if refused else "none refused"


def _plain(change: Change) -> dict[str, str]:
    return {"coordinate": change.coordinate, "type": change.rule, "message": change.message}


def _place(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file.as_posix(),
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    }
