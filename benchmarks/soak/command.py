"""Command: runs a soak and says how it went. Ends with 1 when anything was not as it should be."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import orjson

from benchmarks import machine
from benchmarks.servers import ROOT
from benchmarks.soak import processes, report
from benchmarks.soak.judging import Judge
from benchmarks.soak.load import Load, session
from benchmarks.soak.mix import WHOLE, Mix, subjects
from benchmarks.soak.report import Report
from benchmarks.soak.watch import Watch, growth
from benchmarks.soak.weather import Weather
from upstream_mocks.world import KINDS

SHARE = 0.8
"Of what it answers when it is asked as fast as it answers."
MEASURED_S = (4.0, 20.0)
"At least and at most; a fifteenth of the whole time else."
BOOK_CLEARED_S = 10.0
TOLD_S = 30.0
WORDS = (b"words-of-an-upstream", b"Traceback (most recent call last)", b"/site-packages/")
"Of upstreams and of ours, which no client is to read."


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    machine.refuse_others()
    made = asyncio.run(_soaked(asked.minutes * 60, asked.seed))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_bytes(orjson.dumps(made.as_json(), option=orjson.OPT_INDENT_2))
    report.show(made, asked.json)
    sys.exit(1 if made.complaints else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=_minutes, default=30.0, help="of load; 30 by default")
    parser.add_argument("--seed", type=int, default=1, help="of questions and troubles; 1 by default")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "soak" / "report.json", help="for the figures")
    return parser


def _minutes(text: str) -> float:
    with suppress(ValueError):
        if 0.2 <= float(text) <= 24 * 60:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0.2 to {24 * 60}")


async def _soaked(seconds: float, seed: int) -> Report:
    with TemporaryDirectory() as folder, processes.mocks() as mocks, processes.gateway(mocks.url, Path(folder)) as own:
        async with session() as http:
            return await Soak(mocks, own, http, seconds, seed).run()


@dataclass
class Soak:
    mocks: processes.Process
    gateway: processes.Process
    http: aiohttp.ClientSession
    seconds: float
    seed: int

    def clock(self) -> float:
        return time.monotonic()

    async def run(self) -> Report:
        weather = Weather(self.seed, KINDS, self._put, self.clock, asyncio.sleep)
        mix = Mix(self.seed, await subjects(self._post))
        whole = (await self._post(orjson.dumps({"query": WHOLE})))["data"]["releases"]["nodes"]
        judge = Judge(weather, whole, (*WORDS, *processes.secrets()))
        load, watch = Load(self.gateway.url, self.http, mix.next), Watch(self.gateway, self.http, self.clock)

        per_s = await load.fastest_per_s(min(max(self.seconds / 15, MEASURED_S[0]), MEASURED_S[1]), judge.judge)
        before = await watch.at_rest()
        load.latencies_s.clear()
        behind = [asyncio.create_task(one) for one in (weather.change(), watch.keep_looking(), self._forget())]
        began = self.clock()
        behind.append(asyncio.create_task(self._tell(began, load, judge)))
        await load.evenly(SHARE * per_s, self.seconds, judge.judge)
        lasted_s = self.clock() - began
        for task in behind:
            task.cancel()
        gone = [task for task in await asyncio.gather(*behind, return_exceptions=True) if isinstance(task, Exception)]
        await weather.clear()
        after = await watch.at_rest()
        is_well = await self._is_well_again(whole)
        grown = growth(watch.samples, before, after)
        return Report(per_s, SHARE * per_s, lasted_s, self.seed, load, judge, grown, self.gateway.said, is_well, gone)

    async def _is_well_again(self, whole: Sequence[Any]) -> bool:
        """Whether all sources are there again, without a restart of anything."""
        end = self.clock() + 60
        while self.clock() < end:
            answer = (await self._post(orjson.dumps({"query": WHOLE})))["data"]["releases"]
            states = {one["state"] for one in (answer or {"sources": []})["sources"]}
            if states and states <= {"LIVE", "CACHED"} and answer["nodes"] == whole:
                return True
            await asyncio.sleep(1)
        return False

    async def _post(self, body: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        async with self.http.post(f"{self.gateway.url}/graphql", data=body, headers=headers) as reply:
            answer: dict[str, Any] = orjson.loads(await reply.read())
        return answer

    async def _put(self, rules: list[dict[str, Any]]) -> None:
        async with self.http.put(f"{self.mocks.url}/_mock/faults", data=orjson.dumps(rules)) as reply:
            if reply.status != 200:
                raise RuntimeError(f"the mocks do not take a trouble: {await reply.text()}")

    async def _forget(self) -> None:
        """The mocks keep a book of all they are asked."""
        while True:
            await asyncio.sleep(BOOK_CLEARED_S)
            await self.http.delete(f"{self.mocks.url}/_mock/calls")

    async def _tell(self, began: float, load: Load, judge: Judge) -> None:
        while sys.stderr.isatty():
            await asyncio.sleep(TOLD_S)
            report.progress(self.clock() - began, self.seconds, len(load.latencies_s), judge)
