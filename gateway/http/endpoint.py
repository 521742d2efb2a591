"""Endpoint: `/graphql` over POST and GET, and the explorer there for a person's browser."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

import orjson
from msgspec.structs import replace
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from gateway.access.authentication import refusal as refusal_of
from gateway.access.principal import Caller
from gateway.execution import documents, executor, explain, introspection, persisted
from gateway.execution.documents import Unusable
from gateway.execution.executor import Answer, Found, Operation
from gateway.execution.manifest import digest
from gateway.http import asked, divided, explorer, media_types, multipart
from gateway.http.arrived import Arrived, Headers, Reply, Sent, sized, zipped
from gateway.http.asked import NotAsked
from gateway.http.flown import flown
from gateway.runtime import Runtime
from gateway.telemetry.told import Told
from resolvers.errors import BadArgument, ReleasegraphError
from resolvers.transport import passed
from resolvers.transport.passed import Passed

SENT = Sent(200, {}, b"", b"")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"All are answered here, so that those that are not taken are told so in JSON."

ASKING = frozenset({"query", "extensions", "documentId"})
"What a GET asks by."

PARTIAL_ERRORS_HEADER = "x-partial-errors"
EXPLAIN_HEADER = "x-explain"
OPTION_HEADERS = (PARTIAL_ERRORS_HEADER, EXPLAIN_HEADER)
"What a caller may choose, each `on` or `off`."


async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
    """One operation. Every reply is JSON with `data` or `errors`, or has parts that are; only a browser without a query
    gets HTML."""
    request = Arrived(scope["method"], Headers(scope), scope, receive, send)
    if _is_person(request):
        await zipped(explorer.page(scope.get("root_path", "")))(scope, receive, send)
        return
    reply = await _reply(request)
    await sized(reply, request.headers.get("accept-encoding"))(scope, receive, send)


def _is_person(request: Arrived) -> bool:
    if request.method != "GET" or ASKING & QueryParams(request.scope["query_string"]).keys():
        return False
    return media_types.wants_html(request.headers.get("accept"))


async def _reply(request: Arrived) -> Reply:
    told = request.scope["state"]["told"] = Told()
    media_type = media_types.chosen(request.headers.get("accept"))
    try:
        _check_acceptable(request)
        caller, brought = await _let_in(request)
        operation = await _operation(request)
        with passed.begun(brought):
            answer = await _answered(request, operation, caller, told)
        status, headers = _status(media_type, answer)
    except NotAsked as refusal:
        answer, status, headers = _refused(refusal), refusal.status, refusal.headers
    if told.outcome != "gone":  # nobody reads what such a reply says, nor is it a mistake of anybody
        told.codes = [error["extensions"]["code"] for error in answer.body.get("errors", ())]
    if answer.is_sent:
        return SENT
    if media_type == media_types.MULTIPART:
        return multipart.alone(status, headers, answer)
    return Reply(status, headers, media_types.HEADERS[media_type], orjson.dumps(answer.body))


def _check_acceptable(request: Arrived) -> None:
    accept = request.headers.get("accept")
    if media_types.is_acceptable(accept):
        return
    if not (_runtime(request).settings.server.incremental and media_types.takes_parts(accept)):
        raise NotAsked(406, f"replies are {media_types.GRAPHQL} or {media_types.JSON}, and Accept takes neither")


async def _operation(request: Arrived) -> Operation:
    if request.method == "POST":
        return await asked.from_post(request.headers, request.receive, _runtime(request).settings.server)
    if request.method in ("GET", "HEAD"):
        return asked.from_get(request.headers, request.scope["query_string"])
    raise NotAsked(405, f"{request.method} is not taken here: send POST, or GET for a query", {"Allow": "GET, POST"})


async def _let_in(request: Arrived) -> tuple[Caller, Mapping[str, Passed]]:
    """Who asks, and the credentials for upstreams that they brought. Raises NotAsked."""
    runtime, authorization = _runtime(request), request.headers.get("authorization")
    try:
        return await runtime.authentication.caller(authorization), runtime.passing.brought(request.headers)
    except BadArgument as error:
        raise NotAsked(400, str(error)) from None
    except ReleasegraphError as error:
        status, headers = refusal_of(error, was_sent=bool(authorization))
        raise NotAsked(status, str(error), headers, error.code) from None


async def _answered(request: Arrived, operation: Operation, caller: Caller, told: Told) -> Answer:
    runtime, request_id, is_explained = _runtime(request), request.scope["state"]["request_id"], _is_explained(request)
    try:
        operation, found = _found(runtime, operation, caller, told)
    except Unusable as error:
        return _tellable(executor.unusable(error, request_id), caller)
    finally:
        runtime.metrics.documents(*runtime.executor.documents_remembered, runtime.persisted.unknown_count)
    node = found.node
    told.kind, told.name = node.operation.value, node.name.value if node.name else None
    if request.method == "GET" and not documents.is_query(node):
        raise NotAsked(405, f"a {node.operation.value} must be sent by POST; GET takes queries only", {"Allow": "POST"})
    tell = runtime.settings.server.partial_list_errors and request.headers.get(PARTIAL_ERRORS_HEADER) != "off"
    incremental = found.prepared.incremental
    if incremental is not None and incremental.hold(node, operation.variables):
        in_parts = divided.Asked(found, operation, caller, tell, is_explained)
        return _tellable(await divided.answered(request, runtime, in_parts, told), caller)
    context = runtime.request(caller)

    def running() -> Awaitable[Answer]:
        return runtime.executor.run(found, operation, context, request_id, tell_losses=tell)

    def answering() -> Awaitable[Answer]:
        if is_explained:
            return explain.explained_to(caller, running())
        return runtime.again.answered(found, operation, context, running)

    answer = await flown(runtime, request.receive, answering, told)
    runtime.metrics.again(runtime.again.count)
    return _tellable(answer, caller)


def _found(runtime: Runtime, asked: Operation, caller: Caller, told: Told) -> tuple[Operation, Found]:
    """The operation with its text, prepared. Raises Unusable."""
    told.caller, told.name, told.document = caller.name, asked.name, digest(asked.text) if asked.text else asked.sha256
    left = runtime.persisted.resolved(asked)
    told.document = told.document or digest(left.operation.text)
    told.is_trusted = runtime.persisted.trusts(told.document)
    found = runtime.executor.find(left.operation)
    if introspection.is_asked(left.operation.text, found.document):
        try:
            caller.check_introspection()
        except ReleasegraphError as error:
            raise introspection.refused(error) from None
    runtime.persisted.keep(left)
    return left.operation, found


def _tellable(answer: Answer, caller: Caller) -> Answer:
    """The answer as this caller may have it: who is not told the schema is not helped to guess it."""
    if not answer.error_count or caller.may_introspect:
        return answer
    return replace(answer, body=introspection.without_suggestions(answer.body))


def _status(media_type: str, answer: Answer) -> tuple[int, dict[str, str]]:
    """And headers."""
    codes = {error["extensions"]["code"] for error in answer.body.get("errors", ())} if not answer.was_executed else ()
    if persisted.CODES.isdisjoint(codes):
        return media_types.status_of(media_type, was_executed=answer.was_executed), {}
    return 200, {"Cache-Control": "private, no-cache, must-revalidate"}


def _is_explained(request: Arrived) -> bool:
    """Raises NotAsked: who writes `true` would look for a plan in vain."""
    given = request.headers.get(EXPLAIN_HEADER, "off").strip().lower()
    if given not in ("on", "off"):
        raise NotAsked(400, f"the header {EXPLAIN_HEADER} takes on or off")
    return given == "on"


def _refused(refusal: NotAsked) -> Answer:
    error: dict[str, Any] = {"message": str(refusal), "extensions": {"code": refusal.code}}
    return Answer({"errors": [error]}, was_executed=False)


def _runtime(request: Arrived) -> Runtime:
    runtime: Runtime = request.scope["app"].state.runtime
    return runtime
