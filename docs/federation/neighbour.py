"""A neighbour of releasegraph: who signed off which release. Its own graph, which knows a release by its route alone.

python docs/federation/neighbour.py [port]
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import strawberry
from strawberry.asgi import GraphQL


class SignedOff(NamedTuple):
    source_name: str
    native_id: str
    by: str


BOOK = (
    SignedOff("nerveshub", "acme/sensor-hub/1.3.0", "Ada"),
    SignedOff("nerveshub", "acme/sensor-hub/1.3.0", "Grace"),
    SignedOff("memfault", "acme/sensor-hub/1.3.0", "Ada"),
    SignedOff("buildmaster", "125", "Grace"),
    SignedOff("nerveshub", "acme/sensor-hub/0.0.1", "Ada"),  # is gone since
)


@strawberry.federation.type(keys=["sourceName nativeId"], description="A release of releasegraph.")
class Release:
    source_name: str
    native_id: str

    @strawberry.field(description="Who signed it off.")
    def sign_offs(self) -> list[SignOff]:
        return [SignOff(by=one.by, release=self) for one in BOOK if release(one) == self]


@strawberry.type(description="One person's word that a release may go out.")
class SignOff:
    by: str
    release: Release | None  # nullable: releasegraph may know no such release any more, or not be able to ask for it


@strawberry.type
class Query:
    @strawberry.field(description="All that was signed off.")
    def sign_offs(self) -> list[SignOff]:
        return [SignOff(by=one.by, release=release(one)) for one in BOOK]


def release(one: SignedOff) -> Release:
    """Only its key: what else is asked of it, the router asks releasegraph."""
    return Release(source_name=one.source_name, native_id=one.native_id)


schema = strawberry.federation.Schema(query=Query, federation_version="2.9")
app: GraphQL[None, None] = GraphQL(schema)

if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 9500)
