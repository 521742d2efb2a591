"""Fleets (`application`) and what belongs to them besides releases and devices."""

from __future__ import annotations

from upstream_mocks.balena.model.fields import flag, link, many, moment, part_of, table, text, word
from upstream_mocks.balena.odata.model import Resource

APPLICATION = table(
    "application",
    text("uuid", required=True, least=32, most=32),
    text("app_name", required=True, least=4, most=100),
    text("slug", required=True),
    link("organization", "organization", required=True),
    link("is_for__device_type", "device_type", required=True),
    link("application_type", "application_type", required=True),
    link("actor", "actor", required=True),
    word("is_of__class", "fleet", "block", "app", required=True, default="fleet"),
    flag("should_track_latest_release", default=True),
    link("should_be_running__release", "release"),
    flag("is_host"),
    flag("is_public"),
    flag("is_archived"),
    flag("is_discoverable", default=True),
    moment("is_accessible_by_support_until__date"),
    text("is_stored_at__repository_url"),
    many=(
        *many("release", "belongs_to__application", "owns__release"),
        *many("device", "belongs_to__application", "owns__device"),
        *many("application_tag", "application"),
        *many("service", "application"),
        *many("application_environment_variable", "application"),
        *many("application_config_variable", "application"),
        *many("user__has_direct_access_to__application", "application", "is_directly_accessible_by__user"),
        *many("user__has_direct_access_to__application", "application", "includes__user"),
        *many("application__can_use__application_as_host", "application", "can_use__application_as_host"),
    ),
    uniques=(("uuid",), ("slug",)),
    owner=(),
    is_open=True,
)

SERVICE = table(
    "service",
    part_of("application", "application"),
    text("service_name", required=True, least=1, most=63),
    many=(
        *many("image", "is_a_build_of__service", "is_built_by__image"),
        *many("service_install", "installs__service", "service_install", "is_installed_on__device"),
    ),
    uniques=(("application", "service_name"),),
    owner=("application",),
    is_open=True,
)

APPLICATION_TAG = table(
    "application_tag",
    part_of("application", "application"),
    text("tag_key", required=True, least=1, most=100),
    text("value", required=True, most=1000),
    uniques=(("application", "tag_key"),),
    owner=("application",),
    is_open=True,
)

DIRECT_ACCESS = table(
    "user__has_direct_access_to__application",
    part_of("user", "user"),
    part_of("application", "application"),
    owner=("user",),
    is_writable=False,
)

HOST_USE = table(
    "application__can_use__application_as_host",
    part_of("application", "application"),
    part_of("can_use__application_as_host", "application"),
    owner=("application",),
    is_private=True,
    is_writable=False,
)


def variables(name: str, parent: str, owner: tuple[str, ...]) -> Resource:
    """Environment and configuration variables, labels: a name and a value of a parent."""
    return table(
        name,
        part_of(parent, parent),
        text("name", required=True, least=1),
        text("value", required=True),
        uniques=((parent, "name"),),
        owner=owner,
        is_private=True,
    )


TABLES = (
    APPLICATION, SERVICE, APPLICATION_TAG, DIRECT_ACCESS, HOST_USE,
    variables("application_environment_variable", "application", ("application",)),
    variables("application_config_variable", "application", ("application",)),
)  # fmt: skip
