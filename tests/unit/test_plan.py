"""The plan of an operation: its calls, whose rows are whose, and how much of it is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from resolvers.transport import plan
from resolvers.transport.observe import Call
from resolvers.transport.plan import Plan
from resolvers.upstreams import payload


def call(path: str, **facts: Any) -> Call:
    given = {"status": 200, "duration_ms": 5.0, "size_bytes": 10, "error_code": None, "is_session": False, **facts}
    return Call("hub", "GET", path, **given)


async def asked(path: str, rows: int, ended: asyncio.Event | None = None) -> None:
    """A call that is over when told, and the reading of its answer by the same task."""
    if ended is not None:
        await ended.wait()
    plan.observe(call(path))
    await asyncio.sleep(0)
    payload.decode_rows("hub", f"GET {path}", str([1] * rows).encode(), int)


def rows_of(made: Plan) -> dict[str, int | None]:
    return {each["path"]: each["rows"] for each in made.told["calls"]}


async def test_calls_side_by_side_each_have_their_own_rows() -> None:
    made, gate = Plan(), asyncio.Event()

    with plan.begun(made):
        both = asyncio.gather(asked("/one", 1, gate), asked("/two", 2, gate), asked("/three", 3))
        await asyncio.sleep(0)
        gate.set()
        await both

    assert rows_of(made) == {"/one": 1, "/two": 2, "/three": 3}
    assert made.told["totals"]["rows"] == 6


async def test_an_answer_nobody_read_a_list_of_has_no_rows() -> None:
    made = Plan()

    with plan.begun(made):
        plan.observe(call("/one"))
        plan.observe(call("/refused", status=500, error_code="UPSTREAM_BROKEN"))
        payload.decode_rows("hub", "GET /refused", b"[1]", int)
        payload.decode_rows("another", "GET /x", b"[1]", int)

    assert rows_of(made) == {"/one": None, "/refused": None}


async def test_a_list_inside_a_list_is_not_counted_again() -> None:
    made = Plan()

    with plan.begun(made):
        await asked("/orgs", 2)
        payload.decode_rows("hub", "GET /orgs", b"[1, 2, 3, 4]", int)

    assert rows_of(made) == {"/orgs": 2}


async def test_rows_that_fit_are_counted_and_others_are_not() -> None:
    made = Plan()

    with plan.begun(made):
        plan.observe(call("/one"))
        payload.decode_rows("hub", "GET /one", b'[1, "two", 3]', int)

    assert rows_of(made) == {"/one": 2}


async def test_two_plans_at_once_know_nothing_of_each_other() -> None:
    async def operation(path: str) -> dict[str, int | None]:
        made = Plan()
        with plan.begun(made):
            await asyncio.gather(asked(path, 1), asked(f"{path}/more", 2))
        return rows_of(made)

    one, two = await asyncio.gather(operation("/a"), operation("/b"))

    assert (one, two) == ({"/a": 1, "/a/more": 2}, {"/b": 1, "/b/more": 2})


async def test_without_a_plan_nothing_is_kept() -> None:
    before = Plan()
    with plan.begun(before):
        pass

    await asked("/one", 1)

    assert before.told["totals"]["calls"] == 0
    assert plan._answered.get() is None


def test_a_plan_lists_so_many_calls_and_counts_the_others() -> None:
    made = Plan(max_calls=2)

    for path in ("/one", "/two", "/three"):
        made.add_rows(made.add(call(path)), 4)

    assert [each["path"] for each in made.told["calls"]] == ["/one", "/two"]
    assert made.told["omitted"] == 1
    assert made.told["totals"] | {"ms": 0} == {
        "calls": 3,
        "estimate": None,
        "sessionCalls": 0,
        "remembered": 0,
        "shared": 0,
        "rows": 12,
        "bytes": 30,
        "ms": 0,
        "sources": {"hub": 3},
    }


def test_calls_are_told_as_they_began_with_times_to_a_tenth_of_a_millisecond() -> None:
    now = [100.0]
    made = Plan(clock=lambda: now[0])

    now[0] = 100.02
    made.add(call("/short", duration_ms=5.04))
    now[0] = 100.03
    made.add(call("/long", duration_ms=25, is_session=True, status=None, error_code="UPSTREAM_TIMEOUT"))

    assert made.told["calls"] == [
        {
            "source": "hub",
            "method": "GET",
            "path": "/long",
            "status": None,
            "error": "UPSTREAM_TIMEOUT",
            "session": True,
            "retry": False,
            "cache": None,
            "rows": None,
            "bytes": 10,
            "atMs": pytest.approx(5.0),
            "ms": 25,
        },
        {
            "source": "hub",
            "method": "GET",
            "path": "/short",
            "status": 200,
            "error": None,
            "session": False,
            "retry": False,
            "cache": None,
            "rows": None,
            "bytes": 10,
            "atMs": pytest.approx(15.0),
            "ms": 5.0,
        },
    ]
