"""The contract with real services, where there are credentials for them: `make test-live`.

Reads only. Without credentials it says which variables it would need, and ends well: nothing was wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.settings import SettingsError
from resolvers.graph.enums import SourceKind
from tests.live.sources import configured

NEEDED: Mapping[SourceKind, str] = {
    SourceKind.BALENA: "BALENA_TOKEN",
    SourceKind.BUILDMASTER: "BUILDMASTER_URL and BUILDMASTER_TOKEN",
    SourceKind.MEMFAULT: "MEMFAULT_TOKEN, with MEMFAULT_EMAIL if it is a user's API key",
    SourceKind.METAKRAFTWERK: "METAKRAFTWERK_EMAIL and METAKRAFTWERK_PASSWORD, or METAKRAFTWERK_TOKEN",
    SourceKind.NERVESHUB: "NERVESHUB_TOKEN",
}
SUITE = Path(__file__).with_name("contract.py")


def main(environ: Mapping[str, str] = os.environ) -> int:
    """0 when all promises hold or there is nobody to ask, 2 for settings that cannot be used, else pytest's own."""
    try:
        sources = configured(environ)
    except SettingsError as error:
        print("test-live: the settings cannot be used:", *error.problems, sep="\n  ", file=sys.stderr)  # noqa: T201
        return 2
    print(asked(sources) if sources else needed())  # noqa: T201
    return int(pytest.main([str(SUITE), "-v", "-p", "no:cacheprovider"])) if sources else 0


def asked(sources: Mapping[str, object]) -> str:
    return f"test-live: asking {', '.join(sources)}; reading only"


def needed() -> str:
    lines = [f"  {kind.name.lower():<14}{variables}" for kind, variables in NEEDED.items()]
    return "\n".join(["test-live: no credentials, nobody to ask. It would need any of:", *lines])


if __name__ == "__main__":
    sys.exit(main())
