"""Openness: what settings say of who may ask, and what, as the doctor tells it. Without any hash or secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, GraphQLSchema, parse, validate

from gateway.access.passing import headers_of
from gateway.execution.executor import core
from gateway.execution.manifest import Manifest, documents_in
from gateway.settings import Security, Settings
from gateway.settings.security import ApiKey, keys_in


@dataclass(frozen=True, slots=True)
class Openness:
    """unfit: documents of the manifest that this graph cannot execute."""

    security: Security
    keys: Mapping[str, ApiKey]
    passthrough: Mapping[str, str]  # header by source
    documents: int | None = None
    unfit: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it: see the README."""
        security = self.security
        trusted = {"mode": security.trusted_documents_mode, "count": self.documents, "unfit": self.unfit}
        return {
            "authentication": security.has_authentication,
            "apiKeys": {name: list(key.scopes) for name, key in sorted(self.keys.items())},
            "jwtIssuer": security.jwt.issuer if security.jwt else None,
            "anonymous": self._anonymous,
            "writeToken": security.write_token is not None,
            "explain": security.explain,
            "introspection": security.introspection,
            "trustedDocuments": trusted if self.documents is not None else None,
            "persistedQueries": security.persisted_queries,
            "passthrough": dict(sorted(self.passthrough.items())),
        }

    @property
    def lines(self) -> Iterator[tuple[str, str]]:
        """(label, text), for people."""
        security = self.security
        yield "callers", "; ".join(self._callers())
        yield "anonymous", {"read": "may read", "nobody": "may nothing"}[self._anonymous]
        yield "schema", f"is told to {security.introspection}, plans to {security.explain}"
        if self.documents is not None:
            unfit = f", {self.unfit} of them unfit for the schema" if self.unfit else ""
            yield (
                "documents",
                f"{self.documents} are trusted{unfit}; others {_OTHERS[security.trusted_documents_mode]}",
            )
        for source, header in sorted(self.passthrough.items()):
            yield "passed on", f"{header} to {source}"

    @property
    def _anonymous(self) -> str:
        return self.security.anonymous if self.security.has_authentication else "read"

    def _callers(self) -> Iterator[str]:
        if not self.security.has_authentication:
            yield "nobody is asked who they are"
        for name, key in sorted(self.keys.items()):
            yield f"key {name} ({', '.join(key.scopes)})"
        if self.security.jwt is not None:
            yield f"tokens of {self.security.jwt.issuer}"
        if self.security.write_token is not None:
            yield "the write token"


_OTHERS = {"log": "run, and are told in the log", "enforce": "are refused"}


def openness(settings: Settings) -> Openness:
    """Reads the files that settings name; they were read well before."""
    security = settings.security
    path, keys_path = security.trusted_documents, security.api_keys_file
    keys = {**security.api_keys, **(keys_in(keys_path.read_text(encoding="utf-8")) if keys_path else {})}
    passthrough = headers_of(settings.sources)
    if path is None:
        return Openness(security, keys, passthrough)
    manifest = documents_in(path.read_text(encoding="utf-8"))
    return Openness(
        security, keys, passthrough, manifest.count, _unfit(manifest, is_incremental=settings.server.incremental)
    )


def _unfit(manifest: Manifest, *, is_incremental: bool) -> int:
    from resolvers.schema import schema_of

    served = core(schema_of(is_incremental=is_incremental))
    return sum(not _fits(served, manifest.texts[name]) for name in manifest.hashes)


def _fits(schema: GraphQLSchema, text: str) -> bool:
    try:
        return not validate(schema, parse(text))
    except GraphQLError:
        return False
