"""Explained: the plan of an answer as a tree for people: the operation, its sources, their calls as time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from rich.text import Text
from rich.tree import Tree

from resolvers.upstreams.examination import counted

Told = Mapping[str, Any]


def tree(plan: Told, name: str | None = None) -> Tree:
    """The member `plan` of an answer's extensions. name: of the operation."""
    totals = plan["totals"]
    root = Tree(Text.assemble((name or "operation", "bold"), "  ", _summary(totals)), guide_style="dim")
    for source, count in totals["sources"].items():
        own = [call for call in plan["calls"] if call["source"] == source]
        branch = root.add(Text.assemble((source, "bold"), "  ", counted(count, "call")))
        for line in _lines(own):
            branch.add(line)
    if plan["omitted"]:
        root.add(Text(f"{counted(plan['omitted'], 'call')} more, which the plan does not list", "yellow"))
    return root


def _summary(totals: Told) -> str:
    parts = [counted(totals["calls"], "call")]
    parts += [f"{totals['sessionCalls']} of them for sessions"] if totals["sessionCalls"] else []
    parts += [f"{totals[name]} {name}" for name in ("remembered", "shared") if totals.get(name)]
    parts += [counted(totals["rows"], "row"), _size(totals["bytes"]), f"{totals['ms']:.1f} ms"]
    return ", ".join(parts)


def _lines(calls: Sequence[Told]) -> list[Text]:
    """Numbers first and in columns: a path may be longer than any screen."""
    columns = [[*column] for column in zip(*map(_numbers, calls), strict=True)]
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return [_line(call, row, widths) for call, row in zip(calls, rows, strict=True)]


def _numbers(call: Told) -> tuple[str, ...]:
    """When it began, how long it took, what came."""
    rows = "" if call["rows"] is None else counted(call["rows"], "row")
    return f"+{call['atMs']:.1f} ms", f"{call['ms']:.1f} ms", rows, _size(call["bytes"])


def _line(call: Told, numbers: Sequence[str], widths: Sequence[int]) -> Text:
    padded = "  ".join(number.rjust(width) for number, width in zip(numbers, widths, strict=True))
    return Text.assemble((padded, "cyan"), *_remarks(call), f"  {call['method']} {shown(call['path'])}")


def _remarks(call: Told) -> list[tuple[str, str]]:
    remarks = [(name, "dim") for name in ("session", "retry") if call[name]]
    remarks += [(call["cache"], "green")] if call["cache"] else []
    if call["error"] or call["status"] is None:
        remarks.append((f"{call['status'] or 'no answer'} {call['error'] or ''}".strip(), "red"))
    return [(f"  {word}", style) for word, style in remarks]


def shown(path: str) -> str:
    """A path as people read it."""
    return printable(unquote(path))


def printable(text: str) -> str:
    """What would move the cursor, or end the line, encoded: others have written it."""
    return "".join(sign if sign.isprintable() else quote(sign, errors="replace") for sign in text)


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1000 else f"{size_bytes / 1000:.1f} kB"
