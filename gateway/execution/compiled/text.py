"""Text: Python source that is being written, and what its names stand for.

Only attribute names of the schema and names made here get into it; everything else is a value behind a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.execution.compiled.surprise import Surprise


def rows(value: Any) -> Sequence[Any]:
    """A list as resolvers usually give it. Raises Surprise for any other iterable."""
    if type(value) is not list and type(value) is not tuple:
        raise Surprise
    found: Sequence[Any] = value
    return found


class Text:
    """Functions that refer to one another by name."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {"__builtins__": {}, "type": type, "enumerate": enumerate}
        self._names |= {"str": str, "bool": bool, "int": int, "rows": rows, "Surprise": Surprise}

    def name(self, value: object) -> str:
        """A name that stands for a value."""
        name = self.fresh()
        self._names[name] = value
        return name

    def fresh(self) -> str:
        """A name that nothing has yet."""
        name = f"n{len(self._names)}"
        self._names[name] = None
        return name

    def function(self, lines: Sequence[str]) -> str:
        """The name of a new function of the object `o`, its trail `p` and the notes `j`."""
        name = self.fresh()
        self._lines += [f"def {name}(o, p, j):", *(f"    {line}" for line in lines)]
        return name

    def table(self, functions: Mapping[type, str]) -> str:
        """The name of a dict of functions by class."""
        name = self.fresh()
        self._lines.append(f"{name} = {{{', '.join(f'{self.name(one)}: {of}' for one, of in functions.items())}}}")
        return name

    def compiled(self, name: str) -> Callable[..., Any]:
        exec(compile("\n".join(self._lines), "<compiled selection>", "exec"), self._names)  # noqa: S102  # see above
        found: Callable[..., Any] = self._names[name]
        return found
