"""CSRF: a page of elsewhere must not make a visitor's browser ask.

Browsers send a request without asking first only when it is "simple": such a request has no JSON content type and no
header of ours. So a POST must be JSON, and a GET must carry one of the headers.
"""

from __future__ import annotations

from collections.abc import Mapping

HEADERS = ("x-requested-with", "apollo-require-preflight", "x-apollo-operation-name")


def is_simple_get(headers: Mapping[str, str]) -> bool:
    """Whether any page could have made a browser send this GET."""
    return not any(headers.get(name) for name in HEADERS)


def is_json(headers: Mapping[str, str]) -> bool:
    """In UTF-8, which is what JSON is in unless it says otherwise."""
    given = headers.get("content-type", "")
    return given == "application/json" or _is_json(given)


def _is_json(content_type: str) -> bool:
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [one.removeprefix("charset=").strip('"') for one in parameters if one.startswith("charset=")]
    return name == "application/json" and all(one in ("utf-8", "utf8") for one in charsets)
