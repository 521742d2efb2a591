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
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
