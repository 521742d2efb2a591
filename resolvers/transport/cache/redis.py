"""Redis: a store that workers and machines share. Without it everything is slower, and nothing is wrong.

    <prefix>:generation:<source>   the random word that entries of the source must carry
    <prefix>:answer:<key>          an entry, as MessagePack; Redis forgets it by itself

Whatever goes wrong, there is nothing: the upstream is asked. After a failure Redis is left alone for a moment, so that
a black hole costs one short wait and not one for each read. A generation that cannot be replaced is owed: until it is,
this process reads nothing of that source from Redis. Were the generation lost there, a new one would be begun, and all
entries of before would be void.

No fall-back to memory while it is gone: one worker's memory would not hear of changes made through another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

import msgspec
import structlog
from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from resolvers.transport.cache import NOTHING, Entry, Seen, new_generation

T = TypeVar("T")
TIMEOUT_S = 0.25
"For one answer of Redis: it has one within a millisecond, or is in trouble."
REST_S = 1.0
"How long it is left alone after a failure."
SILENT_S = 60.0
"One line of the log about its failing in so many seconds."
CONNECTIONS = 16
WAITING = 256
"Writes under way at most; what comes beyond is not kept."
LARGEST_BYTES = 8 * 1024 * 1024
GENERATION_S = 7 * 24 * 3600
"Longer than any entry lives: a generation that ends makes what is left of its entries void."
FAILURES = (RedisError, OSError, TimeoutError)

_log = structlog.get_logger("releasegraph.cache")
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Entry).decode


class Redis:
    """url: redis://host:port/database, or rediss:// with TLS. Connects when first asked. clock: seconds."""

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "releasegraph",
        clock: Callable[[], float] = time.monotonic,
    ):
        login = {name: text for name, text in (("username", username), ("password", password)) if text}
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            **login,
        )
        self._client: Client = Client.from_pool(pool)
        self._prefix, self._clock = prefix, clock
        self._rests_until = self._silent_until = float("-inf")
        self._owed: set[str] = set()
        self._writing: set[asyncio.Task[Any]] = set()

    async def look(self, source: str, key: bytes) -> Seen:
        if source in self._owed and not await self.drop(source):
            return NOTHING
        generation_key, entry_key = self._generation_key(source), self._answer_key(key)
        # Bytes: nothing is decoded unless a client is told to.
        found = cast("list[bytes | None] | None", await self._tried(self._client.mget([generation_key, entry_key])))
        if found is None:
            return NOTHING
        generation, packed = found
        if generation is None:
            return Seen(None, await self._tried(self._begun(generation_key)))
        return Seen(_entry(packed, generation), generation)

    def keep(self, source: str, key: bytes, entry: Entry, for_s: float) -> None:
        if len(entry.body) <= LARGEST_BYTES:
            self._later(self._client.set(self._answer_key(key), _pack(entry), px=max(1, round(for_s * 1000))))

    def discard(self, key: bytes) -> None:
        self._later(self._client.delete(self._answer_key(key)))

    async def drop(self, source: str) -> bool:
        self._owed.add(source)
        word = new_generation()
        is_done = await self._tried(self._client.set(self._generation_key(source), word, ex=GENERATION_S)) is not None
        if is_done:
            self._owed.discard(source)
        return is_done

    async def close(self) -> None:
        for task in self._writing:
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._client.aclose(close_connection_pool=True)

    async def _begun(self, generation_key: str) -> bytes:
        """A first word; if another process was quicker, that one's."""
        word = new_generation()
        if await self._client.set(generation_key, word, nx=True, ex=GENERATION_S):
            return word
        return cast("bytes | None", await self._client.get(generation_key)) or word

    async def _tried(self, asking: Awaitable[T]) -> T | None:
        """Its answer; None when there is none, or Redis rests."""
        if self._clock() < self._rests_until:
            _unasked(asking)
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asking
        except FAILURES as error:
            self._failed(error)
            return None

    def _later(self, asking: Awaitable[Any]) -> None:
        if len(self._writing) >= WAITING:
            _unasked(asking)
            return
        task = asyncio.ensure_future(self._tried(asking))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _failed(self, error: Exception) -> None:
        now = self._clock()
        self._rests_until = now + REST_S
        if now >= self._silent_until:
            self._silent_until = now + SILENT_S
            # Its kind alone: a message may hold an address with a login.
            _log.warning("the cache cannot be reached: sources are asked instead", reason=type(error).__name__)

    def _generation_key(self, source: str) -> str:
        return f"{self._prefix}:generation:{source}"

    def _answer_key(self, key: bytes) -> str:
        return f"{self._prefix}:answer:{key.hex()}"


def _entry(packed: bytes | None, generation: bytes) -> Entry | None:
    """None for what is not there, was dropped, or was written by another version of us."""
    if packed is None:
        return None
    try:
        entry = _unpack(packed)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return entry if entry.generation == generation else None


def _unasked(asking: Awaitable[Any]) -> None:
    """Python complains of a coroutine that nobody awaits."""
    if isinstance(asking, Coroutine):
        asking.close()
