# Two commands matter: `make demo` and `make test`. Everything is installed into .venv; only Python 3.11+ and make are needed.
PYTHON ?= python3
EVENTS ?= 50000
DAYS ?= 7
SEED ?= 42
BIN := .venv/bin
UV ?= $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python
CODE := event_contract beam_pipeline producer local_platform

.DEFAULT_GOAL := help
.PHONY: help fuzz setup setup-all demo up status down test test-fast lint format generate lock bench bench-full bench-warehouse mutate clean airflow airflow-check

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11: install Python 3.11 or newer, or name one with PYTHON=…"; exit 2; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

$(BIN)/uv: | $(BIN)/python
	@echo "Fetching uv with pip"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/.%.stamp: requirements/%.txt | $(BIN)/python $(UV)
	@echo "Installing $* ($$(grep -c '^[a-z0-9].*==' $<) packages)"
	@$(INSTALL) --require-hashes -r $<
	@touch $@

.venv/.lake.stamp: pyproject.toml setup.py | .venv/.ingestion.stamp
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/.ingestion.stamp .venv/.warehouse.stamp .venv/.lake.stamp ## Install what the demo needs, and the lake command
setup-all: setup .venv/.dev.stamp .venv/.orchestration.stamp ## Install what tests and linters need, too

demo: setup ## From nothing to a report: EVENTS=50000 DAYS=7 SEED=42
	@$(BIN)/lake demo --events $(EVENTS) --days $(DAYS) --seed $(SEED)

up: setup ## Start Pub/Sub and the ingestion job in the background
	@$(BIN)/lake up

status: setup ## Show what runs, and what is in the lake
	@$(BIN)/lake status

down: ## Stop what `make up` started
	@$(BIN)/lake down

airflow: setup .venv/.orchestration.stamp ## Airflow on the demo's lake, with the DAG unpaused, until Ctrl-C
	@$(BIN)/python -m local_platform.airflow start

airflow-check: setup-all ## Scheduled, manual and backfill runs through a real scheduler, with a picture of the graph
	@$(BIN)/python -m local_platform.airflow check

test: setup-all ## Run all tests
	@$(BIN)/pytest -n 2 --dist worksteal

test-fast: setup-all ## Run the tests that need no other program: seconds
	@$(BIN)/pytest -q tests/event_contract tests/beam_pipeline/unit

lint: setup-all ## Check format, types, SQL and generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m event_contract.generate --check

format: setup-all ## Format the Python code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

generate: setup ## Renew what follows from the event contract
	@$(BIN)/python -m event_contract.generate

bench-warehouse: setup-all ## Measure the warehouse: a million events from empty, one changed day, growing history
	@$(BIN)/python -m benchmarks.bench_warehouse

mutate: setup-all ## Break every dbt model and count the breaks that no test notices
	@$(BIN)/python -m benchmarks.mutate_warehouse

fuzz: setup-all ## Thousands of damaged messages through the whole path, from bytes to files
	@FUZZ_CASES=5000 $(BIN)/pytest -q tests/faults/test_bytes_to_files.py tests/event_contract/test_properties.py

bench: setup-all ## Measure the ingestion against its rivals: a quarter of an hour
	@$(BIN)/python -m benchmarks

bench-full: setup-all ## The same with ten million events and the soak: half an hour
	@$(BIN)/python -m benchmarks --full

lock: | $(BIN)/python $(UV) ## Pin all dependencies again, with hashes
	@UV=$(UV) requirements/lock.sh

clean: ## Remove what was built and simulated; keep .venv
	@rm -rf .lake dbt/target dbt/logs build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
