"""Devices: the paged list, single ones by both paths, writes and the orders one can send to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from upstream_mocks.nerveshub import device_list, errors, views
from upstream_mocks.nerveshub.model import Device, Role
from upstream_mocks.nerveshub.visit import Visit, data, no_content

ONLINE = ("connected", "connecting")


def listed(visit: Visit) -> Response:
    lenient = not visit.switches.get("unknown_words_fail", True)
    query = visit.request.query_params
    found = visit.hub.devices_of(visit.product)
    found = device_list.matching(found, visit.nested_query("filters"), visit.hub.today, lenient=lenient)
    column, direction = query.get("sort", "identifier"), query.get("sort_direction", "asc")
    found = device_list.ordered(found, column, direction, lenient=lenient)
    shown, pagination = device_list.page(found, visit.nested_query("pagination"))
    return JSONResponse({"data": [views.device(device) for device in shown], "pagination": pagination})


def shown(visit: Visit) -> Response:
    return data(views.device(visit.device))


def create(visit: Visit) -> Response:
    """Fields at the top level: what is nested under `device` is not read."""
    product, body = visit.product, visit.body
    identifier = body.get("identifier")
    if not isinstance(identifier, str) or not identifier:
        raise errors.invalid(identifier="can't be blank")
    if identifier in visit.hub.devices:
        raise errors.invalid(identifier="has already been taken")
    device = Device(identifier, product)
    _change(device, body)
    visit.hub.devices[identifier] = device
    location = visit.path_to(quote(product.org), "products", quote(product.name), "devices", quote(identifier))
    return data(views.device(device), 201, location)


def update(visit: Visit) -> Response:
    """201, as if it had been created."""
    device = visit.device
    _change(device, visit.body)
    return data(views.device(device), 201)


def delete(visit: Visit) -> Response:
    """Softly: the list forgets it, its own path does not."""
    visit.device.deleted = True
    return no_content()


def order(visit: Visit) -> Response:
    """Reboot and reconnect: sent to the device, nothing is kept."""
    return no_content()


def run_code(visit: Visit) -> Response:
    if not {"code", "body"} & set(visit.body):
        raise errors.bad_request("Send the parameter code or body.")
    return no_content()


def upgrade(visit: Visit) -> Response:
    """One firmware to one device; a device that is there takes it at once."""
    device = visit.device
    if "uuid" not in visit.body:
        raise errors.bad_request("Send the parameter uuid.")
    firmware = device.product.firmware(visit.body["uuid"])
    if firmware is None:
        raise errors.not_found()
    if device.connection_status in ONLINE:
        device.firmware = firmware
    return no_content()


def move(visit: Visit) -> Response:
    """To another product, where it belongs to no group."""
    device, body = visit.device, visit.body
    if not {"new_org_name", "new_product_name"} <= set(body):
        raise errors.bad_request("Send the parameters new_org_name and new_product_name.")
    org = visit.org_named(body["new_org_name"])
    visit.require(Role.MANAGE, org)
    product = org.products.get(str(body["new_product_name"]))
    if product is None:
        raise errors.not_found()
    if product is not device.product:
        device.product, device.group = product, None
    return data(views.device(device))


def leave_penalty_box(visit: Visit) -> Response:
    visit.device.updates_blocked_until = None
    return no_content()


def _change(device: Device, body: dict[str, Any]) -> None:
    tags = _tags(body["tags"]) if "tags" in body else device.tags
    description, enabled = body.get("description", device.description), body.get("updates_enabled", True)
    if description is not None and not isinstance(description, str):
        raise errors.invalid(description="is invalid")
    if not isinstance(enabled, bool):
        raise errors.invalid(updates_enabled="is invalid")
    device.tags, device.description = tags, description
    device.updates_enabled = enabled if "updates_enabled" in body else device.updates_enabled


def _tags(value: object) -> list[str] | None:
    """A list, or a text with commas; no tag holds a space."""
    if value is None:
        return None
    tags = [tag.strip() for tag in value.split(",") if tag.strip()] if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise errors.invalid(tags="is invalid")
    if any(" " in tag for tag in tags):
        raise errors.invalid(tags="tags cannot contain spaces")
    return tags
