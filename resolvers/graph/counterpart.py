"""Counterpart: a release as another fleet has it, with what makes it the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.enums import MatchRule

if TYPE_CHECKING:
    from resolvers.graph.release import Release


@strawberry.type(
    description="The same thing in another fleet, of this source or another, and why it is taken for that."
)
class Counterpart:
    release: Annotated[Release, strawberry.lazy("resolvers.graph.release")] = strawberry.field(
        description="The release there."
    )
    rule: MatchRule = strawberry.field(description="What makes it the same.")
    evidence: str = strawberry.field(description="The same in a sentence, for a person.")
