"""Query: one operation, asked from the command line: of the configured sources in this process, or of a gateway."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from gateway.access.passing import headers_of
from gateway.execution import executor
from gateway.execution.documents import Unusable
from gateway.execution.executor import Answer, Operation
from gateway.execution.explain import explained
from gateway.http.endpoint import EXPLAIN_HEADER
from gateway.http.media_types import GRAPHQL
from gateway.runtime import running
from gateway.settings import Settings, Telemetry, load
from gateway.telemetry import log
from resolvers.errors import ReleasegraphError
from resolvers.transport import passed

TIMEOUT_S = 300


class NotAskable(Exception):
    """What the command was given does not make a question: the message names the option."""


class NotAnswered(Exception):
    """The gateway at the address did not answer as GraphQL: the message names the address and what came."""


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    operation: Operation
    headers: Mapping[str, str]  # by name in lower case


def asked(
    file: Path | None, text: str | None, variables: str | None, name: str | None, headers: Sequence[str]
) -> Question:
    """The question out of what the command was given. Raises NotAskable."""
    return Question(Operation(_document(file, text), name, _variables(variables)), dict(map(_header, headers)))


def answered(question: Question, *, url: str | None, is_demo: bool, config: Path | None, is_explained: bool) -> Answer:
    """Its answer. Runs a loop of its own. Raises NotAskable, NotAnswered, SettingsError or PortTaken."""
    if url is not None:
        if is_demo:
            raise NotAskable("--url and --demo are two places to ask; give one of them")
        return asyncio.run(_answered_at(url, question, is_explained))
    # What an answer lacks is among its errors; as lines of a log it would be told twice.
    log.configure(Telemetry(log_level="error", log_format="console"))
    with _demo() if is_demo else _configured(config) as settings:
        return asyncio.run(_answered_here(settings, question, is_explained))


async def _answered_here(settings: Settings, question: Question, is_explained: bool) -> Answer:
    """Without a server. A plan needs no right here: whoever has the settings has every credential in them.

    A change needs what it needs over HTTP: the write token, in the header.
    """
    operation, request_id = question.operation, uuid4().hex
    _check_headers(settings, question)
    async with running(settings) as runtime:
        try:
            found = runtime.executor.find(operation)
            caller = await runtime.authentication.caller(question.headers.get("authorization", ""), is_operator=True)
            brought = runtime.passing.brought(question.headers)
        except Unusable as error:
            return executor.unusable(error, request_id)
        except ReleasegraphError as error:
            raise NotAnswered(str(error)) from None
        context = runtime.request(caller)
        answering = runtime.executor.run(found, operation, context, request_id, tell_losses=True)
        with passed.begun(brought), log.of_request(request_id):
            return await (explained(answering) if is_explained else answering)


async def _answered_at(url: str, question: Question, is_explained: bool) -> Answer:
    operation = question.operation
    body = {"query": operation.text, "operationName": operation.name, "variables": operation.variables}
    headers = {"accept": f"{GRAPHQL}, application/json;q=0.9", **question.headers}
    headers |= {EXPLAIN_HEADER: "on"} if is_explained else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
            # No redirects: a header that names who asks is not for whoever we are sent on to.
            session.post(url, json=body, headers=headers, allow_redirects=False) as reply,
        ):
            return _answer(url, reply.status, await reply.read())
    except TimeoutError:
        raise NotAnswered(f"{url}: no answer within {TIMEOUT_S} s") from None
    except aiohttp.InvalidURL:
        raise NotAskable(f"--url {url} should be a web address, such as http://localhost:8000/graphql") from None
    except (aiohttp.ClientError, OSError) as error:
        reason = "no connection" if isinstance(error, aiohttp.ClientConnectorError) else "the connection failed"
        raise NotAnswered(f"{url}: {reason}") from None


def _answer(url: str, status: int, text: bytes) -> Answer:
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict) or not ("data" in body or isinstance(body.get("errors"), list)):
        raise NotAnswered(f"{url}: no GraphQL, but {status}; a gateway answers at /graphql")
    return Answer(body, was_executed="data" in body and status != 400)


def _check_headers(settings: Settings, question: Question) -> None:
    read = {"authorization", *headers_of(settings.sources).values()}
    if question.headers.keys() - read:
        raise NotAskable("--header: without --url nothing but Authorization is read, and what sources pass through")


def _document(file: Path | None, text: str | None) -> str:
    if (file is None) == (text is None):
        raise NotAskable("give a document: a file, - for standard input, or --query with its text")
    if text is None and file is not None:
        text = _read(file)
    if not text or not text.strip():
        raise NotAskable("the document is empty")
    return text


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise NotAskable(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NotAskable(f"{file} is not readable text") from None


def _variables(text: str | None) -> dict[str, Any] | None:
    try:
        given = json.loads(text) if text else None
    except ValueError as error:
        raise NotAskable(f"--variables is not valid JSON: {error}") from None
    if given is not None and not isinstance(given, dict):
        raise NotAskable("--variables must be a JSON object")
    return given


def _header(line: str) -> tuple[str, str]:
    """Name, in lower case, and value. What is wrong is told without it: it may hold a secret."""
    name, colon, value = line.partition(":")
    if not colon or not name.strip() or not line.isprintable():
        raise NotAskable('--header should be "Name: value"')
    return name.strip().lower(), value.strip()


@contextmanager
def _configured(config: Path | None) -> Iterator[Settings]:
    yield load(config, os.environ)


@contextmanager
def _demo() -> Iterator[Settings]:
    """Settings over imitations in this process, which end with the block."""
    from gateway.demo import HOST, demo_settings
    from gateway.listening import in_thread, taken
    from upstream_mocks.server import create_mocks

    with taken(HOST, 0, "nothing: any free port will do") as listener, in_thread(create_mocks(), listener):
        yield demo_settings(f"http://{HOST}:{listener.getsockname()[1]}", 8000)
