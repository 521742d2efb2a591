"""Trouble on request: rules that make a mock fail for the paths they match.

The first rule that matches and has times left is met. One rule may delay and then fail. Rules are data, put by
`PUT /_mock/faults`, so that a test asks for trouble the way an operator meets it: on the wire. What a server cannot do
of itself, such as not to listen, is no rule: end the mocks for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec

from upstream_mocks.world import KINDS

_MAX_MS = 600_000
NO_ANSWER = ("silent", "drop")
OWN_ANSWER = ("redirect", "size_mb", "wrong_shape")
ON_THE_WAY = ("trickle_ms", "cut_body", "reset_body", "cut_json")


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. Raises ValueError, which msgspec tells with the rule's place, for members that contradict."""

    source: str = "*"
    path: str = "*"  # glob over the raw path with prefix and query
    # What is answered, at most one of these; a status may have a body.
    silent: bool = False  # the request is taken, and nothing ever comes
    drop: bool = False  # close without an answer
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None  # seconds; of a status
    body: str | None = None  # the answer's text; without a status it comes with 200
    wrong_shape: bool = False  # 200 with JSON nobody documented
    redirect: bool = False  # 302 to the very same address: endless for who follows
    size_mb: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0  # JSON of so many million bytes, its length not told
    # How it comes.
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=_MAX_MS)] = 0  # before the first byte
    trickle_ms: Annotated[int, msgspec.Meta(ge=0, le=_MAX_MS)] = 0  # between any two bytes of the body
    cut_body: bool = False  # close in the middle of the body
    reset_body: bool = False  # likewise, by a reset
    cut_json: bool = False  # half the body, as if that were all of it
    times: int | None = None  # how often it strikes; None: for good
    met: int = 0  # how often it struck, told by GET

    def __post_init__(self) -> None:
        if not any(fnmatchcase(kind, self.source) for kind in KINDS):
            raise ValueError(f"source {self.source!r} is none of {', '.join(KINDS)}, nor a pattern that fits one")
        if self.retry_after is not None and self.status is None:
            raise ValueError("retry_after is a header of a status: give that too")
        with_status = [name for name in ("status", "body") if getattr(self, name) is not None][:1]
        answers = [*self._given(NO_ANSWER), *with_status, *self._given(OWN_ANSWER)]
        ways = self._given(ON_THE_WAY)
        for several in (answers, ways, [*self._given(NO_ANSWER), *ways]):
            if len(several) > 1:
                raise ValueError(f"{' and '.join(several)} do not go together: one rule is one trouble")

    def _given(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if getattr(self, name)]

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
