"""Lasting: documents whose answers stay the same for as long as what the sources said does."""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

PASSING = frozenset({"SourceReport", "SourceHealth"})
"Types of which every answer shows another state."


def is_lasting(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Of a valid document: whether it changes nothing, and asks for nothing that every answer shows otherwise."""
    operations = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    if any(one.operation is not OperationType.QUERY for one in operations):
        return False
    info = TypeInfo(schema)
    seen = _Parents(info)
    visit(document, TypeInfoVisitor(info, seen))
    return seen.names.isdisjoint(PASSING)


class _Parents(Visitor):
    """The types of which a document selects fields."""

    def __init__(self, info: TypeInfo):
        super().__init__()
        self._info = info
        self.names: set[str] = set()

    def enter_field(self, *_: Any) -> None:
        parent = self._info.get_parent_type()
        if parent is not None:
            self.names.add(parent.name)
