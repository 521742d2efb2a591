"""Audit: known vulnerabilities of everything we pin, as OSV knows them.

    python deploy/audit.py

Ends with 0 when none is known, 1 when some are, 2 when nobody could be asked: that is not the same as none. pip-audit
does the asking, in an environment of its own, since it would bring thirty packages into ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PINS = Path(__file__).parent.parent / "requirements" / "dev.txt"
"What runs, and what only builds and tests."

UV = str(Path(sys.executable).with_name("uv"))
ASK = (UV, "tool", "run", "pip-audit==2.10.1", "--vulnerability-service", "osv", "--format", "json")
OF_PINS = ("--disable-pip", "--no-deps", "--progress-spinner", "off", "--requirement", str(PINS))


def main(command: Sequence[str] = (*ASK, *OF_PINS)) -> int:
    """The exit code. command: prints pip-audit's JSON, or nothing when it could not ask."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    except OSError as error:
        return _unknown(f"{command[0]}: {error.strerror}")
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _unknown((done.stderr.strip().splitlines() or ["no answer"])[-1])
    found = list(_found(packages))
    _say(*found, f"{len(packages)} packages asked about, {len(found)} known vulnerabilities")
    return 1 if found else 0


def _found(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for one in package.get("vulns", ()):
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            yield f"{package['name']} {package['version']}: {one['id']}; fixed in {fixed}"


def _unknown(reason: str) -> int:
    _say("nothing was audited: the data on vulnerabilities could not be reached, so nobody knows whether there are any")
    _say(f"  {reason}")
    return 2


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
