"""The world all five mocks show: products, the versions cut of them, and which system holds which.

Pure and immutable: the same seed and scale give the same world, byte for byte, on every machine. A mock turns the part
of its vendor into rows of its own and keeps its changes to itself.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
"The mocks' today: nothing in the world is younger."

KINDS = ("balena", "nerveshub", "memfault", "buildmaster", "metakraftwerk")
ORGANIZATION = "acme"
PARTNER = "umbra"


@dataclass(frozen=True, slots=True)
class Product:
    slug: str
    name: str
    description: str
    organization: str
    device_type: str  # balena's word for the board
    platform: str  # NervesHub's word for it
    architecture: str
    hardware_versions: tuple[str, ...]  # Memfault's
    services: tuple[str, ...]  # containers of a balena release
    device_count: int


@dataclass(frozen=True, slots=True)
class Cut:
    """One version of a product, as engineering made it: the same commit wherever it is shipped."""

    version: str  # as spelled at the source of truth; now and then not a version at all
    commit: str  # 40 hex digits
    created_at: datetime  # UTC, microseconds
    author: str
    notes: str
    ordinal: int  # 0 is the oldest of its product


@dataclass(frozen=True, slots=True)
class Presence:
    """A product in one system, with the cuts that arrived there, oldest first."""

    kind: str
    product: Product
    cuts: tuple[Cut, ...]
    is_behind: bool  # its newest cut is not the product's newest


PRODUCTS: tuple[Product, ...] = (
    Product(
        "smart-sink", "Smart Sink", "Taps that count.", ORGANIZATION,
        "raspberrypi4-64", "rpi4", "arm", ("evt", "mp"), ("main", "pump"), 118,
    ),
    Product(
        "gateway", "Edge Gateway", "On every roof.", ORGANIZATION,
        "raspberrypi4-64", "rpi4", "arm", ("gw1", "gw2"), ("router", "broker"), 64,
    ),
    Product(
        "sensor-hub", "Sensor Hub", "Reads a room.", ORGANIZATION,
        "beaglebone-green", "bbb", "arm", ("dvt", "pvt"), ("collector",), 240,
    ),
    Product(
        "gauge", "Gauge", "A needle and a radio.", ORGANIZATION,
        "beaglebone-green", "bbb", "arm", ("g-100",), ("display",), 31,
    ),
    Product(
        "dock", "Charging Dock", "For robots.", PARTNER,
        "genericx86-64-ext", "x86_64", "x86_64", ("dock-a", "dock-b"), ("charger", "ui"), 12,
    ),
)  # fmt: skip
"Products at scale 1; the scale multiplies their versions, never their number, so that scopes stay countable."

_AUTHORS = ("ada", "grace", "linus", "margaret")
_ODD_VERSIONS = ("2026.03.04", "7", "spring-a", "1.2", "0.9.0-hotfix.1", "v2.0.0")
_HOLDERS = {
    "balena": ("smart-sink", "gateway", "sensor-hub", "gauge", "dock"),
    "nerveshub": ("gateway", "sensor-hub", "gauge", "dock"),
    "memfault": ("smart-sink", "gateway", "sensor-hub", "dock"),
    "buildmaster": ("smart-sink", "gateway", "sensor-hub", "gauge"),
    "metakraftwerk": ("smart-sink", "sensor-hub", "gauge"),
}


@dataclass(frozen=True)
class World:
    seed: int = 1
    scale: int = 1
    now: datetime = NOW
    products: tuple[Product, ...] = field(default=PRODUCTS)

    def rng(self, *names: object) -> random.Random:
        """A generator of its own for each name: adding a draw in one place moves no other."""
        return random.Random(f"{self.seed}/{'/'.join(map(str, names))}")

    def hex(self, length: int, *names: object) -> str:
        """`length` (at most 64) hex digits that belong to the names."""
        return hashlib.sha256(f"{self.seed}/{'/'.join(map(str, names))}".encode()).hexdigest()[:length]

    def uuid(self, *names: object) -> str:
        return str(UUID(hex=self.hex(32, *names), version=4))

    @cached_property
    def cuts(self) -> dict[str, tuple[Cut, ...]]:
        """All versions of each product by its slug, oldest first."""
        return {product.slug: tuple(self._cuts_of(product)) for product in self.products}

    def presences(self, kind: str) -> tuple[Presence, ...]:
        """What one system holds: some products are behind there, and some versions never arrived."""
        held = [product for slug in _HOLDERS[kind] for product in self.products if product.slug == slug]
        return tuple(self._presence(kind, product) for product in held)

    def _presence(self, kind: str, product: Product) -> Presence:
        rng = self.rng("presence", kind, product.slug)
        cuts = self.cuts[product.slug]
        behind = rng.choice((0, 0, 1, 3))
        arrived = [cut for cut in cuts[: len(cuts) - behind] if rng.random() > 0.12 or cut is cuts[0]]
        return Presence(kind, product, tuple(arrived), arrived[-1] is not cuts[-1])

    def _cuts_of(self, product: Product) -> Sequence[Cut]:
        rng = self.rng("cuts", product.slug)
        count = rng.randint(12, 18) * self.scale
        versions = _spellings(rng, count)
        at = self.now - timedelta(days=20 * count)
        cuts = []
        for ordinal, version in enumerate(versions):
            at += timedelta(days=rng.randint(1, 20), hours=rng.randint(0, 23), microseconds=rng.randint(0, 999_999))
            commit = self.hex(40, "commit", product.slug, ordinal)
            notes = f"<p>{product.name} {version}: {rng.choice(('fixes', 'new screens', 'less power', 'security'))}</p>"
            cuts.append(Cut(version, commit, at, rng.choice(_AUTHORS), notes, ordinal))
        return cuts


def _spellings(rng: random.Random, count: int) -> list[str]:
    """Versions of one product in order of birth: mostly SemVer that climbs, with the odd ones real systems hold."""
    major, minor, patch = 1, 0, 0
    spelled: list[str] = []
    odd = dict(zip(rng.sample(range(1, count), 3), rng.sample(_ODD_VERSIONS, 3), strict=True))
    for ordinal in range(count):
        if ordinal in odd and odd[ordinal] not in spelled:
            spelled.append(odd[ordinal])
            continue
        step = rng.random()
        if step < 0.06:
            major, minor, patch = major + 1, 0, 0
        elif step < 0.45:
            minor, patch = minor + 1, 0
        else:
            patch += 1
        suffix = "-rc.1" if rng.random() < 0.12 else "+build.5" if rng.random() < 0.08 else ""
        spelled.append(f"{major}.{minor}.{patch}{suffix}")
    return spelled
