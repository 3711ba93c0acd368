# Everything runs in .venv; the first target that needs it makes it. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo run test check check-all bench docs clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.demo  ## one federated sign-in, end to end, on unmodified clients
	@$(BIN)/tenantlab demo --seed $(or $(SEED),1)

run: $(VENV)/.base  ## serve the acme world until Ctrl-C
	@$(BIN)/tenantlab up

test: $(VENV)/.dev  ## the tests (two processes, random order)
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/.dev  ## lint, types, import rules, generated docs, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/docs/generate.py --check
	$(MAKE) test

check-all: $(VENV)/.clients check  ## check, and the larger clients
	$(BIN)/pytest -m "clients or slow"

bench: $(VENV)/.dev  ## measure, as ratios in one run
	$(BIN)/pytest -m bench -s -p no:randomly -p no:xdist

docs: $(VENV)/.dev  ## regenerate docs/reference and pictures, and make the site (build/site)
	$(BIN)/python tests/docs/generate.py
	$(BIN)/python tests/docs/site.py

clean:  ## remove the environment and caches
	rm -rf $(VENV) build .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.base: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.demo: $(VENV)/.base
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.clients: $(VENV)/.dev
	@$(PIP) --editable '.[clients]'
	@touch $@
