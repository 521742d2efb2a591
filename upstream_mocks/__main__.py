"""`python -m upstream_mocks [port]`: the mocks alone; `releasegraph mocks` has the options."""

import sys

import uvicorn

from upstream_mocks.server import create_mocks

if __name__ == "__main__":
    uvicorn.run(create_mocks(), port=int(sys.argv[1]) if len(sys.argv) > 1 else 9400)
