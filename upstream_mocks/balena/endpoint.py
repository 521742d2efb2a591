"""`/v7`: from the raw URL to a reply.

The order of refusals is the server's: body parser, URL grammar, rights on the resource, names and types, rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from upstream_mocks.balena import replies
from upstream_mocks.balena.asked import LARGEST_BODY, LARGEST_HEAD, Asked
from upstream_mocks.balena.errors import RefusedError, broken, unauthorized
from upstream_mocks.balena.model import CLOUD, OPEN
from upstream_mocks.balena.odata.failures import MalformedUrlError, MissingBindingError, UntranslatableError
from upstream_mocks.balena.odata.model import Resource, Row
from upstream_mocks.balena.odata.queries import Query, matching
from upstream_mocks.balena.odata.translator import Translator
from upstream_mocks.balena.odata.tree import Url
from upstream_mocks.balena.odata.urls import parse
from upstream_mocks.balena.reads import keyed, read, shown
from upstream_mocks.balena.state import State
from upstream_mocks.balena.views import AccountView
from upstream_mocks.balena.writes.bodies import Body
from upstream_mocks.balena.writes.context import Context
from upstream_mocks.balena.writes.writer import Writer

ROOT = "/v7"


class Endpoint:
    def __init__(self, state: State):
        self.state = state

    def answer(self, asked: Asked) -> Response:
        """Never raises for what a caller can send."""
        if asked.head_size > LARGEST_HEAD:
            return replies.empty(431)
        if len(asked.body) > LARGEST_BODY:
            return replies.page(413, "PayloadTooLargeError: request entity too large")
        try:
            body = asked.json()
        except ValueError as error:
            return replies.page(400, f"SyntaxError: {error}")
        return self._refusable(asked, body)

    def _refusable(self, asked: Asked, body: Any) -> Response:
        try:
            return self._answered(asked, body)
        except MalformedUrlError:
            return self._refusal(asked, RefusedError(400, f"Malformed url: '{asked.target}'"))
        except MissingBindingError as error:
            return self._refusal(asked, RefusedError(400, f"Missing binding: {error}"))
        except (UntranslatableError, OverflowError):
            return self._refusal(asked, broken())
        except RefusedError as error:
            return self._refusal(asked, error)

    def _refusal(self, asked: Asked, error: RefusedError) -> Response:
        if error.sentence is None:
            return replies.empty(error.status)
        return replies.json_reply(error.sentence, asked.headers, status=error.status)

    def _answered(self, asked: Asked, body: Any) -> Response:
        if asked.method == "OPTIONS":
            return replies.empty(200)
        answers = _METHODS.get(asked.method)
        if answers is None:
            # HEAD is not forgotten: the server stumbles over it.
            raise broken() if asked.method == "HEAD" else RefusedError(404)
        url = parse(asked.target.removeprefix(ROOT) or "/")
        view = self._view(asked, url)
        resource = view.open(url.segments[0].resource)
        return answers(Exchange(self.state, asked, url, view, resource, body))

    def _view(self, asked: Asked, url: Url) -> AccountView:
        state, switches = self.state, self.state.switches
        account = state.accounts.of(asked.headers, asked.query)
        if account is None and switches.get("refuses_bad_tokens") and "authorization" in asked.headers:
            raise unauthorized()
        return AccountView(
            store=state.store,
            model=OPEN if switches.get("open_server") else CLOUD,
            account=account,
            now=state.clock.now,
            sign=lambda row: state.files.shown(row, asked.base),
            compares_finely=bool(switches.get("compares_finely")),
            salt=url.options.skip * 7 + (url.options.top or 0),
        )


class Exchange:
    """One request on one resource, its URL understood and its caller known."""

    def __init__(self, state: State, asked: Asked, url: Url, view: AccountView, resource: Resource, body: Any):
        self.state = state
        self.asked = asked
        self.url = url
        self.view = view
        self.resource = resource
        self.body: Body = body
        self.translator = Translator(view, url.options.aliases)

    def get(self) -> Response:
        rows = read(self.view, self.url, most=self.state.switches.get("most_rows"))
        return replies.json_reply({"d": rows}, self.asked.headers)

    def post(self) -> Response:
        body, stored = self._given()
        row = self._writer().create({**self._key_members(), **body}, stored)
        self.view.forget()
        wants_all = self.url.options.parameters.get("returnResource") != "false"
        payload = shown(self.view, self.resource, row) if wants_all else {"id": row["id"]}
        place = f"{ROOT}/{self.url.segments[0].resource}(@id)?@id={row['id']}"
        return replies.json_reply(payload, self.asked.headers, status=201, headers={"Location": place})

    def patch(self) -> Response:
        body, stored = self._given()
        self._writer().change(self._rows(), body, stored)
        return replies.written()

    def put(self) -> Response:
        """Change the keyed row, or create it."""
        members = self._key_members()
        if not members:
            raise broken()
        body, stored = self._given()
        rows, writer = self._rows(), self._writer()
        if rows:
            writer.change(rows, {**members, **body}, stored)
        else:
            writer.create({**members, **body}, stored)
        return replies.written()

    def delete(self) -> Response:
        writer, rows = self._writer(), self._rows()
        if not rows and self.resource.name == "application" and self.url.segments[0].key is not None:
            raise RefusedError(404, "Application(s) not found.")
        writer.delete(rows)
        return replies.written()

    def _writer(self) -> Writer:
        """Raises RefusedError: 401 for guests and for what nobody may write."""
        if self.view.account is None or not self.resource.is_writable:
            raise unauthorized()
        if len(self.url.segments) > 1 or self.url.has_links or not isinstance(self.body, dict):
            raise broken()
        context = Context(self.state.store, self.view, self.state.world, self.state.clock.tick())
        return Writer(context, self.resource)

    def _rows(self) -> list[Row]:
        """The rows the URL means that the caller may write, each once; without key and filter all of them."""
        key = self.url.segments[0].key
        rows = self.view.rows(self.resource) if key is None else keyed(self.view, self.translator, self.resource, key)
        own = [row for row in rows if self.view.owns(self.resource, row)]
        found = Query(self.translator, self.resource, self.url.options).rows(own)
        return [*{row["id"]: row for row in found}.values()]

    def _key_members(self) -> Body:
        key = self.url.segments[0].key
        return {} if key is None else matching(self.translator, self.resource, key)

    def _given(self) -> tuple[Body, dict[str, Any]]:
        """Members of the body, and files that came with it."""
        if self.asked.media_type != "multipart/form-data" or self.resource.name != "release_asset":
            return self.body, {}
        texts, files = self.asked.form()
        return {**texts}, {name: file for name, file in files.items() if name == "asset"}


_METHODS: dict[str, Callable[[Exchange], Response]] = {
    "GET": Exchange.get,
    "POST": Exchange.post,
    "PATCH": Exchange.patch,
    "MERGE": Exchange.patch,
    "PUT": Exchange.put,
    "DELETE": Exchange.delete,
}
