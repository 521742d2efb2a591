"""Artifact: a file or image that a release is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers.graph.columns import knows_its_columns, reads
from resolvers.graph.connection import Connection
from resolvers.graph.context import Info
from resolvers.graph.enums import ArtifactKind
from resolvers.graph.node import Sourced
from resolvers.graph.questions import Question
from resolvers.graph.scalars import JSON, ByteCount
from resolvers.graph.window import After, First, Window

if TYPE_CHECKING:
    from resolvers.graph.release import Release


def _nothing() -> None:
    return None


@strawberry.type(description="A checksum.")
class Digest:
    algorithm: str = strawberry.field(description="Such as sha256 or md5, in lower case.")
    value: str = strawberry.field(description="Hex digits in lower case, without the algorithm.")


@strawberry.type(description="A file or image that a release is made of.")
class Artifact(Sourced):
    name: str = strawberry.field(description="What people call it: service, file or asset name.")
    kind: ArtifactKind = strawberry.field(description="What it is.")
    filename: str | None = strawberry.field(default=None, description="Name of the file, where it is one.")
    target: str | None = strawberry.field(
        default=None,
        description="Service (balena), platform (NervesHub, MetaKraftwerk) or hardware version (Memfault) it is for.",
    )
    architecture: str | None = strawberry.field(default=None, description="Processor architecture (NervesHub).")
    media_type: str | None = strawberry.field(default=None, description="Media type (balena's release assets).")
    size_bytes: ByteCount | None = strawberry.field(
        default=None, description="Size; null for NervesHub and MetaKraftwerk, which do not tell."
    )
    digests: list[Digest] = strawberry.field(
        default_factory=list, description="Its checksums, strongest first; empty where the upstream gives none."
    )
    build_identifier: str | None = strawberry.field(
        default=None,
        description="The vendor's own identifier of the build it came from; null for balena and NervesHub.",
    )
    pull_reference: str | None = strawberry.field(
        default=None, description="Registry reference with digest, for images that were pushed (balena)."
    )
    native_status: str | None = strawberry.field(default=None, description="The upstream's own word for its state.")
    created_at: datetime | None = strawberry.field(default=None, description="When it was made or pushed.")

    release_native_ids: strawberry.Private[tuple[str, ...]] = ()  # those it was found through; maybe not all it serves
    has_all_releases: strawberry.Private[bool] = True  # false: an image may serve others too (balena)
    details_of: strawberry.Private[Callable[[], JSON | None]] = _nothing

    @strawberry.field(description="Facts of its vendor, by an allow-list: raw rows hold keys and signed links.")
    @reads("details_of")
    def details(self) -> JSON | None:
        return self.details_of()

    @strawberry.field(
        description="A link to fetch it, signed and short-lived: asked for when selected, never cached. Null where the "
        "upstream offers none (images are pulled by `pullReference`)."
    )
    @reads()
    async def download_url(self, info: Info) -> str | None:
        return await info.context.answer(Question.DOWNLOAD_URL, *self.route)

    @strawberry.field(description="The releases it is part of: an unchanged image serves many (balena).")
    @reads("release_native_ids", "has_all_releases")
    async def releases(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated[Release, strawberry.lazy("resolvers.graph.release")]] | None:
        ids = self.release_native_ids
        if not self.has_all_releases:
            ids = await info.context.answer(Question.RELEASES_OF_ARTIFACT, *self.route) or ()
        return await info.context.linked(self, tuple(ids), Window(first, after), info._raw_info)


knows_its_columns(Artifact)
