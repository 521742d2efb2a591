"""The question "what is in these heavy columns": texts too large to come along with every row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from resolvers.loaders.by_key import Batch, Route, by_key
from resolvers.upstreams.port import Upstream

ColumnsKey = tuple[str, str, frozenset[str]]
"(source name, native id, columns by the vendor's own names)"


def columns_by_release(upstreams: Mapping[str, Upstream]) -> Batch:
    """A batch function: one call a source and chunk for each set of columns."""

    async def batch(keys: list[ColumnsKey]) -> list[Mapping[str, Any] | Exception | None]:
        sets = {columns for _, _, columns in keys}
        answers = await asyncio.gather(*(_of(columns, [k[:2] for k in keys if k[2] == columns]) for columns in sets))
        found = {key: value for answer in answers for key, value in answer.items()}
        return [found[key] for key in keys]

    async def _of(columns: frozenset[str], routes: list[Route]) -> dict[ColumnsKey, Any]:
        values = await by_key(upstreams, lambda one, ids: one.columns_by_release_id(ids, columns))(routes)
        return {(*route, columns): value for route, value in zip(routes, values, strict=True)}

    return batch
