"""Firmware files: list, show, upload, delete, download."""

from __future__ import annotations

from urllib.parse import quote

from semver import Version
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from upstream_mocks.nerveshub import archive, errors, views
from upstream_mocks.nerveshub.model import Firmware, Product
from upstream_mocks.nerveshub.visit import Visit, data, no_content

UPLOAD_MAX_SIZE = 200 * 1024 * 1024


def listed(visit: Visit) -> Response:
    """By semantic version descending, then newest first; build metadata does not count, as SemVer has it."""
    newest_first = sorted(visit.product.firmwares, key=lambda firmware: firmware.inserted_at, reverse=True)
    ordered = sorted(newest_first, key=lambda firmware: Version.parse(firmware.version), reverse=True)
    return data([views.firmware(firmware, visit.product, visit.switches) for firmware in ordered])


def shown(visit: Visit) -> Response:
    return data(views.firmware(_asked(visit), visit.product, visit.switches))


def download(visit: Visit) -> Response:
    """302 to the file itself; the storage's real address is unconfirmed, ours is this server's own."""
    base = f"{visit.request.base_url}storage/{visit.product.org}"
    return RedirectResponse(f"{base}/{_asked(visit).uuid}.fw", status_code=302)


async def stored_file(request: Request) -> Response:
    """What the storage hands out, to anyone who knows the address."""
    content = f"firmware {request.path_params['name']}\n".encode()
    return Response(content, media_type="application/octet-stream")


def delete(visit: Visit) -> Response:
    firmware = _asked(visit)
    used = [release.firmware for group in visit.product.groups.values() for release in group.releases]
    if firmware in used:
        raise errors.invalid(deployment_releases="Firmware has associated deployment releases")
    visit.product.firmwares.remove(firmware)
    return no_content()


def upload(visit: Visit) -> Response:
    if len(visit.raw) > visit.switches.get("firmware_upload_max_size", UPLOAD_MAX_SIZE):
        raise errors.RefusedError(413, {"detail": "Request Entity Too Large"})
    content = archive.part(visit.request.headers.get("content-type", ""), visit.raw, "firmware")
    if content is None:
        raise errors.unprocessable("No firmware uploaded")
    product, meta = visit.product, archive.metadata(content)
    _check_fits(product, meta)
    firmware = _received(visit, meta)
    _check_is_new(product, firmware)
    product.firmwares.append(firmware)
    location = visit.path_to(quote(product.org), "products", quote(product.name), "firmwares", firmware.uuid)
    return data(views.firmware(firmware, product, visit.switches), 201, location)


def _received(visit: Visit, meta: dict[str, str]) -> Firmware:
    return Firmware(
        uuid=meta["uuid"],
        version=meta["version"],
        architecture=meta.get("architecture", ""),
        platform=meta.get("platform", ""),
        author=meta.get("author"),
        tool="fwup",
        inserted_at=visit.hub.write_time(),
        description=meta.get("description"),
        vcs_identifier=meta.get("vcs-identifier"),
    )


def _check_fits(product: Product, meta: dict[str, str]) -> None:
    declared = meta.get("product")
    if declared != product.name:
        raise errors.unprocessable(f"The firmware is of the product {declared}, not of {product.name}.")
    if not Version.is_valid(meta.get("version", "")):
        raise errors.unprocessable(f"The version {meta.get('version')} is no semantic version.")


def _check_is_new(product: Product, firmware: Firmware) -> None:
    if product.firmware(firmware.uuid):
        raise errors.invalid(uuid="has already been taken")
    same = [
        other
        for other in product.firmwares
        if (other.version, other.platform, other.architecture)
        == (firmware.version, firmware.platform, firmware.architecture)
    ]
    if same and product.require_unique_firmware_version:
        raise errors.invalid(version="has already been taken")


def _asked(visit: Visit) -> Firmware:
    firmware = visit.product.firmware(visit.params["uuid"])
    if firmware is None:
        raise errors.not_found()
    return firmware
