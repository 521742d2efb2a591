"""What a device is told to install: asked with the key of its project, answered bare or with 204."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.responses import JSONResponse, PlainTextResponse, Response

from upstream_mocks.memfault import auth, errors, views
from upstream_mocks.memfault.model import Artifact, Cohort, Deployment, Project, Release
from upstream_mocks.memfault.versions import natural_key
from upstream_mocks.memfault.visit import Visit, no_content


@dataclass(frozen=True, slots=True)
class Question:
    project: Project
    cohort: Cohort
    serial: str
    hardware: str
    current: str


def release(visit: Visit) -> Response:
    """The release with this hardware's artifact only, and with facts no other route tells."""
    question = _question(visit)
    chosen = _choice(question)
    if chosen is None:
        return no_content()
    told = views.release(chosen.release, visit, question.project)
    told |= {
        "artifacts": [views.artifact(_payload(chosen.release, question), visit)],
        "must_pass_through": chosen.release.must_pass_through,
        "is_delta": chosen.delta is not None,
        "is_downgrade": natural_key(chosen.release.version) < natural_key(question.current),
        "is_forced": False,
        "display_name": "",
        "reason": "",
    }
    return JSONResponse(told)


def url(visit: Visit) -> Response:
    question = _question(visit)
    chosen = _choice(question)
    if chosen is None:
        return no_content()
    return PlainTextResponse(views.file_url(_payload(chosen.release, question), visit))


def _question(visit: Visit) -> Question:
    project = auth.project_of_key(visit.request, visit.cloud)
    hardware, kind = visit.query.get("hardware_version"), visit.query.get("software_type")
    serial = visit.query.get("device_serial")
    if hardware not in project.hardware_versions or hardware is None or kind != project.software_type or not serial:
        raise errors.invalid("A known hardware_version, a known software_type and a device_serial are required")
    device = project.devices.get(serial)
    cohort = device.cohort if device else project.cohorts["default"]
    return Question(project, cohort, serial, hardware, visit.query.get("current_version", ""))


def _choice(question: Question) -> Deployment | None:
    """A delta from just this version, else the lowest that must be passed through, else the highest above it."""
    reaching = [each for each in question.project.deployments_to(question.cohort) if _reaches(each, question)]
    deltas = [each for each in reaching if each.delta and each.delta[0] == question.current]
    if deltas:
        return deltas[0]
    full = sorted(
        (each for each in reaching if each.delta is None and _is_above(each.release, question)),
        key=lambda each: natural_key(each.release.version),
    )
    if not full and question.cohort.bypass_version_checks:
        full = [each for each in reaching if each.delta is None and each.release.version != question.current][:1]
    passing = [each for each in full if each.release.must_pass_through]
    return next(iter(passing), full[-1] if full else None)


def _reaches(deployment: Deployment, question: Question) -> bool:
    """Active, with a file for this hardware, and the device is in the share a staged rollout reaches."""
    if not deployment.is_active or not _payloads(deployment.release, question):
        return False
    if deployment.type == "normal":
        return True
    draw = hashlib.sha256(f"{deployment.id}/{question.serial}".encode()).digest()[0] * 100 // 256
    return draw < deployment.rollout_percent


def _is_above(release: Release, question: Question) -> bool:
    return not question.current or natural_key(release.version) > natural_key(question.current)


def _payloads(release: Release, question: Question) -> list[Artifact]:
    firmware = [each for each in release.artifacts if each.type == "firmware"]
    return [each for each in firmware if each.hardware_version == question.hardware]


def _payload(release: Release, question: Question) -> Artifact:
    return _payloads(release, question)[0]
