"""Executor: one operation, from its text to the answer's members. Knows no HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode
from msgspec import Struct, field
from strawberry import Schema

from gateway.execution import documents, masking, rows
from gateway.execution.compiled import CompiledExecutor, Executable, PlainExecutor, execute
from gateway.execution.cost import Ceilings, Costs
from gateway.execution.documents import Documents, Prepared, Unusable
from gateway.execution.incremental.executor import divided
from gateway.execution.incremental.parts import Parts
from gateway.execution.incremental.telling import Telling
from gateway.execution.limits import Limits, too_complex, too_dear
from resolvers.federation.columns import Wanted
from resolvers.federation.product_lines import LineSpec
from resolvers.request import Request
from resolvers.transport import plan, spending


class Operation(Struct, frozen=True):
    """An operation as it was asked for. text: empty where it is only named, by its hash or by another id."""

    text: str
    name: str | None = None
    variables: dict[str, Any] | None = None
    sha256: str | None = None
    document_id: str | None = None


class Found(Struct, frozen=True):
    """A document that may be executed, and the operation in it that was asked for."""

    executable: Executable
    wanted: Wanted
    ceilings: Ceilings
    prepared: Prepared

    @property
    def document(self) -> DocumentNode:
        return self.executable.document

    @property
    def node(self) -> OperationDefinitionNode:
        return self.executable.node


class Answer(Struct, frozen=True):
    """Members of the reply; `was_executed` is false when the operation itself could not be used."""

    body: dict[str, Any]
    was_executed: bool
    ages_s: Mapping[str, float] = field(default_factory=dict)  # of sources that were answered from memory
    is_sent: bool = False  # in parts, of which the body has what is to be told of them

    @property
    def error_count(self) -> int:
        return len(self.body.get("errors", ()))


@dataclass(frozen=True, slots=True)
class Way:
    """How an answer in parts is told. has_paths: in words of the older draft too. adds: to the last `extensions`."""

    tells_losses: bool = True
    hides_suggestions: bool = False
    has_paths: bool = False
    adds: Callable[[], dict[str, Any]] = dict


class Executor:
    """Runs operations with graphql-core, in strawberry's own execution context. compiled: and with compiled functions.

    Not through `Schema.execute`: it takes the text, and would parse and validate it again for each request.
    """

    def __init__(
        self,
        schema: Schema,
        documents: Documents,
        limits: Limits,
        *,
        compiled: bool = True,
        lines: Sequence[LineSpec] = (),
    ):
        self._schema, self._documents, self._limits = schema, documents, limits
        self._costs = Costs(schema, limits.max_cost, limits.max_page, lines)
        self._executor_class = CompiledExecutor if compiled else PlainExecutor

    @property
    def documents_remembered(self) -> tuple[int, int]:
        """(hits, misses) of the memory of documents."""
        return self._documents.remembered

    def find(self, asked: Operation) -> Found:
        """The operation, prepared. Raises Unusable."""
        prepared = self._documents.prepare(asked.text)
        node = documents.operation(prepared.document, asked.name)
        count, most = self._rows(prepared, node, asked), self._limits.max_rows
        if count > most:
            raise Unusable([too_complex("a number of rows of up to", count, most)], "QUERY_TOO_COMPLEX")
        executable = Executable(core(self._schema), prepared.document, node, prepared.plans)
        return Found(executable, prepared.wanted(node), prepared.ceilings(node), prepared)

    def _rows(self, prepared: Prepared, node: OperationDefinitionNode, asked: Operation) -> int:
        """What may be too many: most documents stay within the limit whatever their variables, which is found once."""
        if asked.name not in prepared.rows:
            prepared.rows[asked.name] = rows.ceiling(prepared.document, node, self._limits.max_page)
        ceiling = prepared.rows[asked.name]
        if ceiling is not None and ceiling <= self._limits.max_rows:
            return ceiling
        return rows.count(prepared.document, node, asked.variables, self._limits.max_page)

    async def run(
        self, found: Found, asked: Operation, request: Request, request_id: str, *, tell_losses: bool
    ) -> Answer:
        """Executes an operation that `find` has found, unless it may cost too much."""
        excess = self._costs.excess(found.ceilings, request.sources, found.document, found.node, asked.variables)
        if excess:
            request.end()
            return unusable(Unusable([too_dear(excess, self._limits.max_cost)], "QUERY_TOO_COMPLEX"), request_id)
        self._count(found, asked, request)
        request.want(found.wanted, self._schema, asked.variables)
        result = await execute(found.executable, request, asked.variables, self._executor_class)
        errors = [masking.shown(error, request_id) for error in result.errors or ()]
        losses = [masking.lost(loss) for loss in request.collector.losses if tell_losses or not loss.may_be_left_out]
        answer = _answer(result, [*errors, *losses], request)
        masking.forget(result.errors or ())
        request.end()
        return answer

    @asynccontextmanager
    async def divided(
        self, found: Found, asked: Operation, request: Request, request_id: str, way: Way
    ) -> AsyncIterator[Answer | Parts]:
        """Likewise, in parts; an answer where there is but one. What is not done when the block ends is given up."""
        excess = self._costs.excess(found.ceilings, request.sources, found.document, found.node, asked.variables)
        if excess:
            request.end()
            yield unusable(Unusable([too_dear(excess, self._limits.max_cost)], "QUERY_TOO_COMPLEX"), request_id)
            return
        self._count(found, asked, request)
        request.want(found.wanted, self._schema, asked.variables)
        try:
            async with divided(found.executable, request, asked.variables, way.hides_suggestions) as result:
                telling = Telling(request, request_id, tells_losses=way.tells_losses)
                if isinstance(result, ExecutionResult):
                    yield _answer(result, telling.whole(result.errors), request)
                else:
                    yield Parts(result, telling, lambda: {**_extensions(request), **way.adds()}, way.has_paths)
        finally:
            request.end()

    def _count(self, found: Found, asked: Operation, request: Request) -> None:
        """Calls from here on; those of a change are not stopped in the middle of it."""
        if documents.is_query(found.node):
            spending.begin(self._limits.max_cost)
        made = plan.current()
        if made is not None:
            variables = asked.variables
            made.estimate = self._costs.estimate(request.sources, found.document, found.node, variables)


def core(schema: Schema) -> GraphQLSchema:
    """The graphql-core schema inside. strawberry has no public name for it; this is the one place that reaches in."""
    return schema._schema


def unusable(error: Unusable, request_id: str) -> Answer:
    """The answer to an operation that cannot be used: no `data` at all."""
    return Answer({"errors": [masking.shown(one, request_id, error.code) for one in error.errors]}, was_executed=False)


def _answer(result: ExecutionResult, errors: list[dict[str, Any]], request: Request) -> Answer:
    body: dict[str, Any] = {"errors": errors} if errors else {}
    # Without data and without a path, the variables did not fit: nothing was executed.
    was_executed = result.data is not None or any("path" in error for error in errors)
    if was_executed:
        body["data"] = result.data
        body["extensions"] = _extensions(request)
    return Answer(body, was_executed, request.ages_s)


def _extensions(request: Request) -> dict[str, Any]:
    states = sorted(request.states.items())
    return {"sources": {name: state.value for name, state in states}}
