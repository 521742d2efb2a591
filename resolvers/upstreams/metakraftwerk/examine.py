"""Examining a MetaKraftwerk source. Every list is refused to a bad token; with a login, that comes first by itself."""

from __future__ import annotations

import msgspec

from resolvers.upstreams import payload
from resolvers.upstreams.examination import Check, Examination
from resolvers.upstreams.metakraftwerk.client import MetaKraftwerk
from resolvers.upstreams.metakraftwerk.lists import ROOT, Page
from resolvers.upstreams.metakraftwerk.rows import GroupRow, ReleaseRow

LOGIN = "check email and password; the account must be one that logs in with them, not by another service"
TOKEN = "tokens run out within about a day: give email and password of a service account instead"  # noqa: S105


async def examine(adapter: MetaKraftwerk) -> Examination:
    """A login where there is one, and the lists."""
    exam = Examination(adapter.http.source)
    with exam.asking(Check.CREDENTIAL, LOGIN if _logs_in(adapter) else TOKEN):
        rows = await _rows(adapter, "releases")
        exam.accept("by a login" if _logs_in(adapter) else "by a fixed token")
        exam.version = "REST v1"
        exam.sample(Check.RELEASES, rows, ReleaseRow)
    if exam.is_let_in:
        await _groups(adapter, exam)
    return exam


def _logs_in(adapter: MetaKraftwerk) -> bool:
    return adapter.config.token is None


async def _groups(adapter: MetaKraftwerk, exam: Examination) -> None:
    if not _logs_in(adapter):
        exam.warn(Check.CREDENTIAL, "it will not last", TOKEN)
    with exam.asking(
        Check.FLEETS, "without the list of groups, fleets are made up of what releases tell", may_fail=True
    ):
        exam.sample(Check.FLEETS, await _rows(adapter, "release_groups"), GroupRow)
    await exam.fleets(adapter)


async def _rows(adapter: MetaKraftwerk, resource: str) -> list[msgspec.Raw]:
    """The whole list, or its first page should they have turned pages on."""
    call = f"GET {ROOT}/{resource}"
    body = msgspec.Raw(await adapter.http.get(f"{ROOT}/{resource}"))
    if bytes(body).lstrip().startswith(b"{"):
        body = payload.decode(adapter.http.source, call, body, Page).data
    return payload.decode(adapter.http.source, call, body, list[msgspec.Raw])
