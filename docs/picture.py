"""Makes docs/explorer.png, the README's picture: the explorer of a real gateway over the mocks, first starter run.

    python docs/picture.py

Needs Chromium, as the tests do; tests/graph/test_explorer.py takes the same steps.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run as a script, only docs/ is on the path

from gateway.app import create_app  # noqa: E402
from gateway.demo import demo_settings  # noqa: E402
from gateway.http import explorer  # noqa: E402
from tests import browser  # noqa: E402
from tests.conftest import served  # noqa: E402
from upstream_mocks.server import create_mocks  # noqa: E402

PICTURE = ROOT / "docs" / "explorer.png"
WIDTH, HEIGHT = 1400, 1000
QUERY = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.getValue()"
_RESULT = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"


async def run_starter(page: browser.Page, url: str) -> dict[str, Any]:
    """Opens the explorer of the gateway at `url` as at a first visit, runs the first starter, gives what it shows."""
    await page.open(f"{url}/graphql")
    await page.until(f"{QUERY}.includes('query')")
    await page.evaluate("document.querySelector('.graphiql-execute-button').click()")
    await page.until(f"{_RESULT}.includes('\"')")
    answer: dict[str, Any] = json.loads(await page.evaluate(_RESULT))
    return answer


async def take(url: str) -> None:
    async with browser.chromium() as page:
        await page.resize(WIDTH, HEIGHT)
        await run_starter(page, url)
        await page.until("document.querySelector('.result-window .CodeMirror-foldgutter-open')")  # comes a moment later
        await page.screenshot(PICTURE)


def main() -> None:
    if not explorer.has_assets():
        sys.exit("the explorer is not built: make explorer")
    if browser.program() is None:
        sys.exit(browser.MISSING)
    with served(create_mocks()) as mocks, served(create_app(demo_settings(mocks, 8000))) as gateway:
        asyncio.run(take(gateway))
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main()
