"""Examining a balena source: who-am-I first, since lists answer a bad token with public rows and a 200."""

from __future__ import annotations

import msgspec

from resolvers.upstreams import payload
from resolvers.upstreams.balena import filters, odata, selection
from resolvers.upstreams.balena.client import Balena
from resolvers.upstreams.balena.odata import Options
from resolvers.upstreams.balena.rows import ApplicationRow, Envelope, ReleaseRow
from resolvers.upstreams.examination import SAMPLED, Check, Examination

WHO_AM_I = "/actor/v1/whoami"
CREDENTIAL = "give it another token: an API key made in balena's preferences does not run out"
FIELDS = "an openBalena server may lack fields: see select_cloud_fields"


class WhoRow(msgspec.Struct, rename="camel"):
    actor_type: str | None = None  # user | application | device
    username: str | None = None


async def examine(adapter: Balena) -> Examination:
    """Six calls: who-am-I, the fleets as the graph reads them, and some rows of each list."""
    exam = Examination(adapter.http.source)
    with exam.asking(Check.CREDENTIAL, CREDENTIAL):
        await _who(adapter, exam)
    if exam.is_let_in:
        exam.version = "API v7"
        await exam.fleets(adapter)
        await _sample(adapter, exam)
    return exam


async def _who(adapter: Balena, exam: Examination) -> None:
    who = payload.decode(exam.source, f"GET {WHO_AM_I}", await adapter.http.get(WHO_AM_I), WhoRow)
    exam.accept(" ".join(filter(None, (who.actor_type, who.username))) or None)
    if who.actor_type not in (None, "user"):
        advice = "use the token of a user, or name organizations"
        exam.warn(Check.ACCESS, f"the token is of one {who.actor_type}, not of a user", advice)


async def _sample(adapter: Balena, exam: Examination) -> None:
    config, of_cloud = adapter.config, adapter.config.has_cloud_fields
    fleets = selection.applications(filters.own(config), of_cloud=of_cloud)
    releases = selection.releases(filters.releases_in_scope(config), of_cloud=of_cloud)
    with exam.asking(Check.FLEETS, FIELDS):
        exam.sample(Check.FLEETS, await _rows(adapter, "application", fleets), ApplicationRow)
    with exam.asking(Check.RELEASES, FIELDS):
        exam.sample(Check.RELEASES, await _rows(adapter, "release", releases), ReleaseRow)


async def _rows(adapter: Balena, resource: str, wanted: Options) -> list[msgspec.Raw]:
    """The newest rows, with the fields that the graph asks for."""
    body = await adapter.http.get(
        odata.url(resource, msgspec.structs.replace(wanted, order_by=(("id", "desc"),), top=SAMPLED))
    )
    call = f"GET /v7/{resource}"
    return payload.decode(
        adapter.http.source, call, payload.decode(adapter.http.source, call, body, Envelope).d, list[msgspec.Raw]
    )
