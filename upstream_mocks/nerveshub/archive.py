"""A `.fw` file as uploaded: one part of a form, holding a zip with `meta.conf` and its signature.

Only the presence of a signature is checked. ESP-IDF images are not read: they are an unrecognised format here.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from email import message_from_bytes
from email.policy import HTTP
from uuid import UUID

from upstream_mocks.nerveshub import errors


def part(content_type: str, body: bytes, name: str) -> bytes | None:
    """The content of the part of that name; None when the form has none."""
    if not content_type.startswith("multipart/form-data"):
        return None
    form = message_from_bytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body, policy=HTTP)
    for each in form.iter_parts():
        if each.get_param("name", header="content-disposition") == name:
            content = each.get_payload(decode=True)
            return content if isinstance(content, bytes) else None
    return None


def metadata(content: bytes) -> dict[str, str]:
    """The `meta-` lines of the archive by name without the prefix, and its uuid. Raises RefusedError 422."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            names, conf = opened.namelist(), opened.read("meta.conf")
    except (zipfile.BadZipFile, KeyError):
        raise errors.unprocessable("The file is of no format this server recognises.") from None
    if "meta.conf.ed25519" not in names:
        raise errors.unprocessable("The firmware is not signed by a key of the organization.")
    lines = re.findall(r'^meta-([a-z-]+)\s*=\s*"?(.*?)"?\s*$', conf.decode(), re.MULTILINE)
    # fwup derives the uuid from the metadata: the same file always has the same one.
    return {"uuid": str(UUID(bytes=hashlib.sha256(conf).digest()[:16], version=4)), **dict(lines)}
