"""Memfault's default order of versions: natural, with a `z` appended so that `1.0.0-rc` comes before `1.0.0`."""

from __future__ import annotations

import re


def natural_key(version: str) -> list[tuple[int, int, str]]:
    """Digits compare as numbers and before text, the rest by code point."""
    pieces = re.findall(r"\d+|\D+", version + "z")
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces]
