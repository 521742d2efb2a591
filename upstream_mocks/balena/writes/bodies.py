"""Members of a body as values to store: what converts, and what is refused without a word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from upstream_mocks.balena.errors import RefusedError, broken, wrong_type
from upstream_mocks.balena.odata.failures import UntranslatableError
from upstream_mocks.balena.odata.literals import moment_of
from upstream_mocks.balena.odata.model import Field, Kind, Resource, Row

Body = dict[str, Any]
_LEADING = re.compile(r"\s*([+-]?\d+)")
_WHOLE = re.compile(r"\s*-?\d+\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGERS = range(-(2**31), 2**31)


def accepted(resource: Resource, body: Mapping[str, Any]) -> Row:
    """The stored values of the members the resource knows; computed ones are dropped, unknown ones ignored.

    Raises RefusedError: 400 without a body for a wrong type, 500 when nothing in it is known.
    """
    known = {name: resource.fields[name] for name in body if name in resource.fields}
    if body and not known:
        raise broken()
    values = {name: value(field, body[name]) for name, field in known.items()}
    return {name: found for name, found in values.items() if known[name].compute is None}


def value(field: Field, given: Any) -> Any:
    """One member. Raises RefusedError: 400 without a body."""
    if given is None:
        if field.is_required:
            raise wrong_type()
        return None
    if field.compute is not None and field.kind is not Kind.BOOLEAN:
        return None
    return _READERS[field.kind](given)


def check_limits(resource: Resource, values: Mapping[str, Any]) -> None:
    """Raises RefusedError: 400 with the rule a text breaks by its length, or by not being one of the words."""
    for name, given in values.items():
        field = resource.fields.get(name)
        if field is None or not isinstance(given, str):
            continue
        if field.words and given not in field.words:
            raise RefusedError(400, "Check constraint violated")
        if field.limit is not None and not field.limit.least <= len(given) <= (field.limit.most or len(given)):
            raise RefusedError(400, _rule(resource, field, len(given)))


def _rule(resource: Resource, field: Field, length: int) -> str:
    thing, name = resource.name.replace("_", " "), field.name.replace("_", " ")
    article = "an" if name[0] in "aeiou" else "a"
    who = f"each {thing}" if field.is_required else f"each {thing} that has {article} {name},"
    return f"It is necessary that {who} has {article} {name} that has a Length (Type) that is {_bound(field, length)}."


def _bound(field: Field, length: int) -> str:
    least, most = (field.limit.least, field.limit.most) if field.limit else (0, None)
    if least == most:
        return f"equal to {most}"
    if least > 1:
        return f"greater than or equal to {least} and is less than or equal to {most}"
    return f"greater than {least - 1}" if length < least else f"less than or equal to {most}"


def _integer(given: Any) -> int:
    """As JavaScript's parseInt: leading digits are enough. Beyond 32 bits the database stumbles."""
    found = _LEADING.match(str(given).lower())
    if found is None:
        raise wrong_type()
    if int(found[1]) not in _INTEGERS:
        raise broken()
    return int(found[1])


def _big(given: Any) -> int:
    if isinstance(given, bool) or not (isinstance(given, int) or (isinstance(given, str) and _WHOLE.fullmatch(given))):
        raise wrong_type()
    return int(given)


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise wrong_type()
    return given


def _boolean(given: Any) -> bool:
    """true, false, 1, 0, "1" and "0"; the words as text are refused."""
    if given in (0, 1, "0", "1"):
        return bool(int(given))
    raise wrong_type()


def _moment(given: Any) -> datetime:
    """ISO 8601, or epoch milliseconds."""
    if isinstance(given, bool):
        raise wrong_type()
    try:
        return _EPOCH + timedelta(milliseconds=float(given))
    except (TypeError, ValueError, OverflowError):
        return _iso(given)


def _iso(given: Any) -> datetime:
    try:
        return moment_of(_text(given), finest=1000)
    except UntranslatableError as error:
        raise wrong_type() from error


def _document(given: Any) -> Any:
    if not isinstance(given, dict | list):
        raise wrong_type()
    return given


def _file(given: Any) -> Any:
    raise RefusedError(400, "Use multipart requests to upload a file.")


_READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.NUMBER: _integer,
    Kind.BIG: _big,
    Kind.TEXT: _text,
    Kind.BOOLEAN: _boolean,
    Kind.MOMENT: _moment,
    Kind.DOCUMENT: _document,
    Kind.FILE: _file,
}
