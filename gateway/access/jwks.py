"""JWKS: the published keys of whoever issues tokens, by which those are checked. Read from a file or asked for by HTTP.

They are kept, and asked for again when they grow old or a token names a key that is not among them: so an issuer may
change its keys at any time. Not more often than every half minute, or anyone could have us ask by inventing names.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import jwt
import orjson
import structlog

from resolvers.transport.watched import Watched

FRESH_S = 3600.0
ASKED_AT_MOST_EVERY_S = 30.0
TIMEOUT_S = 5.0
MAX_BYTES = 1024 * 1024
FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"The type of key that an algorithm takes, by the algorithm's first letters."

Jwk = dict[str, Any]

_log = structlog.get_logger("releasegraph.access")


class KeysUnknown(Exception):  # says how things are
    """The issuer's keys could not be had: nobody can tell whether a token is good."""


class Keys(Protocol):
    async def find(self, kid: str | None, algorithm: str) -> Any | None:
        """The public key of that name for that algorithm, or None. Without a name: the only key, if there is one.

        Raises KeysUnknown.
        """
        ...


class KeysInFile:
    """path: has been read well before."""

    def __init__(self, path: Path):
        self._watched = Watched(path, keys_in)

    async def find(self, kid: str | None, algorithm: str) -> Any | None:
        return chosen(self._watched.value, kid, algorithm)


class KeysByHttp:
    """Asks when it first has to. clock: seconds."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic):
        self._url, self._clock = url, clock
        self._keys: Sequence[Jwk] | None = None
        self._asked_at: float | None = None
        self._read_at = 0.0
        self._asking = asyncio.Lock()
        self._renewing: asyncio.Future[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> Any | None:
        if self._keys is None:
            await self._ask()
        elif self._clock() - self._read_at > FRESH_S and not self._asking.locked():
            self._renewing = asyncio.ensure_future(self._ask())  # nobody waits for it: the old ones still serve
        found = chosen(self._known(), kid, algorithm)
        if found is None:
            await self._ask()
            found = chosen(self._known(), kid, algorithm)
        return found

    def _known(self) -> Sequence[Jwk]:
        if self._keys is None:
            raise KeysUnknown
        return self._keys

    async def _ask(self) -> None:
        """Whoever waits for another's asking does not ask again. A failure leaves the keys there were."""
        async with self._asking:
            if self._asked_at is not None and self._clock() - self._asked_at < ASKED_AT_MOST_EVERY_S:
                return
            self._asked_at = self._clock()
            try:
                self._keys = keys_in(await _fetched(self._url))
                self._read_at = self._clock()
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                _log.warning("the keys of tokens could not be read", url=self._url, reason=_reason(error))


async def _fetched(url: str) -> str:
    # Its own session: it is one call an hour, and no source's. No redirects: this address is the one that was checked.
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
        session.get(url, allow_redirects=False, headers={"Accept": "application/json"}) as reply,
    ):
        if reply.status != 200:
            raise ValueError(f"it was answered with {reply.status}")
        body = await reply.content.read(MAX_BYTES + 1)
        while len(body) <= MAX_BYTES and (more := await reply.content.read(MAX_BYTES)):
            body += more
        if len(body) > MAX_BYTES:
            raise ValueError(f"it is over {MAX_BYTES} bytes")
        return body.decode()


def keys_in(text: str) -> Sequence[Jwk]:
    """The keys of a JWKS that sign, as they stand there. Raises ValueError, with a sentence on what is wrong."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("is not JSON") from None
    keys = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(keys, list):
        raise ValueError('should be a JWKS: a JSON object with the list "keys"')
    # A secret among them, of the type `oct`, is left out: it would let whoever reads the list sign.
    signing = [key for key in keys if isinstance(key, dict) and key.get("kty") in FAMILIES.values()]
    return [key for key in signing if key.get("use", "sig") == "sig"]


def chosen(keys: Sequence[Jwk], kid: str | None, algorithm: str) -> Any | None:
    """The key of that name that is made for that algorithm; without a name the only one that is."""
    fitting = [key for key in keys if _fits(key, algorithm) and kid in (None, key.get("kid"))]
    if not fitting or (kid is None and len(fitting) > 1):
        return None
    try:
        return jwt.PyJWK(fitting[0], algorithm=algorithm).key
    except jwt.PyJWTError:
        return None


def _fits(key: Jwk, algorithm: str) -> bool:
    return key.get("kty") == FAMILIES.get(algorithm[:2]) and key.get("alg", algorithm) == algorithm


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else type(error).__name__
