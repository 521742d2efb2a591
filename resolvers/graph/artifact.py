"""Artifact: a file or image that a release is made of."""

from __future__ import annotations

from datetime import datetime

import strawberry

from resolvers.graph.enums import ArtifactKind
from resolvers.graph.node import Sourced
from resolvers.graph.scalars import ByteCount


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
        default=None, description="The vendor's own identifier of the build it came from (Memfault, MetaKraftwerk)."
    )
    pull_reference: str | None = strawberry.field(
        default=None, description="Registry reference with digest, for images that were pushed (balena)."
    )
    native_status: str | None = strawberry.field(default=None, description="The upstream's own word for its state.")
    created_at: datetime | None = strawberry.field(default=None, description="When it was made or pushed.")

    release_native_ids: strawberry.Private[tuple[str, ...]] = ()  # one image serves many releases
