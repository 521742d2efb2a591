"""Answered: what `releasegraph query` prints. `data` on standard output, for programs; all else on standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from gateway import explained
from gateway.execution.executor import Answer

WIDEST = 100_000


def show(answer: Answer, *, is_explained: bool, name: str | None = None) -> int:
    """The exit code: 0 whole · 1 with errors · 2 not executed, and then without data."""
    # An error, or a call of the plan, stays one line: trees are cut at the width, so there is none.
    console = Console(stderr=True, soft_wrap=True, highlight=False, width=WIDEST)
    if answer.was_executed:
        typer.echo(json.dumps(answer.body["data"], indent=2, ensure_ascii=False))
    errors = answer.body.get("errors", [])
    for error in errors:
        console.print(_error(error))
    if is_explained:
        _explain(console, answer, name)
    return (1 if errors else 0) if answer.was_executed else 2


def _explain(console: Console, answer: Answer, name: str | None) -> None:
    plan = (answer.body.get("extensions") or {}).get("plan")
    if plan and "totals" in plan:
        console.print(explained.tree(plan, name))
    elif answer.was_executed:
        refused = (plan or {}).get("refused", {"message": "the gateway does not know the header"})
        console.print(Text.assemble(("no plan ", "bold yellow"), explained.printable(refused["message"])))


def _error(error: Mapping[str, Any]) -> Text:
    code = str((error.get("extensions") or {}).get("code", "error"))
    place = ".".join(map(str, error.get("path") or ()))
    at = f" ({place})" if place else _position(error)
    return Text.assemble((code, "bold red"), " ", explained.printable(f"{error.get('message')}{at}"))


def _position(error: Mapping[str, Any]) -> str:
    places = [f"line {at['line']}, column {at['column']}" for at in error.get("locations") or ()]
    return f" ({'; '.join(places)})" if places else ""
