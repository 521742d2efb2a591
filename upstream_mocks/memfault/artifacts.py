"""How files come in and go out: prepared uploads, payloads of the command line tool, the older form, signed links."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from upstream_mocks.memfault import deployments, errors, releases, rows, views
from upstream_mocks.memfault.model import Artifact, Cloud, Project, Release, Task, Upload
from upstream_mocks.memfault.visit import Visit, data, key, text

PART_SIZE = 50 * 1024 * 1024


def prepare(visit: Visit) -> Response:
    """Where to put the file, in one piece, and the token to name it by afterwards."""
    _size(visit)
    token = _announce(visit)
    return data({"upload_url": f"{visit.base}uploads/{token}", "token": token})


def prepare_parts(visit: Visit) -> Response:
    count = max(1, -(-_size(visit) // PART_SIZE))
    token = _announce(visit)
    url = f"{visit.base}uploads/{token}"
    parts = [f"{url}?partNumber={number}" for number in range(1, count + 1)]
    return data({"part_urls": parts, "complete_upload_url": f"{url}/complete", "token": token})


def put_bytes(visit: Visit) -> Response:
    """No credential: the address is one. The ETag is the quoted md5, as object stores have it."""
    upload = visit.cloud.uploads.get(visit.params["token"])
    if upload is None:
        raise errors.not_found("Upload", "token", visit.params["token"])
    upload.parts[int(visit.query.get("partNumber", "1"))] = visit.raw
    return Response(headers={"ETag": f'"{hashlib.md5(visit.raw).hexdigest()}"'})  # noqa: S324 - what object stores send


def complete(visit: Visit) -> Response:
    if visit.params["token"] not in visit.cloud.uploads:
        raise errors.not_found("Upload", "token", visit.params["token"])
    return Response()


def add_payload(visit: Visit) -> Response:
    """An uploaded file becomes the firmware of a release, which is made when it is missing. 409: it was there."""
    body, project = visit.body, visit.project
    file, software = _member(body, "file"), _member(body, "software_version")
    upload = visit.cloud.uploads.get(text(file, "token"))
    if upload is None or not upload.parts:
        raise errors.invalid("`file.token` names no finished upload")
    name, hardware = text(file, "name", "firmware.bin"), _hardware(project, text(body, "hardware_version"))
    if isinstance(software.get("version"), list):
        return _add_delta(visit, software["version"], hardware, name, upload.content)
    version = key(software, "version", releases.VERSION)
    release = project.releases.get(version)
    if release is not None and _firmware_for(release, hardware):
        raise errors.conflict(f"Artifact for hardware version `{hardware}` already exists")
    if release is None:
        fields = {"revision": software.get("revision", ""), "notes": body.get("notes", "")}
        release = releases.add(visit, project, version, {**fields, "extra_info": body.get("extra_info")})
    release.must_pass_through = bool(body.get("must_pass_through", release.must_pass_through))
    made = _artifact(visit, release, "firmware", hardware, name, upload.content)
    return _accepted(visit, lambda: release.artifacts.append(made))


def add_form(visit: Visit) -> Response:
    """The older way: one form with the file. Worked off in a queue, `Location` names the task."""
    release, form = visit.release, _form(visit)
    file = form.get("file")
    if file is None:
        raise errors.invalid("The form has no part `file`")
    fields = {name: content.decode() for name, (_, content) in form.items() if name != "file"}
    hardware = _hardware(visit.project, fields.get("hardware_version"))
    kind = fields.get("type", "firmware")
    if kind not in ("firmware", "symbols"):
        raise errors.invalid("`type` must be firmware or symbols")
    if kind == "firmware" and _firmware_for(release, hardware):
        raise errors.conflict(f"Artifact for hardware version `{hardware}` already exists")
    made = _artifact(visit, release, kind, hardware, file[0], file[1])
    made.build_id = fields.get("build_id", "")
    return _accepted(visit, lambda: release.artifacts.append(made))


def queue(visit: Visit) -> Response:
    """Bare. PENDING as often as the switch `queue_pending_polls` says, then the work shows."""
    task = visit.cloud.tasks.get(visit.params["task"])
    if task is None:
        raise errors.not_found("Task", "id", visit.params["task"])
    if task.polls_left:
        task.polls_left -= 1
        return JSONResponse({"status": "PENDING"})
    _finish(task)
    return JSONResponse({"status": "SUCCESS"})


def stored_file(cloud: Cloud) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        wanted = request.path_params["id"]
        for artifact in _all(cloud):
            if artifact.id == wanted and request.query_params.get("Signature") == views.signature(artifact):
                return Response(artifact.content, media_type="application/octet-stream")
        return Response(status_code=403)

    return answer


def _add_delta(visit: Visit, versions: list[object], hardware: str, name: str, content: bytes) -> Response:
    """A payload from one release to another; that both must be there is unconfirmed."""
    release, pair = deployments.release_asked(visit.project, versions)
    assert pair is not None
    payloads = visit.project.deltas.setdefault(pair, {})
    if hardware in payloads:
        raise errors.conflict(f"Artifact for hardware version `{hardware}` already exists")
    made = _artifact(visit, release, "firmware", hardware, name, content)
    return _accepted(visit, lambda: payloads.setdefault(hardware, made))


def _announce(visit: Visit) -> str:
    token = f"upload-{visit.cloud.next_id('upload')}"
    visit.cloud.uploads[token] = Upload()
    return token


def _size(visit: Visit) -> int:
    size = visit.body.get("size")
    if not isinstance(size, int) or size < 0:
        raise errors.invalid("`size` must be the number of bytes")
    text(visit.body, "kind")
    return size


def _artifact(visit: Visit, release: Release, kind: str, hardware: str, name: str, content: bytes) -> Artifact:
    made = rows.artifact(visit.cloud, release, kind, hardware, name, content)
    made.created_date = made.updated_date = visit.cloud.write_time()
    return made


def _accepted(visit: Visit, work: Callable[[], object]) -> Response:
    number = visit.cloud.next_id("task")
    task = Task(int(visit.switches.get("queue_pending_polls", 0)), work)
    visit.cloud.tasks[f"task-{number}"] = task
    if not task.polls_left:
        _finish(task)
    return Response(status_code=202, headers={"Location": f"{visit.base}api/v0/queue/task-{number}"})


def _finish(task: Task) -> None:
    if task.work is not None:
        task.work()
    task.work = None


def _hardware(project: Project, name: object) -> str:
    if not isinstance(name, str) or name not in project.hardware_versions:
        raise errors.not_found("HardwareVersion", "name", name)
    return name


def _firmware_for(release: Release, hardware: str) -> bool:
    return any(each.type == "firmware" and each.hardware_version == hardware for each in release.artifacts)


def _member(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise errors.invalid(f"`{name}` must be an object")
    return value


def _form(visit: Visit) -> dict[str, tuple[str, bytes]]:
    """Parts by name, each with its filename and content."""
    kind = visit.request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise errors.invalid("A form is expected")
    form = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + visit.raw, policy=HTTP)
    parts = {}
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        parts[str(name)] = (part.get_filename() or "", content if isinstance(content, bytes) else b"")
    return parts


def _all(cloud: Cloud) -> list[Artifact]:
    return [
        artifact
        for organization in cloud.organizations.values()
        for project in organization.projects.values()
        for release in project.releases.values()
        for artifact in release.artifacts
    ]
