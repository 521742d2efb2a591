"""Trouble on request: rules that make a mock fail for the paths they match.

The first rule that matches and has times left is met. One rule may delay and then fail. Rules are data, put by
`PUT /_mock/faults`, so that a test asks for trouble the way an operator meets it: on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    source: str = "*"
    path: str = "*"  # glob over the raw path with prefix and query
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None  # seconds
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    drop: bool = False  # close without an answer
    cut_body: bool = False  # close in the middle of the body
    wrong_shape: bool = False  # 200 with JSON nobody documented
    times: int | None = None  # how often it strikes; None: for good
    met: int = 0  # how often it struck, told by GET

    def matches(self, source: str, path: str) -> bool:
        spent = self.times is not None and self.met >= self.times
        return not spent and fnmatchcase(source, self.source) and fnmatchcase(path, self.path)


class Faults:
    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def put(self, body: bytes) -> None:
        """Replace all rules. Raises msgspec.ValidationError naming the member that does not fit."""
        self.rules = msgspec.json.decode(body, type=list[Fault])

    def meet(self, source: str, path: str) -> Fault | None:
        for rule in self.rules:
            if rule.matches(source, path):
                rule.met += 1
                return rule
        return None

    def listed(self) -> Iterable[Fault]:
        return self.rules

    def clear(self) -> None:
        self.rules = []
