"""The grammar of a whole URL below the API root: path, keys, options."""

from __future__ import annotations

import re

from upstream_mocks.balena.odata import literals
from upstream_mocks.balena.odata.expressions import alias
from upstream_mocks.balena.odata.failures import MalformedUrlError, UntranslatableError
from upstream_mocks.balena.odata.options import options
from upstream_mocks.balena.odata.scanner import NAME, Scanner
from upstream_mocks.balena.odata.tree import Alias, Key, Literal, Options, Segment, Url

_NAMED = re.compile(NAME.pattern + "=")
_WORDS = ("/$metadata", "/")


def parse(raw: str) -> Url:
    """A raw path and query such as `/release(5)?$select=id`, nothing of it decoded.

    Raises MalformedUrlError; UntranslatableError for a quote that is not closed and for broken percent sequences.
    """
    if raw in _WORDS:
        return Url((Segment(raw[1:]),))
    literals.decoded(raw)
    scanner = Scanner(raw)
    try:
        url = _url(scanner)
    except (RecursionError, ValueError, OverflowError) as error:
        # Nested deeper, or with more digits, than the server itself could follow.
        raise UntranslatableError(str(error)) from error
    if not scanner.is_done:
        raise MalformedUrlError
    return url


def _url(scanner: Scanner) -> Url:
    scanner.expect("/")
    segments = [Segment(scanner.name(), _key(scanner))]
    has_links = False
    # A bare collection can only be counted; beyond a key the path goes on.
    while segments[0].key is not None and not _at_count(scanner) and scanner.take("/"):
        has_links = has_links or scanner.take("$links/") is not None
        segments.append(Segment(scanner.name(), _key(scanner)))
    is_count = (segments[0].key is None or len(segments) > 1) and scanner.take("/$count") is not None
    return Url(tuple(segments), is_count, has_links, _query(scanner))


def _at_count(scanner: Scanner) -> bool:
    return scanner.text.startswith("/$count", scanner.at)


def _query(scanner: Scanner) -> Options:
    if scanner.take("?") is None or scanner.is_done:
        return Options()
    return options(scanner, "&")


def _key(scanner: Scanner) -> Key | None:
    if scanner.take("(") is None:
        return None
    key = _named(scanner) if _NAMED.match(scanner.text, scanner.at) else _bind(scanner)
    scanner.expect(")")
    return key


def _named(scanner: Scanner) -> dict[str, Literal | Alias]:
    members: dict[str, Literal | Alias] = {}
    while True:
        name = scanner.name()
        scanner.expect("=")
        members[name] = _bind(scanner)
        if scanner.take(",") is None:
            return members


def _bind(scanner: Scanner) -> Literal | Alias:
    bind = literals.number(scanner) or literals.quoted(scanner) or alias(scanner)
    if bind is None:
        raise MalformedUrlError
    return bind
