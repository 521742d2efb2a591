"""Organizations, users, device types: what everything else points to."""

from __future__ import annotations

from datetime import UTC, datetime

from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.store import Store
from upstream_mocks.world import ORGANIZATION, PARTNER, World

HOST_ORGANIZATION = "balena_os"
STRANGERS = "open-weather"
_BORN = datetime(2024, 5, 2, 8, 15, 30, 417_203, tzinfo=UTC)
_MEMBERS = {"demo": (ORGANIZATION, PARTNER), "partner": (PARTNER,)}
_AUTHORS = ("ada", "grace", "linus", "margaret")
_ARCHITECTURES = ("rpi", "armv7hf", "aarch64", "i386-nlp", "i386", "amd64")
_DEVICE_TYPES = (
    ("raspberrypi4-64", "Raspberry Pi 4 (using 64bit OS)", "aarch64", "raspberrypi4"),
    ("raspberrypi5", "Raspberry Pi 5", "aarch64", None),
    ("beaglebone-green", "BeagleBone Green", "armv7hf", None),
    ("raspberry-pi", "Raspberry Pi (v1 / Zero / Zero W)", "rpi", "raspberrypi"),
    ("genericx86-64-ext", "Generic x86_64 (GPT)", "amd64", None),
    ("intel-nuc", "Intel NUC", "amd64", "nuc"),
)


def furnish(store: Store, world: World) -> None:
    store.add("application_type", {"name": "Microservices", "slug": "microservices", "created_at": _BORN})
    for handle in (ORGANIZATION, PARTNER, HOST_ORGANIZATION, STRANGERS):
        store.add("organization", {"name": handle.replace("-", " ").title(), "handle": handle, "created_at": _BORN})
    for name in (*_MEMBERS, *_AUTHORS):
        _add_user(store, name)
    _add_device_types(store)


def add_actor(store: Store) -> int:
    return int(store.add("actor", {"created_at": _BORN})["id"])


def the(store: Store, resource: str, column: str, value: object) -> Row:
    """The one row whose column has the value."""
    (row,) = store.by(resource, column, value)
    return row


def _add_user(store: Store, name: str) -> None:
    user = store.add("user", {"username": name, "actor": add_actor(store), "created_at": _BORN})
    for handle in _MEMBERS.get(name, ()):
        organization = the(store, "organization", "handle", handle)["id"]
        row = {"user": user["id"], "is_member_of__organization": organization, "created_at": _BORN}
        store.add("organization_membership", row)


def _add_device_types(store: Store) -> None:
    for slug in _ARCHITECTURES:
        store.add("cpu_architecture", {"slug": slug, "created_at": _BORN})
    for slug, name, architecture, alias in _DEVICE_TYPES:
        of = the(store, "cpu_architecture", "slug", architecture)["id"]
        contract = {"slug": slug, "name": name, "type": "hw.device-type", "data": {"arch": architecture}}
        row = {"slug": slug, "name": name, "is_of__cpu_architecture": of, "contract": contract, "created_at": _BORN}
        device_type = store.add("device_type", row)
        for spelled in filter(None, (slug, alias)):
            about = {"is_referenced_by__alias": spelled, "references__device_type": device_type["id"]}
            store.add("device_type_alias", {**about, "created_at": _BORN})
