"""Worlds: the mocks' world with an exact number of releases, and without its mishaps."""

from __future__ import annotations

from datetime import timedelta

from upstream_mocks.world import ORGANIZATION, Cut, Presence, Product, World

FLEETS = {"balena": 10, "buildmaster": 4}
"How many share the releases; the mock of BuildMaster knows groups for four."
ADDED = {"balena": 2}
"Releases of an archived fleet, which the mock adds by itself."


class Exactly(World):
    """A world whose `rows` releases are spread evenly over the fleets of each kind."""

    def __init__(self, seed: int, rows: int):
        super().__init__(seed=seed)
        object.__setattr__(self, "rows", rows)  # the dataclass is frozen

    def presences(self, kind: str) -> tuple[Presence, ...]:
        if kind not in FLEETS:
            return super().presences(kind)
        fleets, rows = FLEETS[kind], self.rows - ADDED.get(kind, 0)  # type: ignore[attr-defined]
        counts = [rows // fleets + (place < rows % fleets) for place in range(fleets)]
        return tuple(self._filled(kind, place, count) for place, count in enumerate(counts) if count)

    def _filled(self, kind: str, place: int, count: int) -> Presence:
        name = f"bench-{place:02}"
        product = Product(
            name, name.title(), "For measuring.", ORGANIZATION, "raspberrypi4-64", "rpi4", "arm", ("a",), ("main",), 0
        )
        return Presence(kind, product, tuple(self._cut(kind, place, n, count) for n in range(count)), False)

    def _cut(self, kind: str, place: int, ordinal: int, count: int) -> Cut:
        # No two releases of all sources share an instant: peers need not agree on how ties are broken.
        apart = timedelta(milliseconds=1 + 100 * place + 7 * (self.seed % 10) + (3 if kind == "balena" else 0))
        at = self.now - timedelta(minutes=97 * (count - ordinal)) - apart
        commit = self.hex(40, "bench", kind, place, ordinal)
        return Cut(f"1.{ordinal}.0", commit, at, "ada", f"<p>Bench {place} 1.{ordinal}.0: fixes</p>", ordinal)
