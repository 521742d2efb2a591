"""Recorded: the queries that tests have asked of any gateway or executor in this run, and those that are in files.

`tests/conftest.py` has them noted as they are found to be usable; `tests/test_all_operations.py` asks all again, last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import wraps
from pathlib import Path

import orjson

from gateway.execution import documents
from gateway.execution.executor import Executor, Found, Operation

ROOT = Path(__file__).parent.parent
FILES = ("gateway/http/explorer/queries", "tests/bounds/operations")
PAGES = ("README.md", "CONTRIBUTING.md", "docs")
FENCE = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
VARIABLES_EACH = 3
"Of one text: a test that asks the same of many ids is not asked as often again."

_by_text: dict[tuple[str, str | None], dict[bytes, Operation]] = {}


def record() -> None:
    """From here on each query that an executor finds is noted."""
    find = Executor.find

    @wraps(find)
    def noting(self: Executor, asked: Operation) -> Found:
        found = find(self, asked)
        if documents.is_query(found.node):
            _note(asked)
        return found

    Executor.find = noting  # type: ignore[method-assign]


def operations() -> list[Operation]:
    """Those of this run so far, then those of files; each once."""
    noted = {one.text: one for one in _in_files()}
    return [*(one for each in list(_by_text.values()) for one in each.values()), *noted.values()]


def _note(asked: Operation) -> None:
    of_text = _by_text.setdefault((asked.text, asked.name), {})
    if len(of_text) < VARIABLES_EACH:
        of_text[orjson.dumps(asked.variables, default=repr)] = asked


def _in_files() -> Iterator[Operation]:
    for folder in FILES:
        for file in sorted((ROOT / folder).glob("*.graphql")):
            yield Operation(file.read_text(encoding="utf-8"), None, {})
    for name in PAGES:
        for page in sorted((ROOT / name).rglob("*.md")) if (ROOT / name).is_dir() else [ROOT / name]:
            yield from (Operation(text, None, {}) for text in FENCE.findall(page.read_text(encoding="utf-8")))
