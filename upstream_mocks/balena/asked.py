"""A request as the API looks at it: the raw target, headers by lower-case name, the whole body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from typing import Any

import orjson
from starlette.requests import Request

LARGEST_BODY = 512 * 1024
LARGEST_HEAD = 16 * 1024
"Node's limit on the request line and headers together."


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    target: str  # raw path and query, without the mock's prefix
    base: str  # scheme, host and prefix, as the caller addressed us
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def head_size(self) -> int:
        return len(self.target) + sum(len(name) + len(value) + 4 for name, value in self.headers.items())

    def json(self) -> Any:
        """The body where it is declared JSON, else {}: other types are ignored.

        Raises ValueError for what is no JSON, or neither an object nor a list.
        """
        if self.media_type != "application/json" or not self.body:
            return {}
        found = orjson.loads(self.body)
        if not isinstance(found, dict | list):
            raise ValueError(f"unexpected {type(found).__name__}")
        return found

    def form(self) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        """Fields and files of a multipart body."""
        head = f"Content-Type: {self.headers.get('content-type', '')}\r\n\r\n".encode()
        message = BytesParser().parsebytes(head + self.body)
        parts = [part for part in message.get_payload() if isinstance(part, Message)] if message.is_multipart() else []
        texts = {_name(part): _content(part).decode(errors="replace") for part in parts if part.get_filename() is None}
        return texts, {_name(part): _file(part) for part in parts if part.get_filename() is not None}


async def asked(request: Request) -> Asked:
    scope = request.scope
    prefix = scope.get("root_path", "")
    raw = scope.get("raw_path") or scope["path"].encode()
    whole: bytes = raw + b"?" + scope["query_string"] if scope["query_string"] else raw
    target = scope.get("raw_target") or whole.decode("latin-1").removeprefix(prefix)
    base = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}{prefix}"
    return Asked(request.method, target, base, dict(request.headers), await request.body())


def _name(part: Message) -> str:
    return str(part.get_param("name", header="content-disposition"))


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _file(part: Message) -> dict[str, Any]:
    content = _content(part)
    about = {"filename": part.get_filename(), "content_type": part.get_content_type()}
    return {**about, "size": len(content), "content": content}
