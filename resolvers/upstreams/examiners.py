"""Examiners: who examines a source of which kind. Beside `registry`, so that serving loads none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from resolvers.graph.enums import SourceKind
from resolvers.upstreams.balena import examine as balena
from resolvers.upstreams.buildmaster import examine as buildmaster
from resolvers.upstreams.examination import Examination
from resolvers.upstreams.memfault import examine as memfault
from resolvers.upstreams.metakraftwerk import examine as metakraftwerk
from resolvers.upstreams.nerveshub import examine as nerveshub

# Any: each wants the adapter of its own kind. None raises UpstreamError, and none changes anything.
EXAMINERS: dict[SourceKind, Callable[[Any], Awaitable[Examination]]] = {
    SourceKind.BALENA: balena.examine,
    SourceKind.BUILDMASTER: buildmaster.examine,
    SourceKind.MEMFAULT: memfault.examine,
    SourceKind.METAKRAFTWERK: metakraftwerk.examine,
    SourceKind.NERVESHUB: nerveshub.examine,
}
