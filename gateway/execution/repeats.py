"""Repeats: how often one operation selects the same field at one place, counted before anything else is done with it.

Whether equal fields may be merged is found out pair by pair: a thousand of them are half a million comparisons, each of
all that is below them, and everybody else waits. What people and tools write repeats a field once for each of its
fragments. One walk over the document, fragments entered once at each place; it bears cycles, which are refused later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
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
"What is deeper is refused for its depth, or is a circle."


@dataclass(slots=True)
class _Place:
    """What is selected at one place of the answer, by response name: how often, and what is below."""

    fields: dict[str, int] = field(default_factory=dict)
    below: dict[str, _Place] = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)


def most(document: DocumentNode) -> int | None:
    """The highest number of selections of one response name at one place; None when there is too much to count."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    highest = 0
    for node in document.definitions:
        # Fragments by themselves too: one that is spread nowhere is looked at before it is refused.
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            counted = 0
            for count in _counts(node.selection_set, fragments):
                highest, counted = max(highest, count), counted + 1
                if counted > MAX_FIELDS:
                    return None
    return highest


def _counts(selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> Iterator[int]:
    """The running count of each field that is met."""
    open_: list[tuple[SelectionSetNode, _Place, int]] = [(selections, _Place(), 0)]
    while open_:
        within, place, depth = open_.pop()
        for node in within.selections:
            if isinstance(node, FieldNode):
                name = node.alias.value if node.alias else node.name.value
                place.fields[name] = place.fields.get(name, 0) + 1
                yield place.fields[name]
                if node.selection_set is not None and depth < DEEPEST:
                    open_.append((node.selection_set, place.below.setdefault(name, _Place()), depth + 1))
            elif isinstance(node, InlineFragmentNode):
                open_.append((node.selection_set, place, depth))
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in place.spread:
                place.spread.add(node.name.value)
                if node.name.value in fragments:
                    open_.append((fragments[node.name.value].selection_set, place, depth))
