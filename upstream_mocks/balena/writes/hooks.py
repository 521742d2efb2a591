"""Which resource brings which hooks."""

from __future__ import annotations

from upstream_mocks.balena.writes.applications import ApplicationHooks
from upstream_mocks.balena.writes.context import Hooks
from upstream_mocks.balena.writes.devices import DeviceHooks
from upstream_mocks.balena.writes.images import ImageHooks
from upstream_mocks.balena.writes.releases import ReleaseHooks
from upstream_mocks.balena.writes.tags import TagHooks

_PLAIN = Hooks()
_HOOKS: dict[str, Hooks] = {
    "application": ApplicationHooks(),
    "release": ReleaseHooks(),
    "image": ImageHooks(),
    "device": DeviceHooks(),
    "release_tag": TagHooks(),
    "application_tag": TagHooks(),
    "device_tag": TagHooks(),
}


def hooks_of(resource: str) -> Hooks:
    return _HOOKS.get(resource, _PLAIN)
