"""Variants: who takes part. A list to add to; what this gateway cannot be set to is left out of a run, and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.settings import Settings

LIMIT, PLAIN, GATEWAY = "by hand", "plain strawberry", "gateway"
"The peers that ratios are made with, and the one they are made for."


@dataclass(frozen=True, slots=True)
class Variant:
    """One peer.

    module: in `benchmarks.peers`; None is this gateway. settings: `section.name` of what makes it this variant; without
    one of them it is skipped. where_known: settings that only some versions have and that do not define it.
    operations: workloads it knows by another name. workloads: those it takes part in; None is all.
    """

    name: str
    module: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    where_known: Mapping[str, Any] = field(default_factory=dict)
    operations: Mapping[str, str] = field(default_factory=dict)
    workloads: frozenset[str] | None = None

    def missing(self) -> list[str]:
        return [name for name in self.settings if not is_known(name)]

    def chosen(self) -> dict[str, Any]:
        """All settings that this version knows."""
        return {**{name: value for name, value in self.where_known.items() if is_known(name)}, **self.settings}


COLD = {"cache.ttl_s": 0}
"Nothing remembered of earlier requests: what a request costs when it is the first."

VARIANTS: tuple[Variant, ...] = (
    Variant(LIMIT, "by_hand"),
    Variant("by hand, expanded", "by_hand", operations={"A": "AExpanded"}, workloads=frozenset("A")),
    Variant(PLAIN, "plain_strawberry"),
    Variant(GATEWAY, where_known=COLD),
    Variant("gateway, not compiled", settings={"server.compiled": False}, where_known=COLD),
    Variant("gateway, sources' answers warm", settings={"cache.ttl_s": 60, "cache.answers_max_bytes": 0}),
    Variant("gateway, caches warm", settings={"cache.ttl_s": 60}),
)


def is_known(setting: str) -> bool:
    section, name = setting.split(".")
    model = getattr(Settings.model_fields.get(section), "annotation", None)
    return name in getattr(model, "model_fields", ())
