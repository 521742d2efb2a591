"""Everything beside `/v7`: who-am-I, credentials, files and host OS downloads."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.responses import Response

from upstream_mocks.balena import replies
from upstream_mocks.balena.accounts import TRIES
from upstream_mocks.balena.asked import Asked
from upstream_mocks.balena.state import State

IMAGE_SIZE = 412_876_800
"""Bytes of a host OS download, an estimate as the vendor's is."""


class Routes:
    def __init__(self, state: State):
        self.state = state

    def answer(self, asked: Asked) -> Response:
        for method, path, answer in _ROUTES:
            found = path.fullmatch(asked.path)
            if found is not None and method == asked.method:
                return answer(self, asked, *found.groups())
        return replies.empty(404)

    def user(self, asked: Asked) -> Response:
        account = self.state.accounts.of(asked.headers, asked.query)
        if account is None:
            return replies.empty(401)
        about = {"id": account.user, "username": account.username, "email": account.email}
        return replies.json_reply(about, asked.headers)

    def actor(self, asked: Asked) -> Response:
        account = self.state.accounts.of(asked.headers, asked.query)
        if account is None:
            return replies.empty(401)
        about = {"id": account.actor, "actorType": "user", "actorTypeId": account.user}
        return replies.json_reply({**about, "username": account.username, "email": account.email}, asked.headers)

    def key(self, asked: Asked) -> Response:
        """A new named API key, told once as a JSON string."""
        account = self.state.accounts.of(asked.headers, asked.query)
        if account is None:
            return replies.empty(401)
        return replies.json_reply(self.state.accounts.issue(account, ""), asked.headers)

    def login(self, asked: Asked) -> Response:
        """A session token as plain text; ten wrong tries are followed by an hour's rest."""
        try:
            given = asked.json()
        except ValueError as error:
            return replies.page(400, f"SyntaxError: {error}")
        username, password = (str(given.get(name, "")) for name in ("username", "password"))
        if self.state.accounts.tries.get(username, 0) >= TRIES:
            return replies.json_reply("Too Many Requests", asked.headers, status=429, headers={"Retry-After": "3600"})
        account = self.state.accounts.try_password(username, password)
        if account is None:
            return replies.empty(401)
        return Response(self.state.accounts.issue(account, "eyJhbGciOiJIUzI1NiJ9."), media_type="text/plain")

    def file(self, asked: Asked, asset: str) -> Response:
        found = self.state.files.content(int(asset), asked.query)
        if found is None:
            denied = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
            return Response(denied, 403, media_type="application/xml")
        disposition = {"Content-Disposition": f'attachment; filename="{found["filename"]}"'}
        return Response(found["content"], headers=disposition, media_type=found["content_type"])

    def download(self, asked: Asked) -> Response:
        """A flashable image of the host OS; a stand-in of a few bytes."""
        given = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if not self.state.store.by("device_type", "slug", given.get("deviceType")):
            return replies.empty(404)
        content = f"balenaOS {given.get('version', 'latest')} for {given['deviceType']}\n".encode()
        return Response(content, media_type="application/octet-stream")

    def size(self, asked: Asked, device_type: str) -> Response:
        if not self.state.store.by("device_type", "slug", device_type):
            return replies.empty(404)
        return replies.json_reply({"size": IMAGE_SIZE}, asked.headers)


_ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Response]], ...] = (
    ("GET", re.compile("/user/v1/whoami"), Routes.user),
    ("GET", re.compile("/actor/v1/whoami"), Routes.actor),
    ("POST", re.compile("/api-key/user/full"), Routes.key),
    ("POST", re.compile("/login_"), Routes.login),
    ("GET", re.compile(r"/files/(\d+)/[^/]+"), Routes.file),
    ("GET", re.compile("/download"), Routes.download),
    ("GET", re.compile("/device-types/v1/([^/]+)/images/[^/]+/download-size"), Routes.size),
)
