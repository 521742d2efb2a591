"""API keys: the five ways one may arrive, and what the demo key is granted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

if TYPE_CHECKING:
    from upstream_mocks.buildmaster.requests import Received

KEY = "demo-buildmaster-token"
OFF_BY_DEFAULT = {"native"}  # it is full control of the installation


def presented_key(request: Request, received: Received, *, native: bool) -> str | None:
    """The key of a request, or None. Ways: header, query, form field, JSON property, Basic as the user `api`.

    native: the native calls also read `API_Key` in the query.
    """
    query, form, document = dict(received.query), dict(received.form), dict(received.document)
    ways = (
        request.headers.get("X-ApiKey"),
        query.get("key"),
        query.get("API_Key") if native else None,
        form.get("key"),
        document.get("API_Key"),
        _basic(request.headers.get("Authorization", "")),
    )
    return next((key for key in ways if key is not None), None)


def may_call(key: str | None, grant: str, switches: Mapping[str, Any]) -> bool:
    return key == KEY and bool(switches.get(f"grant_{grant}", grant not in OFF_BY_DEFAULT))


def _basic(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user == "api" else ""
