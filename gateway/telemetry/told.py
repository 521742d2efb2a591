"""Told: what is known of one request when its reply is out; log, metrics and traces say it each in their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["ok", "errors", "refused", "busy", "gone", "stopped"]
"""How an operation went: whole · answered with errors · nothing that could be run · no place for it · its client left ·
ended by the server's end."""


@dataclass(slots=True)
class Told:
    """One GraphQL operation. Never its text nor its variables: they may hold what is nobody's business."""

    kind: str | None = None  # query, mutation; None when it could not be read
    name: str | None = None
    document: str | None = None  # the text's SHA-256, by which clients and manifests know it too
    is_trusted: bool = False  # whether an operator's manifest holds it
    caller: str | None = None  # the name of their key, or the subject of their token
    outcome: Outcome = "refused"
    codes: Sequence[str] = ()  # of its errors
    sources: Mapping[str, str] = field(default_factory=dict)  # worst state of each
    ages_s: Mapping[str, float] = field(default_factory=dict)  # of sources that were answered from memory
