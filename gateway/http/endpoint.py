"""Endpoint: `/graphql` over POST and GET, and the explorer there for a person's browser."""

from __future__ import annotations

import time
from typing import Any

import orjson
from graphql import OperationDefinitionNode
from starlette.requests import Request
from starlette.responses import Response

from gateway.execution import documents, executor, explain
from gateway.execution.documents import Unusable
from gateway.execution.executor import Answer, Operation
from gateway.http import asked, explorer, media_types
from gateway.http.asked import NotAsked
from gateway.runtime import Runtime
from gateway.telemetry import log

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"All are answered here, so that those that are not taken are told so in JSON."

PARTIAL_ERRORS_HEADER = "x-partial-errors"
EXPLAIN_HEADER = "x-explain"
OPTION_HEADERS = (PARTIAL_ERRORS_HEADER, EXPLAIN_HEADER)
"What a caller may choose, each `on` or `off`."


async def graphql(request: Request) -> Response:
    """One operation. Every reply is JSON with `data` or `errors`; only a browser without a query gets HTML."""
    is_person = request.method == "GET" and "query" not in request.query_params
    if is_person and media_types.wants_html(request.headers.get("accept", "")):
        return explorer.page(request.scope.get("root_path", ""))
    began = time.perf_counter()
    media_type = media_types.chosen(request.headers.get("accept", ""))
    try:
        operation = await _operation(request)
        node, answer = await _answered(request, operation)
        status, headers = media_types.status_of(media_type, was_executed=answer.was_executed), {}
    except NotAsked as refusal:
        node, answer = None, _refused(refusal)
        operation, status, headers = Operation(""), refusal.status, refusal.headers
    _log(operation, node, status, answer, began)
    return Response(orjson.dumps(answer.body), status, headers, f"{media_type}; charset=utf-8")


async def _operation(request: Request) -> Operation:
    if request.method == "POST":
        return await asked.from_post(request, _runtime(request).settings.server.max_body_bytes)
    if request.method in ("GET", "HEAD"):
        return asked.from_get(request)
    raise NotAsked(405, f"{request.method} is not taken here: send POST, or GET for a query", {"Allow": "GET, POST"})


async def _answered(request: Request, operation: Operation) -> tuple[OperationDefinitionNode | None, Answer]:
    runtime, request_id, is_explained = _runtime(request), request.state.request_id, _is_explained(request)
    try:
        found = runtime.executor.find(operation)
    except Unusable as error:
        return None, executor.unusable(error, request_id)
    node = found.node
    if request.method == "GET" and not documents.is_query(node):
        raise NotAsked(405, f"a {node.operation.value} must be sent by POST; GET takes queries only", {"Allow": "POST"})
    context = runtime.request(request.headers.get("authorization", ""))
    tell = runtime.settings.server.partial_list_errors and request.headers.get(PARTIAL_ERRORS_HEADER) != "off"
    answering = runtime.executor.run(found, operation, context, request_id, tell_losses=tell)
    return node, await (explain.explained_to(context.principal, answering) if is_explained else answering)


def _is_explained(request: Request) -> bool:
    """Raises NotAsked: who writes `true` would look for a plan in vain."""
    given = request.headers.get(EXPLAIN_HEADER, "off").strip().lower()
    if given not in ("on", "off"):
        raise NotAsked(400, f"the header {EXPLAIN_HEADER} takes on or off")
    return given == "on"


def _refused(refusal: NotAsked) -> Answer:
    error: dict[str, Any] = {"message": str(refusal), "extensions": {"code": "BAD_REQUEST"}}
    return Answer({"errors": [error]}, was_executed=False)


def _log(operation: Operation, node: OperationDefinitionNode | None, status: int, answer: Answer, began: float) -> None:
    name = operation.name or (node.name.value if node is not None and node.name else None)
    kind = node.operation.value if node is not None else None
    duration_ms = (time.perf_counter() - began) * 1000
    log.operation(name, kind, status=status, errors=answer.error_count, duration_ms=duration_ms)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
