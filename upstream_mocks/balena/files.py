"""Files of release assets: signed addresses that expire, and the download behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote

from upstream_mocks.balena.clock import Clock
from upstream_mocks.balena.odata.model import Row
from upstream_mocks.balena.store import Store
from upstream_mocks.world import World

LIFETIME = timedelta(hours=24)
_REUSED = timedelta(hours=23)
"How long the same address is handed out again."
_STAMP = "%Y%m%dT%H%M%SZ"
_SHOWN = ("filename", "content_type", "content_disposition", "size", "checksum")


@dataclass(frozen=True, slots=True)
class Files:
    world: World
    clock: Clock
    store: Store

    def shown(self, row: Row, base: str) -> dict[str, Any]:
        """A release asset's file as the API shows it; absent members are left out."""
        asset = row["asset"]
        about = {name: asset[name] for name in _SHOWN if asset.get(name) is not None}
        return {**about, "href": self._href(row["id"], asset["filename"], base)}

    def content(self, asset_id: int, query: str) -> Mapping[str, Any] | None:
        """The file behind a signed address; None when the signature is wrong, spent, or the file gone."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        stamp = given.get("X-Amz-Date", "")
        row = self.store.get("release_asset", asset_id)
        if row is None or row["asset"] is None or given.get("X-Amz-Signature") != self._signature(asset_id, stamp):
            return None
        issued = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        return row["asset"] if self.clock.now < issued + LIFETIME else None

    def _href(self, asset_id: int, filename: str, base: str) -> str:
        windows = (self.clock.now - self.world.now) // _REUSED
        stamp = f"{self.world.now + windows * _REUSED:{_STAMP}}"
        signed = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={stamp}&X-Amz-Expires={int(LIFETIME.total_seconds())}"
        address = f"{base}/files/{asset_id}/{quote(filename, safe='')}"
        return f"{address}?{signed}&X-Amz-SignedHeaders=host&X-Amz-Signature={self._signature(asset_id, stamp)}"

    def _signature(self, asset_id: int, stamp: str) -> str:
        return self.world.hex(64, "balena", "signature", asset_id, stamp)
