"""Introspection: whether an operation asks for the schema, and what is left out for who may not have it."""

from __future__ import annotations

import re
from typing import Any

from graphql import BREAK, DocumentNode, FieldNode, GraphQLError, visit
from graphql.language import Visitor

from gateway.execution.documents import Unusable
from resolvers.errors import ReleasegraphError

FIELDS = frozenset({"__schema", "__type", "_service"})
_WORDS = re.compile(r"\b(?:__schema|__type|_service)\b")
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")


def is_asked(text: str, document: DocumentNode) -> bool:
    """Whether the schema is asked for, also as a subgraph's, under any alias and in any fragment."""
    if not _WORDS.search(text):  # nearly always, and for a millionth of a second: a name cannot be written otherwise
        return False
    search = _Search()
    visit(document, search)
    return search.is_found


def refused(refusal: ReleasegraphError) -> Unusable:
    code = str(refusal.extensions["code"])
    return Unusable([GraphQLError(str(refusal), original_error=refusal)], code)


def without_suggestions(body: dict[str, Any]) -> dict[str, Any]:
    """The reply without the names of the schema that GraphQL's complaints suggest."""
    errors = [{**error, "message": _SUGGESTION.sub("", error["message"])} for error in body.get("errors", ())]
    return {**body, "errors": errors} if errors else body


class _Search(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.is_found = False

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        if node.name.value not in FIELDS:
            return None
        self.is_found = True
        return BREAK
