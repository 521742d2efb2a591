"""Hosts: a request must name one of ours. A page elsewhere whose name was bent to 127.0.0.1 names its own.

Starlette's own middleware cuts an IPv6 address at its first colon, and `[::1]:8000` has to work here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_SPELLINGS = 1000
"Of our names, with ports and in any case, that are known without looking closer."


class AllowedHosts:
    """Answers 421 to a Host header that is not in `allowed` (lower case, without port; "*" allows any)."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]):
        self.app, self.allowed = app, frozenset(allowed)
        self._met: set[bytes] = set()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._is_let_in(scope):
            return self.app(scope, receive, send)
        message = "this server does not go by that Host; an operator can add it to [server] allowed_hosts"
        refusal = JSONResponse({"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}, 421)
        return refusal(scope, receive, send)

    def _is_let_in(self, scope: Scope) -> bool:
        if scope["type"] != "http" or "*" in self.allowed:
            return True
        for name, host in scope["headers"]:
            if name == b"host":
                return host in self._met or self._is_ours(host)
        return self._is_ours(b"")

    def _is_ours(self, host: bytes) -> bool:
        is_ours = host_name(host.decode("latin-1")) in self.allowed
        if is_ours and len(self._met) < MOST_SPELLINGS:
            self._met.add(host)
        return is_ours


def host_name(host: str) -> str:
    """The name in a Host header: without port, brackets or a final dot, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()
