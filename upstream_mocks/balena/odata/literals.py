"""Literals: `5`, `'text'`, `true`, `null`, `datetime'..'`, `duration'..'`. Only here do percent signs decode."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from upstream_mocks.balena.odata.failures import UntranslatableError
from upstream_mocks.balena.odata.scanner import Scanner
from upstream_mocks.balena.odata.tree import Literal

QUOTES = ("'", "%27")
_QUOTED = re.compile(r"(?:'|%27)((?:(?!'|%27).|(?:'|%27){2})*)(?:'|%27)", re.DOTALL)
_QUOTE = re.compile(r"(?:'|%27){2}")
_NUMBER = re.compile(r"(?:\+|%2B|-)?[0-9]+(?:\.[0-9]+)?")
_BROKEN = re.compile(r"%(?![0-9a-fA-F]{2})")
_DURATION = re.compile(
    r"(?P<sign>\+|%2B|-)?P(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def decoded(raw: str) -> str:
    """Percent sequences as text. Raises UntranslatableError for a broken one: the server stumbles over it."""
    if _BROKEN.search(raw):
        raise UntranslatableError(raw)
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise UntranslatableError(raw) from error


def quoted(scanner: Scanner) -> Literal | None:
    """`'text'`, its quotes doubled inside. Raises UntranslatableError when it never ends."""
    if not scanner.text.startswith(QUOTES, scanner.at):
        return None
    found = _QUOTED.match(scanner.text, scanner.at)
    if found is None:
        raise UntranslatableError("a quote that is not closed")
    scanner.at = found.end()
    return Literal(decoded(_QUOTE.sub("'", found.group(1))))


def number(scanner: Scanner) -> Literal | None:
    found = scanner.match(_NUMBER)
    if found is None:
        return None
    plain = found.replace("%2B", "").removeprefix("+")
    return Literal(float(plain) if "." in plain else int(plain))


def boolean(scanner: Scanner) -> Literal | None:
    word = scanner.take("true", "false")
    return None if word is None else Literal(word == "true")


def null(scanner: Scanner) -> Literal | None:
    return None if scanner.take("null") is None else Literal(None)


def moment(scanner: Scanner) -> Literal | None:
    """`datetime'..'` or `date'..'`, an offset or a bare date allowed. Cut to milliseconds: a JavaScript date."""
    text = _prefixed(scanner, "datetime", "date")
    return None if text is None else Literal(moment_of(text, finest=1000))


def duration(scanner: Scanner) -> Literal | None:
    text = _prefixed(scanner, "duration")
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.group(part) for part in _PARTS):
        raise UntranslatableError(text)
    length = timedelta(**{part: float(found.group(part) or 0) for part in _PARTS})
    return Literal(-length if found.group("sign") == "-" else length)


def moment_of(text: str, *, finest: int = 1) -> datetime:
    """An aware UTC time, in steps of `finest` microseconds. Raises UntranslatableError for nonsense."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UntranslatableError(text) from error
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // finest * finest)


def primitive(scanner: Scanner) -> Literal | None:
    for read in _PRIMITIVES:
        if (literal := read(scanner)) is not None:
            return literal
    return None


def _prefixed(scanner: Scanner, *words: str) -> str | None:
    start = scanner.at
    if scanner.take(*words) is not None and (text := quoted(scanner)) is not None:
        return str(text.value)
    scanner.at = start
    return None


_PARTS = ("days", "hours", "minutes", "seconds")
_PRIMITIVES: tuple[Callable[[Scanner], Literal | None], ...] = (quoted, number, boolean, null, moment, duration)
