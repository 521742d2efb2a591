"""`python -m benchmarks.peers <module> <port> <sources as JSON>`: one peer, on the server the gateway has too."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import uvicorn


def main() -> None:
    module, port, sources = sys.argv[1:]
    app = import_module(f"benchmarks.peers.{module}").create(json.loads(sources))
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
