"""The tables of v7: what each resource holds, where it leads and who sees it.

CLOUD is what balena's own types describe; OPEN is what the open-source server of the same API shows instead.
Source: balena-io/balena-sdk src/types/v7.ts; balena-io/open-balena-api src/balena.sbvr.
"""

from __future__ import annotations

from dataclasses import replace

from upstream_mocks.balena.model import catalogue, devices, fleets, releases
from upstream_mocks.balena.model.fields import moment
from upstream_mocks.balena.odata.model import Field, Model, Resource

_CLOUD_ONLY = {
    "application": ("is_discoverable", "is_accessible_by_support_until__date", "is_stored_at__repository_url"),
    "release": ("is_created_by__user",),
    "device": ("belongs_to__user", "is_active", "is_frozen"),
    "device_type": ("is_private",),
    "organization": ("company_name", "website", "industry", "billing_account_code", "is_frozen", "logo_image"),
}
_LABELS = (
    fleets.variables("image_label", "release_image", ("release_image", *releases.RELEASE_IMAGE.owner)),
    fleets.variables("image_environment_variable", "release_image", ("release_image", *releases.RELEASE_IMAGE.owner)),
)
_TABLES = (*fleets.TABLES, *releases.TABLES, *devices.TABLES, *catalogue.TABLES, *_LABELS)
# A release image is a fact, "image is part of release", and answers to the fact's name too.
_SYNONYMS = {"image__is_part_of__release": "release_image"}


def _open(resource: Resource) -> Resource:
    hidden = _CLOUD_ONLY.get(resource.name, ())
    kept = [field for field in resource.fields.values() if field.name not in hidden]
    fields: list[Field] = [*(replace(field, comes_unasked=True) for field in kept), moment("modified_at")]
    return replace(resource, fields={field.name: field for field in fields})


CLOUD = Model({table.name: table for table in _TABLES}, _SYNONYMS)
OPEN = Model({table.name: _open(table) for table in _TABLES}, _SYNONYMS)
