"""Repeats: how often one operation selects the same field at one place, counted before anything else is done with it.

Whether equal fields may be merged is found out pair by pair: a thousand of them are half a million comparisons, each of
all that is below them, and everybody else waits. What people and tools write repeats a field once for each of its
fragments. One walk over the document, fragments entered once at each place; it bears cycles, which are refused later.
What else is cheap to count on the way, and is not validated for its number, is counted too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MAX_FIELDS = 20_000
"Of one document, its fragments counted wherever they are spread: beyond that the counting itself would take long."

DEEPEST = 100
"Of selections inside one another, fragments included: what is deeper is refused for its depth, or is a circle."


@dataclass(slots=True)
class Counted:
    """The highest numbers of any operation or fragment of a document.

    repeats: of one response name at one place. root_fields: response names, introspection aside. nesting: of
    selections, up to DEEPEST + 1.
    """

    repeats: int = 0
    root_fields: int = 0
    directives: int = 0
    directives_at_one_place: int = 0
    nesting: int = 0


@dataclass(slots=True)
class _Place:
    """What is selected at one place of the answer, by response name: how often, and what is below."""

    fields: dict[str, int] = field(default_factory=dict)
    below: dict[str, _Place] = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)


def counted(document: DocumentNode) -> Counted | None:
    """None when there is too much to count."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found = Counted()
    for node in document.definitions:
        # Fragments by themselves too: one that is spread nowhere is looked at before it is refused.
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            walk = _Walk(fragments, found)
            walk.directives(node.directives)
            for variable in getattr(node, "variable_definitions", None) or ():
                walk.directives(variable.directives)
            root = walk.walked(node.selection_set)
            if root is None:
                return None
            if isinstance(node, OperationDefinitionNode):
                shown = [name for name in root.fields if not name.startswith("__")]
                found.root_fields = max(found.root_fields, len(shown))
    return found


class _Walk:
    """Over one definition. Adds what it finds."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode], found: Counted):
        self._fragments, self._found = fragments, found
        self._fields = self._directives = 0

    def walked(self, selections: SelectionSetNode) -> _Place | None:
        """What is selected at its root; None when it is too much."""
        root = _Place()
        open_: list[tuple[SelectionSetNode, _Place, int]] = [(selections, root, 1)]
        while open_:
            within, place, depth = open_.pop()
            self._found.nesting = max(self._found.nesting, depth)
            if depth > DEEPEST:
                continue
            for node in within.selections:
                self.directives(node.directives)
                if isinstance(node, FieldNode):
                    name = node.alias.value if node.alias else node.name.value
                    count = place.fields[name] = place.fields.get(name, 0) + 1
                    self._fields += 1
                    self._found.repeats = max(self._found.repeats, count)
                    if node.selection_set is not None:
                        open_.append((node.selection_set, place.below.setdefault(name, _Place()), depth + 1))
                elif isinstance(node, InlineFragmentNode):
                    open_.append((node.selection_set, place, depth + 1))
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in place.spread:
                    place.spread.add(node.name.value)
                    if node.name.value in self._fragments:
                        open_.append((self._fragments[node.name.value].selection_set, place, depth + 1))
            if self._fields > MAX_FIELDS:
                return None
        return root

    def directives(self, nodes: Iterable[DirectiveNode] | None) -> None:
        count = len(tuple(nodes or ()))
        if count:
            self._directives += count
            self._found.directives = max(self._found.directives, self._directives)
            self._found.directives_at_one_place = max(self._found.directives_at_one_place, count)
