"""Examining a Memfault source: the list of organizations tells whether the token is good."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from resolvers.graph.fleet import Fleet
from resolvers.upstreams import payload
from resolvers.upstreams.examination import SAMPLED, Check, Examination, counted, listed
from resolvers.upstreams.memfault.client import Memfault
from resolvers.upstreams.memfault.normalise import Project
from resolvers.upstreams.memfault.rows import ListEnvelope, OrganizationRow, ProjectRow, ReleaseRow

ORGANIZATIONS = "/api/v0/organizations"
CREDENTIAL = "give it an organization token, or with email that user's API key; a project key does not do"
TRIED = 3
"Projects that are asked until one has a release."


async def examine(adapter: Memfault) -> Examination:
    """A handful of calls: organizations, their projects, and some releases of one project."""
    exam = Examination(adapter.http.source)
    with exam.asking(Check.CREDENTIAL, CREDENTIAL):
        rows = await _rows(adapter, ORGANIZATIONS)
        exam.accept()
        exam.version = "API v0"
        slugs = [payload.decode(exam.source, f"GET {ORGANIZATIONS}", row, OrganizationRow).slug for row in rows]
        exam.may.append(f"read {counted(len(slugs), 'organization')}: {listed(slugs)}")
    if exam.is_let_in:
        await _sample(adapter, exam, await exam.fleets(adapter))
    return exam


async def _sample(adapter: Memfault, exam: Examination, fleets: Sequence[Fleet]) -> None:
    projects = [project for fleet in fleets if (project := Project.of(fleet.native_id))]
    for project in projects[:1]:
        with exam.asking(Check.FLEETS):
            exam.sample(Check.FLEETS, await _rows(adapter, _projects(project)), ProjectRow)
    with exam.asking(Check.RELEASES):
        exam.sample(Check.RELEASES, await _releases(adapter, projects[:TRIED]), ReleaseRow)


async def _releases(adapter: Memfault, projects: Sequence[Project]) -> list[msgspec.Raw]:
    """Of the first project that has any."""
    for project in projects:
        rows = await _rows(adapter, f"{_projects(project)}/{quote(project.slug, safe='')}/releases")
        if rows:
            return rows
    return []


async def _rows(adapter: Memfault, path: str) -> list[msgspec.Raw]:
    """The first page."""
    body = await adapter.http.get(f"{path}?page=1&per_page={SAMPLED}")
    envelope = payload.decode(adapter.http.source, f"GET {path}", body, ListEnvelope)
    return payload.decode(adapter.http.source, f"GET {path}", envelope.data, list[msgspec.Raw])


def _projects(project: Project) -> str:
    return f"{ORGANIZATIONS}/{quote(project.organization, safe='')}/projects"
