"""Stores: what any of them promises, held by both; and Redis when it is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
import structlog

from resolvers.transport.cache import Entry, Store
from resolvers.transport.cache import redis as redis_module
from resolvers.transport.cache.memory import OVERHEAD_BYTES, Memory
from resolvers.transport.cache.redis import Redis
from tests import redis_server

KEY, OTHER = b"k" * 16, b"o" * 16


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    made: Store = Memory(2**20) if request.param == "memory" else Redis(request.getfixturevalue("redis_url"))
    yield made
    await made.close()


async def generation_of(store: Store, source: str = "hub") -> bytes:
    generation = (await store.look(source, KEY)).generation
    assert generation is not None
    return generation


async def kept(store: Store, key: bytes = KEY, source: str = "hub", for_s: float = 60, **facts: object) -> Entry:
    """An entry that is there once this returns."""
    given = {"fetched_at": 1000.5, "status": 200, "etag": 'W/"1"', "body": b"[1]", **facts}
    entry = Entry(generation=await generation_of(store, source), **given)  # type: ignore[arg-type]
    store.keep(source, key, entry, for_s)
    await written(store)
    return entry


async def written(store: Store) -> None:
    if isinstance(store, Redis):
        await asyncio.gather(*store._writing)


async def test_what_is_kept_is_found_whole_under_its_key_alone(store: Store) -> None:
    entry = await kept(store, body=b'{"rows": "\xc3\xa9"}')

    assert (await store.look("hub", KEY)).entry == entry
    assert (await store.look("hub", OTHER)).entry is None


async def test_dropping_a_source_leaves_the_others(store: Store) -> None:
    await kept(store)
    other = await kept(store, OTHER, "another")

    assert await store.drop("hub")

    assert (await store.look("hub", KEY)).entry is None
    assert (await store.look("another", OTHER)).entry == other


async def test_what_was_asked_before_a_drop_is_not_found_after_it(store: Store) -> None:
    before = await generation_of(store)
    await store.drop("hub")

    store.keep("hub", KEY, Entry(before, 1000.5, 200, None, b"[1]"), 60)
    await written(store)

    assert (await store.look("hub", KEY)).entry is None
    assert (await kept(store)).generation != before


async def test_one_entry_can_be_discarded(store: Store) -> None:
    await kept(store)
    other = await kept(store, OTHER)

    store.discard(KEY)
    await written(store)

    assert (await store.look("hub", KEY)).entry is None
    assert (await store.look("hub", OTHER)).entry == other


async def test_memory_forgets_when_its_time_is_over() -> None:
    now = [0.0]
    memory = Memory(2**20, clock=lambda: now[0])
    await kept(memory, for_s=10)

    now[0] = 9.9
    still = (await memory.look("hub", KEY)).entry
    now[0] = 10.0

    assert still is not None
    assert (await memory.look("hub", KEY)).entry is None


async def test_redis_forgets_by_itself(redis_url: str) -> None:
    store = Redis(redis_url)
    await kept(store, for_s=60)

    left_ms = await store._client.pttl(store._answer_key(KEY))

    assert 59_000 < left_ms <= 60_000
    await store.close()


async def test_memory_stays_within_its_bytes_and_lets_the_unused_go_first() -> None:
    each = 1000 + OVERHEAD_BYTES
    memory = Memory(10 * each)
    keys = [bytes([number]) * 16 for number in range(10)]
    for key in keys:
        await kept(memory, key, body=b"x" * 1000)
    await memory.look("hub", keys[0])

    await kept(memory, OTHER, body=b"x" * 1000)

    found = [key for key in keys if (await memory.look("hub", key)).entry is not None]
    assert (memory.size_bytes, found) == (10 * each, [keys[0], *keys[2:]])


async def test_memory_takes_no_answer_that_would_drive_out_most_others() -> None:
    memory = Memory(2**20)

    await kept(memory, body=b"x" * 2**18)

    assert memory.size_bytes == 0


async def test_processes_that_share_redis_share_answers_and_drops(redis_url: str) -> None:
    one, two = Redis(redis_url), Redis(redis_url)
    entry = await kept(one)

    shared = (await two.look("hub", KEY)).entry
    await two.drop("hub")

    assert shared == entry
    assert (await one.look("hub", KEY)).entry is None
    await asyncio.gather(one.close(), two.close())


async def test_a_generation_that_redis_lost_voids_its_entries(redis_url: str) -> None:
    store = Redis(redis_url)
    await kept(store)

    await store._client.delete(store._generation_key("hub"))

    assert (await store.look("hub", KEY)).entry is None
    assert (await store.look("hub", KEY)).entry is None
    await store.close()


async def test_an_entry_of_another_version_of_us_is_none(redis_url: str) -> None:
    store = Redis(redis_url)
    await kept(store)

    await store._client.set(store._answer_key(KEY), b"\x93nonsense")

    assert (await store.look("hub", KEY)).entry is None
    await store.close()


async def test_without_redis_there_is_nothing_at_once_and_one_line_of_the_log() -> None:
    store = Redis(f"redis://127.0.0.1:{redis_server.free_port()}", password="hemlighet")
    began = time.monotonic()

    with structlog.testing.capture_logs() as lines:
        looks = [await store.look("hub", KEY) for _ in range(50)]
        dropped = await store.drop("hub")

    assert {(look.entry, look.generation) for look in looks} == {(None, None)}
    assert (dropped, [line["event"] for line in lines], time.monotonic() - began < 2) == (
        False,
        ["the cache cannot be reached: sources are asked instead"],
        True,
    )
    assert "hemlighet" not in str(lines)
    await store.close()


async def test_a_redis_that_hangs_costs_one_short_wait() -> None:
    silent = await asyncio.start_server(lambda reader, writer: asyncio.Event().wait(), "127.0.0.1", 0)
    store = Redis(f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    began = time.monotonic()

    for _ in range(20):
        await store.look("hub", KEY)

    assert time.monotonic() - began < 4 * redis_module.TIMEOUT_S
    await store.close()
    silent.close()


async def test_a_drop_that_redis_did_not_hear_of_is_made_up_for_before_anything_is_read() -> None:
    now, port = [0.0], redis_server.free_port()
    store = Redis(f"redis://127.0.0.1:{port}", clock=lambda: now[0])
    witness = Redis(f"redis://127.0.0.1:{port}", clock=lambda: now[0])

    with ExitStack() as stack:
        stack.enter_context(redis_server.running(port))
        await kept(store)
        # As if cut off: it rests, so that the drop does not get there.
        store._rests_until = 1.0
        is_done = await store.drop("hub")
        unheard = (await witness.look("hub", KEY)).entry
        cut_off = await store.look("hub", KEY)
        now[0] = 1.0
        after = await store.look("hub", KEY)

        assert (is_done, unheard is not None, cut_off.generation, after.entry) == (False, True, None, None)
        assert after.generation is not None
        assert (await witness.look("hub", KEY)).entry is None
        await asyncio.gather(store.close(), witness.close())


async def test_redis_that_comes_back_is_used_again() -> None:
    now, port = [0.0], redis_server.free_port()
    store = Redis(f"redis://127.0.0.1:{port}", clock=lambda: now[0])
    with redis_server.running(port):
        await kept(store)
    gone = await store.look("hub", KEY)

    now[0] = redis_module.REST_S
    with redis_server.running(port):
        entry = await kept(store)
        back = await store.look("hub", KEY)

    assert (gone.generation, back.entry) == (None, entry)
    await store.close()
