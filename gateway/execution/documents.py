"""Documents: the text of an operation, parsed, validated and measured once, then remembered."""

from __future__ import annotations

from functools import cached_property, partial

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)

from gateway.execution import kept, lasting, limits, repeats, unsupported
from gateway.execution.compiled import Plans
from gateway.execution.compiled.plans import nobody_asks
from gateway.execution.cost import Ceilings
from gateway.execution.incremental import directives
from gateway.execution.incremental.directives import Conditions
from gateway.execution.kept import Kept
from gateway.execution.limits import Limits
from gateway.execution.repeats import Counted
from resolvers.federation import columns
from resolvers.federation.columns import Wanted

ABORTED = "Validation aborted."
"What graphql-core says when it came to the end of its stack, for fragments inside fragments."

MAX_ERRORS = 20
"Of one document: what is told beyond them helps nobody, and telling what may be meant takes time."

REMEMBERED_CHARACTERS = 32_768
"Longer texts are prepared each time: each would drive out a hundred others."


class Unusable(Exception):  # says what the document is
    """A document that cannot be executed: syntax, validation, limits, or no such operation in it."""

    def __init__(self, errors: list[GraphQLError], code: str):
        super().__init__(errors[0].message)
        self.errors = errors
        self.code = code  # for errors that carry none of their own: Apollo's words, which clients know


class Prepared:
    """A document that may be executed, with what was found out about its operations: all is forgotten together.

    plans: None when the document is not kept, since compiling pays from the second time on. rows: of each operation,
    by its name, where they are the same whatever the variables. tree_bytes: what text and tree take. incremental: None
    where nothing asks to be answered in parts, as nearly always.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        plans: Plans | None = None,
        tree_bytes: int = 0,
        incremental: Conditions | None = None,
    ):
        self.document, self.plans, self.incremental = document, plans, incremental
        self._tree_bytes = tree_bytes
        self.rows: dict[str | None, int | None] = {}
        self._schema = schema
        self._wanted: dict[str | None, Wanted] = {}
        self._ceilings: dict[str | None, Ceilings] = {}

    @property
    def size_bytes(self) -> int:
        """An estimate of what it takes in memory: it grows with each selection that is compiled."""
        return self._tree_bytes + (self.plans.size_bytes if self.plans is not None else 0)

    def forgotten(self) -> None:
        """To be told when it is kept no longer; who uses it just now may go on."""
        if self.plans is not None:
            self.plans.grew = nobody_asks

    def wanted(self, operation: OperationDefinitionNode) -> Wanted:
        """What one of its operations wants of each type of row."""
        name = operation.name.value if operation.name else None
        if name not in self._wanted:
            self._wanted[name] = columns.wanted(self._schema, self.document, operation)
        return self._wanted[name]

    @cached_property
    def is_lasting(self) -> bool:
        """Whether an answer to it may be given again: no change is in it, nor what each answer shows otherwise."""
        return lasting.is_lasting(self._schema, self.document)

    def ceilings(self, operation: OperationDefinitionNode) -> Ceilings:
        """What was found out about the cost of one of its operations: nothing at first."""
        name = operation.name.value if operation.name else None
        return self._ceilings.setdefault(name, {})


class Documents:
    """Prepared documents by their text, the least recently used forgotten first. Those that fail are not kept.

    remembered: of them at most, and max_bytes of memory, plans included.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, remembered: int, max_bytes: int = kept.MAX_BYTES):
        self._schema, self._limits = schema, limits
        self._kept: Kept[Prepared] = Kept(remembered, max_bytes)

    def prepare(self, text: str) -> Prepared:
        """Raises Unusable."""
        if self._kept.most == 0 or len(text) > REMEMBERED_CHARACTERS:
            document = self._usable(text)
            return Prepared(self._schema, document, incremental=directives.conditions(text, document))
        return self._kept.get(text) or self._prepare(text)

    @property
    def remembered(self) -> tuple[int, int]:
        """How often a text was remembered, and how often it was not, of those that can be."""
        return self._kept.hits, self._kept.misses

    @property
    def size_bytes(self) -> int:
        """An estimate of what all that are kept take in memory."""
        return self._kept.size_bytes

    def _prepare(self, text: str) -> Prepared:
        document = self._usable(text)
        plans = Plans(document)
        size_bytes, incremental = kept.tree_bytes(text, document.token_count), directives.conditions(text, document)
        made = Prepared(self._schema, document, plans, size_bytes, incremental)
        plans.grew = partial(self._kept.grew, text)
        self._kept.put(text, made)
        return made

    def _usable(self, text: str) -> DocumentNode:
        document = self._parse(text)
        counted = self._within_numbers(document)
        errors = validate(self._schema, document, max_errors=MAX_ERRORS)
        if errors and errors[-1].message == ABORTED and counted.nesting > repeats.DEEPEST:
            raise _too_complex("a nesting", f"over {repeats.DEEPEST}", repeats.DEEPEST)
        if errors:
            raise Unusable(unsupported.told(errors, document), "GRAPHQL_VALIDATION_FAILED")
        errors = directives.misplaced(text, document)
        if errors:
            raise Unusable(errors, "GRAPHQL_VALIDATION_FAILED")
        errors = limits.check(document, self._limits)
        if errors:
            raise Unusable(errors, "QUERY_TOO_COMPLEX")
        return document

    def _within_numbers(self, document: DocumentNode) -> Counted:
        """Before validation, which takes a time that grows with the square of some of them."""
        counted = repeats.counted(document)
        if counted is None:
            raise _too_complex("a number of fields", f"over {repeats.MAX_FIELDS}", repeats.MAX_FIELDS)
        errors = limits.check_numbers(counted, self._limits)
        if errors:
            raise Unusable(errors, "QUERY_TOO_COMPLEX")
        return counted

    def _parse(self, text: str) -> DocumentNode:
        most = self._limits
        if len(text) > most.max_characters:
            raise _too_complex("a number of characters of", len(text), most.max_characters)
        try:
            return _unlinked(parse(text, max_tokens=most.max_tokens))
        except GraphQLError as error:
            # graphql-core tells these limits from any other syntax error by their sentences alone.
            if f"more than {most.max_tokens} tokens" in error.message:
                raise _too_complex("a number of tokens", f"over {most.max_tokens}", most.max_tokens) from None
            if "nested too deeply" in error.message:
                raise _too_complex("a nesting", f"over {repeats.DEEPEST}", repeats.DEEPEST) from None
            raise Unusable([error], "GRAPHQL_PARSE_FAILED") from None


def _too_complex(what: str, found: int | str, limit: int) -> Unusable:
    return Unusable([limits.too_complex(what, found, limit)], "QUERY_TOO_COMPLEX")


def _unlinked(document: DocumentNode) -> DocumentNode:
    """Its tokens refer to one another both ways, which nothing needs after parsing.

    A forgotten document would wait for a collection of all generations, which a server seldom makes, and what takes the
    most memory here are documents.
    """
    token = document.loc.start_token if document.loc is not None else None
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
    return document


def operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to execute. Raises Unusable when the name fits none, or none is given and there are several."""
    found = get_operation_ast(document, name)
    if found is not None:
        return found
    names = [
        node.name.value for node in document.definitions if isinstance(node, OperationDefinitionNode) and node.name
    ]
    wanted = f"operationName {name!r} is not in the document" if name else "operationName is needed"
    raise Unusable([GraphQLError(f"{wanted}; it has: {', '.join(names) or 'no named operation'}")], "BAD_ARGUMENT")


def is_query(node: OperationDefinitionNode) -> bool:
    return node.operation is OperationType.QUERY
