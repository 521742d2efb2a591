"""Passing: callers' own credentials for upstreams, out of the headers that `[sources.<name>] passthrough` names.

Only those headers, and each to its source alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from resolvers.errors import BadArgument
from resolvers.transport.passed import Passed, passed
from resolvers.upstreams.config import SourceConfig

ONE_WORD = re.compile(r"[\x21-\x7e]{1,8192}")


class Passing:
    """key: what identities are made with. Processes that share a cache need the same."""

    def __init__(self, configs: Mapping[str, SourceConfig], key: bytes):
        self._taken, self._key = headers_of(configs), key

    def brought(self, headers: Mapping[str, str]) -> dict[str, Passed]:
        """By the source's name. Raises BadArgument, which does not repeat what was sent."""
        given = {source: headers[name] for source, name in self._taken.items() if headers.get(name)}
        for source, token in given.items():
            if not ONE_WORD.fullmatch(token):
                raise BadArgument(f"the header {self._taken[source]} should be one word of plain characters: a token")
        return {source: passed(token, self._key) for source, token in given.items()}


def headers_of(configs: Mapping[str, SourceConfig]) -> dict[str, str]:
    """The header of each source that takes one, by the source's name."""
    return {name: config.passthrough for name, config in configs.items() if config.passthrough is not None}
