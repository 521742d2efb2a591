"""Circuits: which sources are left alone just now, for probes, metrics and the log."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.telemetry import log
from gateway.telemetry.metrics import Metrics
from resolvers.transport.breaker import Circuit


class Circuits:
    """Told by the guards of sources. names: of all sources."""

    def __init__(self, metrics: Metrics, names: Iterable[str]):
        self._metrics = metrics
        self._now = dict.fromkeys(names, Circuit.CLOSED)
        for name in self._now:
            metrics.circuit(name, Circuit.CLOSED)

    def of(self, source: str) -> Circuit:
        """The worst over all credentials it is asked with."""
        return self._now[source]

    def circuit(self, source: str, circuit: Circuit) -> None:
        self._now[source] = circuit
        self._metrics.circuit(source, circuit)
        log.circuit(source, circuit)

    def held_back(self, source: str, code: str) -> None:
        self._metrics.held_back(source, code)
