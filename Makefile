# Every target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.turnout-$(shell cat requirements.lock pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
BUS ?= local
WORKERS ?= 2
SECONDS ?= 60
SEED ?= 1
# In CI a test that fails has a second try, shown with its traceback: what a starved machine does to
# thousands of tests of real processes must not refuse a change. More than a few still do.
RERUNS := $(if $(CI),--reruns 1 --max-suite-reruns 4 --rerun-show-tracebacks)

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Make .venv with everything pinned (Python 3.11 or newer)

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Turnout needs Python 3.11 or newer: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) (once; a minute or two) …"
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: setup ## Run the main job once, start to end (BUS=kafka: over Apache Kafka)
	@$(BIN)/turnout demo --bus $(BUS)

.PHONY: dev
dev: setup ## Everything in one process on http://127.0.0.1:8080
	@$(BIN)/turnout dev

.PHONY: test
test: setup lint ## All checks and all tests
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup $(RERUNS)

.PHONY: chaos
chaos: setup ## Faults on real processes, drawn by SEED, for SECONDS (needs Java and Maven)
	@$(BIN)/python -m tests.chaos.run --seconds $(SECONDS) --seed $(SEED)

.PHONY: mutants
mutants: setup ## Take each safety away in its turn: the faults must show it (needs Java and Maven)
	@$(BIN)/python -m tests.chaos.mutants

.PHONY: lint
lint: setup ## Formatting, lint, types, import law
	@$(BIN)/ruff format --check --quiet . || \
		{ echo "Some files are not formatted: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@out=$$($(BIN)/lint-imports --no-logo --no-cache 2>&1) || { echo "$$out"; exit 1; }

.PHONY: format
format: setup ## Format the code
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

.PHONY: kafka
kafka: setup ## Run one Apache Kafka node (needs Java and Maven) until Ctrl-C
	@$(BIN)/python infra/kafka/broker.py

.PHONY: schema
schema: setup ## Write shared/db/schema.sql anew from the migrations
	@$(BIN)/python -m tests.migration.dump

.PHONY: audit
audit: setup ## Look for known faults of everything that is pinned (asks PyPI)
	@$(PYTHON) -m venv --clear $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@for lock in requirements.lock infra/runtime.lock; do \
		$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || exit 1; done

.PHONY: client
client: setup ## Write shared/client/api anew from the API's routes
	@$(BIN)/python -m tests.contract.client_modules

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --upgrade --custom-compile-command "make lock" pyproject.toml

.PHONY: lock
lock: setup ## Pin the dependencies anew
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) --all-extras --group dev --output-file requirements.lock
	@$(LOCK) --output-file infra/runtime.lock

.PHONY: clean
clean: ## Remove what was made here, .venv and the data of `turnout dev` included
	@rm -rf $(VENV) .turnout .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
