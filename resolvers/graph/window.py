"""Window: the part of a list that was asked for, and the four arguments that say so."""

from __future__ import annotations

from typing import Annotated

import strawberry
from msgspec import Struct
from strawberry.types.arguments import StrawberryArgumentAnnotation

First = Annotated[int | None, strawberry.argument(description="How many from the front; 20 when neither is given.")]
After = Annotated[str | None, strawberry.argument(description="Only what stands after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the back; not together with `first`.")]
Before = Annotated[str | None, strawberry.argument(description="Only what stands before this cursor.")]


def which(of: str) -> StrawberryArgumentAnnotation:
    return strawberry.argument(description=f"Which {of}; null for all that can be seen.")


def ordered() -> StrawberryArgumentAnnotation:
    return strawberry.argument(description="In which order.")


class Window(Struct, frozen=True):
    """Relay's arguments as they came, not yet checked."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
