"""Pages: the sizes an operation has written down, which the server refuses only when the list is asked.

The one way to be refused that is in the text of an operation and that neither validation nor the limits find.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    IntValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

ENDS = ("first", "last")


class Pages(Visitor):
    """Sizes of pages, in the order of the document. The document is valid: `first` and `last` stand at lists alone."""

    def __init__(self, document: DocumentNode):
        super().__init__()
        self._written: list[tuple[str, ValueNode]] = []
        self._defaults: dict[str, ValueNode] = {}
        self.variables: set[str] = set()
        "Names of those that decide how long a page is."
        self._doubled: list[FieldNode] = []
        visit(document, self)

    def errors(self, max_page: int) -> Iterator[GraphQLError]:
        """What the server would say of them, where they are written."""
        defaults = [(f"${name}", value) for name, value in self._defaults.items() if name in self.variables]
        for name, value in (*self._written, *defaults):
            if isinstance(value, IntValueNode) and not 0 <= int(value.value) <= max_page:
                yield GraphQLError(f"{name} must be from 0 to {max_page}, not {value.value}", [value])
        for node in self._doubled:
            yield GraphQLError("first and last cannot be given together: choose one end of the list", [node])

    def enter_field(self, node: FieldNode, *_: object) -> None:
        sizes = [argument for argument in node.arguments or () if argument.name.value in ENDS]
        if len(sizes) == len(ENDS) and all(isinstance(size.value, IntValueNode) for size in sizes):
            self._doubled.append(node)
        for size in sizes:
            self._add(size)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        if node.default_value is not None:
            self._defaults[node.variable.name.value] = node.default_value

    def _add(self, size: ArgumentNode) -> None:
        if isinstance(size.value, VariableNode):
            self.variables.add(size.value.name.value)
        self._written.append((size.name.value, size.value))
