"""Examining a BuildMaster source. A key that is not known and one without the grant are both a 403."""

from __future__ import annotations

import msgspec

from resolvers.errors import UpstreamRefused
from resolvers.transport.credentials import FixedHeaders
from resolvers.upstreams import payload
from resolvers.upstreams.buildmaster.client import BuildMaster
from resolvers.upstreams.buildmaster.rows import ApplicationRow, ReleaseRow
from resolvers.upstreams.examination import Check, Examination

HEALTH = "/health"
CREDENTIAL = "give it an API key that exists there and has the grant Release & Build Deployment"
RELEASES, APPLICATIONS = "Release & Build Deployment", "Application Management"


class HealthRow(msgspec.Struct, rename="camel"):
    version_number: str | None = None  # 2025.4 (Build 1)
    release_number: str | None = None  # 25.0.4
    database_status: str | None = None  # OK | Error; so the next two
    license_status: str | None = None
    service_status: str | None = None


async def examine(adapter: BuildMaster) -> Examination:
    """Two calls, one of them without the key, and those of the lists."""
    exam = Examination(adapter.http.source)
    with exam.asking(Check.VERSION, may_fail=True):
        await _health(adapter, exam)
    with exam.asking(Check.CREDENTIAL, CREDENTIAL):
        rows = await _rows(adapter, "/api/releases")
        exam.accept()
        exam.may.append(f"use {RELEASES}")
        exam.sample(Check.RELEASES, rows, ReleaseRow)
    if exam.is_let_in:
        await _applications(adapter, exam)
        await exam.fleets(adapter)
    return exam


async def _health(adapter: BuildMaster, exam: Examination) -> None:
    """Without the key, which this route does not ask for."""
    open_to_all = adapter.http.signed(FixedHeaders({}))
    health = payload.decode(exam.source, f"GET {HEALTH}", await open_to_all.get(HEALTH), HealthRow)
    exam.version = health.version_number or health.release_number
    parts = {"database": health.database_status, "license": health.license_status, "service": health.service_status}
    for part in (part for part, status in parts.items() if status not in (None, "OK")):
        exam.warn(Check.VERSION, f"it says that its {part} is in error", "see its administration pages")


async def _applications(adapter: BuildMaster, exam: Examination) -> None:
    with exam.asking(Check.FLEETS):
        try:
            rows = await _rows(adapter, "/api/applications/list")
        except UpstreamRefused:
            message = f"the key lacks {APPLICATIONS}: fleets are made up of what releases tell"
            exam.warn(
                Check.ACCESS, message, f"add the grant {APPLICATIONS}, or applications without releases stay unseen"
            )
            return
        exam.may.append(f"use {APPLICATIONS}")
        exam.sample(Check.FLEETS, rows, ApplicationRow)


async def _rows(adapter: BuildMaster, path: str) -> list[msgspec.Raw]:
    body = await adapter.http.post_form(path, {})
    return payload.decode(adapter.http.source, f"POST {path}", body, list[msgspec.Raw])
