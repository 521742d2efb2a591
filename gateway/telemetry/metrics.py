"""Metrics: what Prometheus is told at /metrics. One registry for each application.

No label holds a client's words: operations are named only when an operator listed the name, or trusts the document. So
the number of series is bounded by the settings.

**Several workers.** Each process counts for itself, and a scrape reaches one of them by chance. `serve --workers` sets
PROMETHEUS_MULTIPROC_DIR before the workers start; the client library then keeps every value in files of that
directory, and whichever worker is asked adds up all of them. What the library knows of a process itself (memory, open
files) is not told then, as nobody could say of which.

**More of them.** What is to be counted elsewhere gets its counters and gauges here, in `Metrics`, with `registry` as
the others: alert rules are checked against what this class has. A gauge needs a `multiprocess_mode`, and none may be a
callback: in files there is no one to call.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.telemetry.told import Told
from resolvers.loaders import Asked
from resolvers.transport.breaker import Circuit
from resolvers.transport.observe import CANCELLED, Call

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
OTHER = "other"
"In the place of an operation's name that no operator knows."

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
KEYS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
AGES_S = (1, 5, 15, 60, 300, 900, 3600, 21_600, 86_400)
_CODE = re.compile(r"[A-Z][A-Z_]{1,40}")

disable_created_metrics()  # a second series for each counter, which nobody reads


Metric = TypeVar("Metric", Counter, Gauge, Histogram)


class _Children(dict[tuple[str, ...], Metric]):
    """The series of a metric by their labels: looked up in it, each costs a lock and a walk over its labels."""

    def __init__(self, metric: Metric):
        super().__init__()
        self._metric: Metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Metric:
        child: Metric = self._metric.labels(*labels)
        self[labels] = child
        return child


class Metrics:
    """Counters and gauges of one application. named: operations that are told apart by name."""

    def __init__(self, named: Collection[str] = ()):
        self._named = frozenset(named)
        self._documents_seen, self._again_seen = (0, 0, 0), 0
        self.registry = registry = CollectorRegistry()
        if DIRECTORY not in os.environ:
            ProcessCollector(registry=registry)
        self._of_operations(registry)
        self._of_documents(registry)
        self._of_answers(registry)
        self._of_calls(registry)
        self._of_sources(registry)

    def _of_operations(self, registry: CollectorRegistry) -> None:
        of_operation = ("type", "operation")
        self._operations = _Children(
            Counter(
                "releasegraph_operations",
                "GraphQL operations by how they went: ok, errors, refused, busy, gone, stopped.",
                (*of_operation, "outcome"),
                registry=registry,
            )
        )
        self._operation_seconds = _Children(
            Histogram(
                "releasegraph_operation_duration_seconds",
                "From a request's arrival to the end of its reply, of operations that were answered.",
                of_operation,
                buckets=SECONDS,
                registry=registry,
            )
        )
        self._operation_errors = _Children(
            Counter("releasegraph_operation_errors", "Entries of errors[] in answers.", ("code",), registry=registry)
        )
        self.operations_in_flight = Gauge(
            "releasegraph_operations_in_flight",
            "Operations that are being executed.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def _of_documents(self, registry: CollectorRegistry) -> None:
        documents = Counter(
            "releasegraph_documents",
            "Operations' texts: remembered (hit), or parsed and validated (miss).",
            ("cache",),
            registry=registry,
        )
        self._hits, self._misses = documents.labels("hit"), documents.labels("miss")
        self._untrusted = Counter(
            "releasegraph_documents_untrusted",
            "Operations that the manifest of trusted documents does not hold; they ran, or were refused.",
            registry=registry,
        )

    def _of_answers(self, registry: CollectorRegistry) -> None:
        self._again = Counter(
            "releasegraph_answers_again",
            "Answers that were given once more as a whole, since nothing they were made of had to be asked for anew.",
            registry=registry,
        )
        self._answers = _Children(
            Counter(
                "releasegraph_answer_sources",
                "Answers by what they say of each source: LIVE, CACHED, STALE, PARTIAL, FAILED, SKIPPED.",
                ("source", "state"),
                registry=registry,
            )
        )
        self._ages = _Children(
            Histogram(
                "releasegraph_answer_age_seconds",
                "Age of the oldest remembered rows in an answer, of answers that have such rows of the source.",
                ("source",),
                buckets=AGES_S,
                registry=registry,
            )
        )
        self._batches = _Children(
            Histogram(
                "releasegraph_loader_batch_keys",
                "Keys that one source was asked for at once.",
                ("question",),
                buckets=KEYS,
                registry=registry,
            )
        )

    def _of_calls(self, registry: CollectorRegistry) -> None:
        self._calls = _Children(
            Counter(
                "releasegraph_upstream_calls",
                "Calls of upstreams; status is 2xx to 5xx, or none when no answer came.",
                ("source", "method", "status"),
                registry=registry,
            )
        )
        self._call_errors = _Children(
            Counter(
                "releasegraph_upstream_errors",
                "Calls of upstreams that failed, by the code of the error; CANCELLED when nobody waited any more.",
                ("source", "code"),
                registry=registry,
            )
        )
        self._call_seconds = _Children(
            Histogram(
                "releasegraph_upstream_duration_seconds",
                "Of calls of upstreams, the wait for a turn included.",
                ("source",),
                buckets=SECONDS,
                registry=registry,
            )
        )
        self._bytes = _Children(
            Counter(
                "releasegraph_upstream_bytes",
                "Bytes of upstreams' answers, decompressed.",
                ("source",),
                registry=registry,
            )
        )
        self.calls_in_flight = _Children(
            Gauge(
                "releasegraph_upstream_in_flight",
                "Calls of upstreams that have begun and not ended, those that wait for a turn included.",
                ("source",),
                registry=registry,
                multiprocess_mode="livesum",
            )
        )
        self._cache = _Children(
            Counter(
                "releasegraph_upstream_cache",
                "Reads of upstreams by what became of them: MISS, HIT, STALE, SHARED.",
                ("source", "result"),
                registry=registry,
            )
        )

    def _of_sources(self, registry: CollectorRegistry) -> None:
        self._retries = Counter(
            "releasegraph_upstream_retries",
            "Calls of upstreams that were another try of a read that failed; they are among the calls.",
            ("source",),
            registry=registry,
        )
        self._held_back = Counter(
            "releasegraph_upstream_held_back",
            "Calls of upstreams that were not made, to leave a source alone, by the code that their caller got.",
            ("source", "code"),
            registry=registry,
        )
        self._circuits = Gauge(
            "releasegraph_source_circuit",
            "Whether a source is asked: 0 it is, 1 one call tries whether it is well again, 2 it is left alone.",
            ("source",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._up = _Children(
            Gauge(
                "releasegraph_source_up",
                "1 when the last call of the source was answered well, else 0; absent until it is asked.",
                ("source",),
                registry=registry,
                multiprocess_mode="livemostrecent",
            )
        )
        self._tasks = Gauge(
            "releasegraph_tasks",
            "Tasks of the event loop when this was asked for, of the worker that was asked.",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )

    def operation(self, told: Told, duration_s: float) -> None:
        kind = told.kind or "none"
        is_known = told.name is not None and (told.is_trusted or told.name in self._named)
        name = told.name if told.name is not None and is_known else OTHER
        self._operations[kind, name, told.outcome].inc()
        if told.outcome in ("ok", "errors"):
            self._operation_seconds[kind, name].observe(duration_s)
        for code in told.codes:
            self._operation_errors[(code if _CODE.fullmatch(code) else "OTHER",)].inc()
        for source_and_state in told.sources.items():
            self._answers[source_and_state].inc()
        for source, age_s in told.ages_s.items():
            self._ages[(source,)].observe(age_s)

    def upstream_call(self, call: Call, *, is_telling: bool = True) -> None:
        """An observer of upstream calls. is_telling: what came of it says something of how the source is doing."""
        if call.is_unreadable:
            self._failed(call, is_telling=is_telling)
            return
        if call.cache is not None:
            self._cache[call.source, call.cache].inc()
        if not call.was_made:
            return
        status = "none" if call.status is None else f"{call.status // 100}xx"
        self._calls[call.source, call.method, status].inc()
        self._call_seconds[(call.source,)].observe(call.duration_ms / 1000)
        self._bytes[(call.source,)].inc(call.size_bytes)
        if call.is_retry:
            self._retries.labels(call.source).inc()
        if call.error_code is not None:
            self._failed(call, is_telling=is_telling and call.error_code != CANCELLED)
        elif is_telling:
            self._up[(call.source,)].set(1)

    def _failed(self, call: Call, *, is_telling: bool) -> None:
        self._call_errors[call.source, str(call.error_code)].inc()
        if is_telling:
            self._up[(call.source,)].set(0)

    def circuit(self, source: str, circuit: Circuit) -> None:
        self._circuits.labels(source).set(int(circuit))

    def held_back(self, source: str, code: str) -> None:
        self._held_back.labels(source, code).inc()

    def tasks(self, count: int) -> None:
        self._tasks.set(count)

    def batch(self, asked: Asked) -> None:
        """Told of every batch of a loader."""
        self._batches[(asked.question,)].observe(asked.keys)

    def documents(self, hits: int, misses: int, untrusted: int) -> None:
        """How often a text was remembered, how often not, and how often it was none of the manifest, since the start of
        this process."""
        seen, self._documents_seen = self._documents_seen, (hits, misses, untrusted)
        if hits != seen[0]:
            self._hits.inc(hits - seen[0])
        if misses != seen[1]:
            self._misses.inc(misses - seen[1])
        if untrusted != seen[2]:
            self._untrusted.inc(untrusted - seen[2])

    def again(self, count: int) -> None:
        """How many answers were given once more, since the start of this process."""
        if count != self._again_seen:
            self._again.inc(count - self._again_seen)
            self._again_seen = count

    def text(self) -> bytes:
        """As Prometheus reads it: of this process, or of all workers."""
        directory = os.environ.get(DIRECTORY)
        if not directory:
            return generate_latest(self.registry)
        _forget_the_dead(Path(directory))
        together = CollectorRegistry()
        MultiProcessCollector(together, directory)
        return generate_latest(together)


def _forget_the_dead(directory: Path) -> None:
    """What a worker had in flight when it died is not in flight any more."""
    pids = {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_live*_*.db")}
    for pid in pids:
        if not _is_alive(pid):
            mark_process_dead(pid, str(directory))


def _is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
