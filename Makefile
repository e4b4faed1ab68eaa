# `make` lists the tasks. None needs an activated virtual environment.

PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
ENGINE := scripts/container-engine

# A worker of pytest imports every file that it is given, and that takes longer than many a file's tests: so each part of the
# suite is given the files that hold some of it. `tests/architecture` holds that no mark stands where this does not look.
holding = $(shell grep -rlE 'mark\.($(1))\b' $(2) --include='test_*.py')
OF_CORE := tests/core tests/contracts
SHARED_BY_DOORS := tests/orcaops_mcp/views tests/orcaops_mcp/intake
BESIDE_CORE := $(filter-out $(OF_CORE) tests/ui tests/conftest.py,$(wildcard tests/[a-z]*))

# Hundreds of processes start in the tests; without compiled files each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup engine node-tools browser demo check quick static test ready outside crash fuzz soak screenshots format bench lock audit down clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with the locked dependencies (quick when nothing changed)
	@PYTHON=$(PYTHON) scripts/setup

engine: ## a Docker Engine, the images and the registries that tests use
	@$(ENGINE) up
	@$(ENGINE) images
	@$(ENGINE) registry

node-tools: setup ## the MCP Inspector, the conformance suites and the TypeScript SDK
	@scripts/node-tools >/dev/null

browser:
	@scripts/browser >/dev/null

demo: setup ## see it work: real jobs on a real engine
	@$(ENGINE) up
	@$(ENGINE) images --only busybox
	@$(BIN)/python -m orcaops_mcp.demo

check: setup ## format, lint, types, layers, and the quick tests: of the engine without containers, of what doors share
	@$(MAKE) --no-print-directory -j2 static quick

quick:
	@$(PYTEST) -q -n 2 -m "not docker and not node and not slow" $(OF_CORE) tests/architecture $(SHARED_BY_DOORS)

static: setup
	@$(BIN)/ruff format --check -q
	@$(BIN)/ruff check -q
	@found=$$($(BIN)/lint-imports --no-cache 2>&1) || { printf '%s\n' "$$found"; exit 1; }
	@$(BIN)/basedpyright

ready: outside node-tools static audit

outside: engine  # one after the other: both may install packages
	@scripts/browser >/dev/null

test: setup ## everything, with real containers and a real browser
	@$(MAKE) --no-print-directory -j4 ready
	@$(PYTEST) -q -n auto -m covering --cov --cov-report= $(OF_CORE)
	@$(PYTEST) -q -n auto -m "not covering and not docker and not node" $(BESIDE_CORE) $(call holding,slow,$(OF_CORE))
	@$(PYTEST) -q -n auto --dist loadgroup -m "docker or node" tests/contracts $(call holding,docker|node,tests)
	@$(PYTEST) -q -n 2 --dist loadfile -m browser tests/ui
	@$(BIN)/coverage report --skip-covered --fail-under=95 --include='core/*' --omit='core/backends/docker/*'
	@$(BIN)/coverage report --fail-under=100 --include='core/spec/*,core/lifecycle/*,core/records/*'

crash: setup engine ## kill an engine under load a hundred times
	@CRASH_KILLS=100 $(PYTEST) -q tests/faults/test_random_kills.py tests/faults/test_fault_points.py

fuzz: setup ## try everything that takes what others wrote with made-up input, for MINUTES=5
	@$(BIN)/python -W ignore -m tests.fuzz $${MINUTES:-5}

soak: setup ## keep a server under a steady mix of work for MINUTES=3, and see that nothing grows
	@$(BIN)/python -m benchmarks.soak

screenshots: setup browser ## take the dashboard's pictures for the documentation
	@scripts/screenshots

format: setup ## format the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: setup ## measure
	@$(BIN)/python -m benchmarks

lock: setup ## resolve pyproject.toml into requirements-dev.lock
	@$(BIN)/uv pip compile -q --no-emit-index-url --generate-hashes --universal --python-version 3.11 --group dev \
		pyproject.toml -o requirements-dev.lock --custom-compile-command "make lock"

audit: setup ## ask the package index for known vulnerabilities of the locked dependencies
	@scripts/audit

down: ## stop the engine and the registries, if we started them
	@$(ENGINE) down

clean: ## remove everything that can be made again
	@rm -rf .venv .cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
