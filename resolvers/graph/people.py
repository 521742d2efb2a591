"""People and labels: small values that rows of several types carry."""

from __future__ import annotations

import strawberry


@strawberry.type(description="Who did something, as far as the upstream tells.")
class Actor:
    native_id: str | None = strawberry.field(default=None, description="The upstream's id of the person or program.")
    name: str | None = strawberry.field(default=None, description="A name to show.")
    email: str | None = strawberry.field(default=None, description="Null where the upstream keeps it to itself.")


@strawberry.type(description="Who a fleet belongs to.")
class Organization:
    name: str = strawberry.field(description="A name to show.")
    handle: str | None = strawberry.field(default=None, description="The short name used in routes.")


@strawberry.type(description="A label somebody put on it.")
class Tag:
    key: str = strawberry.field(description="What the label is called, unique on its object.")
    value: str | None = strawberry.field(default=None, description="What it says; null for a bare word (NervesHub).")
