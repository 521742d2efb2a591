"""Who and what there is before any fleet: organizations, users, types of devices. Read-only here."""

from __future__ import annotations

from upstream_mocks.balena.model.fields import document, flag, link, many, part_of, table, text
from upstream_mocks.balena.odata.model import Resource

ORGANIZATION = table(
    "organization",
    text("name", required=True),
    text("handle", required=True),
    text("company_name"),
    text("website"),
    text("industry"),
    text("billing_account_code"),
    flag("is_frozen"),
    text("logo_image"),
    many=(
        *many("application", "organization"),
        *many("organization_membership", "is_member_of__organization", "organization_membership", "includes__user"),
    ),
    uniques=(("handle",),),
    is_writable=False,
)

MEMBERSHIP = table(
    "organization_membership",
    part_of("user", "user"),
    part_of("is_member_of__organization", "organization"),
    uniques=(("user", "is_member_of__organization"),),
    owner=("is_member_of__organization",),
    is_writable=False,
)

USER = table(
    "user",
    text("username", required=True),
    link("actor", "actor", required=True),
    many=(
        *many("organization_membership", "user", "organization_membership", "is_member_of__organization"),
        *many("user__has_direct_access_to__application", "user", "has_direct_access_to__application"),
    ),
    uniques=(("username",),),
    is_writable=False,
)

ACTOR = table("actor", is_writable=False)


def open_table(resource: Resource) -> Resource:
    """The same table, readable without a credential and written by nobody."""
    return Resource(
        resource.name, resource.fields, resource.many, resource.uniques, (), is_open=True, is_writable=False
    )


DEVICE_TYPE = open_table(
    table(
        "device_type",
        text("slug", required=True),
        text("name", required=True),
        link("is_of__cpu_architecture", "cpu_architecture", required=True),
        link("belongs_to__device_family", "device_family"),
        text("logo"),
        document("contract"),
        flag("is_private"),
        many=(
            *many("device_type_alias", "references__device_type", "device_type_alias", "is_referenced_by__alias"),
            *many("application", "is_for__device_type", "is_default_for__application"),
            *many("device", "is_of__device_type", "describes__device"),
        ),
        uniques=(("slug",),),
    )
)

DEVICE_TYPE_ALIAS = open_table(
    table(
        "device_type_alias",
        text("is_referenced_by__alias", required=True),
        part_of("references__device_type", "device_type"),
        uniques=(("is_referenced_by__alias",),),
    )
)

CPU_ARCHITECTURE = open_table(
    table(
        "cpu_architecture",
        text("slug", required=True),
        many=(
            *many("device_type", "is_of__cpu_architecture", "is_supported_by__device_type", "supports__device_type"),
        ),
        uniques=(("slug",),),
    )
)

DEVICE_FAMILY = table("device_family", text("slug"), text("name"), uniques=(("slug",),), is_writable=False)

APPLICATION_TYPE = table(
    "application_type",
    text("name", required=True),
    text("slug", required=True),
    text("description"),
    flag("supports_multicontainer", default=True),
    flag("supports_web_url"),
    flag("is_legacy"),
    flag("requires_payment"),
    many=many("application", "application_type"),
    uniques=(("slug",),),
    is_writable=False,
)

TABLES = (
    ORGANIZATION, MEMBERSHIP, USER, ACTOR, DEVICE_TYPE, DEVICE_TYPE_ALIAS, CPU_ARCHITECTURE, DEVICE_FAMILY,
    APPLICATION_TYPE,
)  # fmt: skip
