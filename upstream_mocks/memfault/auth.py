"""Who asks: an organization token, the demo user by API key or password, or a device by its project's key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from upstream_mocks.memfault import errors
from upstream_mocks.memfault.model import Cloud, Organization, Project

DEMO_TOKEN = "demo-memfault-token"
READ_TOKEN = "demo-memfault-read-token"
ONE_ORGANIZATION_TOKENS = {"demo-memfault-acme-token": "acme"}
EMAIL = "demo@memfault.example"
PASSWORD = "demo-memfault-password"
API_KEY = "dec0dedc0ffee0ddba11f005ba11ad00"
USER = {"id": 3, "email": EMAIL, "name": "Demo"}


@dataclass(frozen=True, slots=True)
class Caller:
    is_user: bool  # by login or API key, not by a token of the organization
    may_write: bool = True
    only: str | None = None  # the one organization a token is of; the demo's are of all

    def sees(self, organization: Organization) -> bool:
        return self.only in (None, organization.slug)


def caller(request: Request, cloud: Cloud, switches: Mapping[str, Any]) -> Caller:
    """Raises 401 for no credential or a wrong one; a project key is none here."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _by_token(value.strip())
    if scheme.lower() != "basic":
        raise errors.unauthorized()
    user, _, password = _decoded(value).partition(":")
    if not user:
        return _by_token(password)
    if user != EMAIL or password not in (PASSWORD, cloud.api_key) or switches.get("enforce_sso", False):
        raise errors.unauthorized()
    return Caller(is_user=True)


def project_of_key(request: Request, cloud: Cloud) -> Project:
    """The project a device belongs to. Raises 401 without a key, 403 for one nobody has."""
    key = request.headers.get("memfault-project-key")
    if key is None:
        raise errors.unauthorized()
    projects = [project for each in cloud.organizations.values() for project in each.projects.values()]
    for project in projects:
        if project.api_key == key:
            return project
    raise errors.forbidden()


def _by_token(token: str) -> Caller:
    if token in (DEMO_TOKEN, READ_TOKEN):
        return Caller(is_user=False, may_write=token == DEMO_TOKEN)
    if token in ONE_ORGANIZATION_TOKENS:
        return Caller(is_user=False, only=ONE_ORGANIZATION_TOKENS[token])
    raise errors.unauthorized()


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise errors.unauthorized() from None
