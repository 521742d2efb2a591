# make demo: everything running, with nothing but Python >= 3.11. make test: every test. The rest is listed by make help.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
MOCK_PORT ?= 9400
SOAK_MINUTES ?= 30
export PORT MOCK_PORT
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test test-live lint format schema explorer bench soak audit pins clean

help:
	@echo 'make demo      the mocks and the gateway, on PORT ($(PORT)) and MOCK_PORT ($(MOCK_PORT))'
	@echo 'make test      every test'
	@echo 'make test-live reads real services, where their credentials are in the environment, and says what it needs'
	@echo 'make lint      ruff, mypy, import rules'
	@echo 'make format    ruff, in place'
	@echo 'make schema    schema.graphql anew from the code'
	@echo 'make explorer  the browser files of the explorer, from npm packages'
	@echo 'make bench     what a request costs here and beside others: docs/benchmarks.md'
	@echo 'make soak      SOAK_MINUTES ($(SOAK_MINUTES)) of questions while upstreams fail: does it come out as it went in'
	@echo 'make audit     asks whether what is pinned has known vulnerabilities'
	@echo 'make pins      requirements/*.txt anew from pyproject.toml'

demo: $(VENV)/runtime
	@$(BIN)/python -m gateway.http.explorer.build --optional
	@$(BIN)/releasegraph demo

test: $(VENV)/dev
	@$(BIN)/python -m gateway.http.explorer.build --optional
	$(BIN)/python -m tests.halves

test-live: $(VENV)/dev
	@$(BIN)/python -m tests.live

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: $(VENV)/runtime
	$(BIN)/releasegraph schema print > schema.graphql

explorer: $(VENV)/runtime
	$(BIN)/python -m gateway.http.explorer.build

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

soak: $(VENV)/dev
	$(BIN)/python -m benchmarks.soak --minutes $(SOAK_MINUTES)

audit: $(VENV)/dev
	@$(BIN)/python deploy/audit.py

pins: $(VENV)/dev
	$(BIN)/uv pip compile -q pyproject.toml --universal --no-annotate --no-header -o requirements/runtime.txt --upgrade
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --no-annotate --no-header -o requirements/dev.txt --upgrade

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'releasegraph needs Python 3.11 or newer: make PYTHON=/path/to/python3.11'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install -q -r requirements/runtime.txt
	$(BIN)/pip install -q --no-deps -e .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/runtime
	$(BIN)/pip install -q -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) build/node docs/federation/node_modules gateway/http/explorer/assets .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
