"""Flat parameters, wherever they travel, and the desk every call passes: the key, then parameters, then the answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from upstream_mocks.buildmaster import errors
from upstream_mocks.buildmaster.auth import may_call, presented_key
from upstream_mocks.buildmaster.state import Installation

Pairs = list[tuple[str, str]]
OLD_NAMES = {"packageId": "buildId", "packageNumber": "buildNumber"}
CREDENTIALS = {"key", "API_Key"}


@dataclass
class Received:
    """What a request carried, by carrier, in order, repeated keys included."""

    query: Pairs
    form: Pairs = field(default_factory=list)
    document: Pairs = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """One call as the answering functions see it: parameters by name, and where they are asked."""

    values: Mapping[str, str]
    installation: Installation
    switches: Mapping[str, Any]
    raw_path: str  # as it came, still percent-encoded

    def text(self, name: str) -> str | None:
        """An empty value counts as none."""
        return self.values.get(name) or None

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise errors.BadRequest(f"Missing required value: {name}.")
        return value

    def integer(self, name: str) -> int | None:
        """Numbers may come as strings: the vendor's own samples send them so."""
        value = self.text(name)
        try:
            return None if value is None else int(value)
        except ValueError:
            raise errors.BadRequest(f"Invalid value for {name}.") from None

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "false").lower()
        if value not in ("true", "false"):
            raise errors.BadRequest(f"Invalid value for {name}.")
        return value == "true"

    def variables(self) -> dict[str, str]:
        return {name[1:]: value for name, value in self.values.items() if name.startswith("$")}


Answer = Callable[[Question], Any]


class Desk:
    """Turns answering functions into routes. An answer of None is a 200 without a body."""

    def __init__(self, installation: Installation, switches: Mapping[str, Any]):
        self.installation, self.switches = installation, switches

    def route(
        self,
        path: str,
        answer: Answer,
        methods: Iterable[str],
        *,
        grant: str = "release_build",
        takes: Iterable[str] = (),
        old_names: bool = False,
    ) -> Route:
        return Route(path, self._endpoint(answer, grant, frozenset(takes), old_names), methods=list(methods))

    def _endpoint(
        self, answer: Answer, grant: str, takes: frozenset[str], old_names: bool
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                received = await self._received(request)
                refusal = self._refusal(request, received, grant)
                return refusal or self._answered(answer, self._question(request, received, takes, old_names))
            except errors.BadRequest as error:
                return errors.bad_request(str(error))
            except errors.NotFound as error:
                return errors.not_found(str(error))
            except errors.NoSuchPage:
                return errors.no_such_page()

        return endpoint

    def _refusal(self, request: Request, received: Received, grant: str) -> Response | None:
        if self.switches.get("windows_authentication") and not _negotiates(request):
            return errors.handshake()
        key = presented_key(request, received, native=grant == "native")
        if not may_call(key, grant, self.switches):
            return errors.forbidden(with_sentence=grant == "variables" or bool(self.switches.get("forbidden_body")))
        return errors.server_error() if self.switches.get("server_error") else None

    def _answered(self, answer: Answer, question: Question) -> Response:
        content = answer(question)
        body = b"" if content is None else orjson.dumps(content)
        return Response(body, media_type="application/json")

    async def _received(self, request: Request) -> Received:
        query = parse_qsl(request.url.query, keep_blank_values=True)
        is_lost = request.method == "GET" and self.switches.get("drop_get_body")
        body = b"" if is_lost else await request.body()
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type == "application/x-www-form-urlencoded":
            return Received(query, form=parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        # A body that names no type is taken for what it looks like: the page's GET sample has no headers.
        if media_type == "application/json" or (not media_type and body.lstrip().startswith(b"{")):
            return Received(query, document=_document(body))
        return Received(query)

    def _question(self, request: Request, received: Received, takes: frozenset[str], old_names: bool) -> Question:
        pairs = [
            (OLD_NAMES.get(name, name) if old_names else name, value)
            for name, value in (*received.query, *received.form, *received.document)
            if name not in CREDENTIALS
        ]
        _refuse_repeated(pairs)
        values = dict(pairs)
        if self.switches.get("unknown_keys_are_errors"):
            _refuse_unknown(values, takes)
        return Question(values, self.installation, self.switches, str(request.scope["raw_target"]))


def _negotiates(request: Request) -> bool:
    return request.headers.get("Authorization", "").startswith("Negotiate ")


def _document(body: bytes) -> Pairs:
    """The members of a flat JSON object as text; a null is no member."""
    if not body.strip():
        return []
    try:
        pairs = json.loads(body, object_pairs_hook=list)
    except ValueError:
        raise errors.BadRequest("The request body is not valid JSON.") from None
    if not body.lstrip().startswith(b"{"):
        raise errors.BadRequest("The request body must be a JSON object.")
    return [(name, _text(name, value)) for name, value in pairs if value is not None]


def _text(name: str, value: object) -> str:
    if isinstance(value, list | dict):
        raise errors.BadRequest(f"Invalid value for {name}.")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_repeated(pairs: Pairs) -> None:
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        raise errors.BadRequest(f"The value {repeated[0]} was specified more than once.")


def _refuse_unknown(values: Mapping[str, str], takes: frozenset[str]) -> None:
    unknown = [name for name in values if name not in takes and not name.startswith("$")]
    if unknown:
        raise errors.BadRequest(f"Unexpected value: {unknown[0]}.")
