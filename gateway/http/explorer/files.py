"""What the explorer's pages are made of: browser files copied out of npm packages, and our own beside this module.

The copies come from build.py into assets/, which git ignores. The builds that GraphiQL 4.1 ships ready for a browser
are used because 5.x needs a bundler. Everything is read once and kept: 1.9 MB, and 0.7 MB zipped.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

HERE = Path(__file__).parent
ASSETS = HERE / "assets"

COPIED = {
    "react.production.min.js": "react/umd/react.production.min.js",
    "react-dom.production.min.js": "react-dom/umd/react-dom.production.min.js",
    "graphiql.min.js": "graphiql/graphiql.min.js",
    "graphiql.min.css": "graphiql/graphiql.min.css",
    "graphiql-plugin-explorer.js": "@graphiql/plugin-explorer/dist/index.umd.js",
    "graphiql-plugin-explorer.css": "@graphiql/plugin-explorer/dist/style.css",
}
"Our name of each file, and where its package keeps it below node_modules."

LICENCES = "LICENCES.txt"
"The licence texts of all packages above and of what is bundled in them."

STAMP = "stamp"
"Written when all of them are there; says from which lock file."

OWN = ("explorer.js", "plan.js", "explorer.css")

_TYPES = {".js": "text/javascript", ".css": "text/css", ".txt": "text/plain"}


@dataclass(frozen=True)
class BrowserFile:
    body: bytes
    media_type: str

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.body, compresslevel=6, mtime=0)


def has_all(assets: Path = ASSETS) -> bool:
    return all((assets / name).is_file() for name in (*COPIED, LICENCES, STAMP))


@lru_cache(maxsize=1)
def served(assets: Path) -> dict[str, BrowserFile]:
    """Every browser file by its name in the URL. Raises FileNotFoundError when the folder was not filled."""
    paths = [assets / name for name in (*COPIED, LICENCES)] + [HERE / name for name in OWN]
    return {path.name: BrowserFile(path.read_bytes(), _TYPES[path.suffix]) for path in paths}


@lru_cache(maxsize=1)
def version(assets: Path) -> str:
    """Twelve hex digits that change when a byte of any browser file does."""
    digest = hashlib.sha256()
    for name, file in served(assets).items():
        digest.update(name.encode() + file.body)
    return digest.hexdigest()[:12]


@lru_cache(maxsize=1)
def starters() -> str:
    """The starter queries as a JSON list of `{"title", "about", "query"}`, in order of their file names."""
    return json.dumps([_starter(path) for path in sorted((HERE / "queries").glob("*.graphql"))], ensure_ascii=False)


def _starter(path: Path) -> dict[str, str]:
    query = path.read_text(encoding="utf-8")
    title = path.stem.partition("-")[2].replace("-", " ").capitalize()
    return {"title": title, "about": " ".join(_leading_comment(query)), "query": query}


def _leading_comment(query: str) -> Iterator[str]:
    for line in query.splitlines():
        if not line.startswith("#"):
            return
        yield line.removeprefix("#").strip()
