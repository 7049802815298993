# Two commands matter: `make demo` and `make test`. Everything is installed into .venv; only Python 3.11+ and make are needed.
PYTHON ?= python3
EVENTS ?= 50000
DAYS ?= 7
SEED ?= 42
MINUTES ?= 5
BIN := .venv/bin
UV ?= $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
# The rule that fetches uv is needed only where there is none; a path with a space cannot be a prerequisite.
FETCH_UV := $(filter $(BIN)/uv,$(UV))
INSTALL = "$(UV)" pip install --quiet --python $(BIN)/python
CODE := event_contract beam_pipeline producer warehouse_runner lake_cli

.DEFAULT_GOAL := help
.PHONY: help prove-down prove-chaos prove-contract fuzz simulate prove-sizes prove-lifecycle prove-erasure prove-reports prove-requests prove-prism prism setup setup-all demo up status down test test-proofs test-fast test-clocks lint format generate lock bench bench-full bench-warehouse mutate clean airflow airflow-check coverage site prove-readme

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

.venv/.%.stamp: requirements/%.txt | $(BIN)/python $(FETCH_UV)
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
	@$(BIN)/python -m lake_cli.local.airflow start

airflow-check: setup-all ## Scheduled, manual and backfill runs through a real scheduler, with a picture of the graph
	@$(BIN)/python -m lake_cli.local.airflow check

test: setup-all ## Run the tests, but for the proofs
	@$(BIN)/pytest -n 3 --dist worksteal -m "not proof"

test-proofs: setup-all ## Run the proofs: long runs of what shorter tests show a part of
	@$(BIN)/pytest -n 3 --dist worksteal -m proof

coverage: setup-all ## Run all tests and proofs, and show which lines none of them reaches
	@$(BIN)/pytest -n 3 --dist worksteal --cov --cov-report=
	@$(BIN)/coverage report --skip-covered --sort=cover

prism: setup ## Build Beam's portable runner with Go, for the tests that need it: some minutes, seconds when Go has it in its cache
	@GOBIN="$(CURDIR)/$(BIN)" go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$$($(BIN)/python -c 'import apache_beam; print(apache_beam.__version__)')"

prove-prism: setup-all ## The unbounded graph on Beam's portable runner, from a generator to audited objects; builds the runner if it is not there
	@command -v prism >/dev/null || [ -x $(BIN)/prism ] || $(MAKE) --no-print-directory prism
	@PRISM_PROOF=1 timeout 300 $(BIN)/pytest -q tests/dataflow/test_prism.py

test-fast: setup-all ## Run the tests that need no other program: seconds
	@$(BIN)/pytest -q tests/event_contract tests/beam_pipeline/unit

test-clocks: setup-all ## Run the fast tests on a leap day, over a year's end, and 400 days ahead: some minutes
	@for clock in 2028-02-29T23:59:45Z 2026-12-31T23:59:45Z +400; do \
	  echo "== TESTS_CLOCK=$$clock"; \
	  TESTS_CLOCK=$$clock $(BIN)/pytest -q tests/event_contract tests/beam_pipeline/unit tests/microbatch tests/simulation \
	    tests/benchmarks || exit 1; \
	done

lint: setup-all ## Check format, types, SQL and generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m event_contract.generate --check
	@$(BIN)/python -m beam_pipeline.template_metadata --check
	@$(BIN)/python -m lake_cli.reference --check

format: setup-all ## Format the Python code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

generate: setup ## Renew what follows from the event contract, the job's options, the commands and the reports
	@$(BIN)/python -m event_contract.generate
	@$(BIN)/python -m beam_pipeline.template_metadata
	@$(BIN)/python -m lake_cli.reference

site: setup-all ## Build docs as a site in build/site; warnings and broken links are errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "Open build/site/index.html"

prove-readme: setup-all ## Every command of README and the tutorials, in order, in a fresh clone and a fresh shell: ten minutes
	@$(BIN)/python -m benchmarks.readme_commands

bench-warehouse: setup-all ## Measure the warehouse: a million events from empty, one changed day, growing history
	@$(BIN)/python -m benchmarks.bench_warehouse

mutate: setup-all ## Break every dbt model and count the breaks that no test notices
	@$(BIN)/python -m benchmarks.mutate_warehouse

fuzz: setup-all ## Thousands of damaged messages through the whole path, from bytes to files
	@FUZZ_CASES=5000 $(BIN)/pytest -q tests/faults/test_bytes_to_files.py tests/event_contract/test_properties.py

prove-reports: setup-all ## Ten builds under 2,000 messages a second, twenty kills, 15,000 hostile events in six loads: half an hour
	@WAREHOUSE_BUILDS=10 WAREHOUSE_KILLS=20 WAREHOUSE_RATE=2000 WAREHOUSE_LOADS=6 WAREHOUSE_EVENTS=15000 \
		$(BIN)/pytest -q --timeout=3600 tests/warehouse/test_under_load.py tests/warehouse/test_incremental.py

prove-sizes: setup-all ## 10 MB, 250 KB and a million tiny messages through the emulator: all written, memory bounded
	@$(BIN)/python -m benchmarks.prove_sizes

prove-down: setup-all ## 300,000 messages at full speed, then lake down at once: nothing is lost
	@$(BIN)/python -m benchmarks.prove_down

prove-chaos: setup ## Kills, broken storage and floods for some minutes, with an account of every message: MINUTES=5
	@$(BIN)/lake demo --live --chaos --minutes $(MINUTES)

simulate: setup-all ## Thousands of simulated lives of ingestions, with faults at every step: MINUTES=5
	@$(BIN)/python -m tests.simulation --minutes $(MINUTES)

prove-requests: setup-all ## Count the requests of a daily run over 1,440 manifest files and 10,080 objects: some minutes
	@MANIFEST_FILES_A_DAY=1440 $(BIN)/pytest -q tests/orchestration/test_requests.py

prove-lifecycle: setup-all ## A hundred kills of compaction beside ingestion, and a day of 14,400 objects: some ten minutes
	@LIFECYCLE_KILLS=100 $(BIN)/pytest -q --timeout=3600 tests/lifecycle/test_kills.py
	@$(BIN)/python -m benchmarks.bench_lifecycle

prove-erasure: setup-all ## Three persons leave a million events without a byte; a hundred damaged lines of a million are found: half an hour
	@CANARY_EVENTS=1000000 $(BIN)/pytest -q -rP --timeout=3600 tests/lifecycle/test_canaries.py
	@AUDIT_EVENTS=1000000 $(BIN)/pytest -q --timeout=7200 tests/lifecycle/test_audit.py -k one_line

prove-contract: setup-all ## The pages on your own events, done in a copy: a whole build before and after, and the contract's tests
	@CONTRACT_PROOF=1 $(BIN)/pytest -q tests/warehouse/test_tutorial.py

bench: setup-all ## Measure the ingestion against its rivals: a quarter of an hour
	@$(BIN)/python -m benchmarks

bench-full: setup-all ## The same with ten million events and the soak: half an hour
	@$(BIN)/python -m benchmarks --full

lock: | $(BIN)/python $(FETCH_UV) ## Pin all dependencies again, with hashes
	@UV="$(UV)" requirements/lock.sh

clean: ## Remove what was built and simulated; keep .venv
	@rm -rf .lake dbt/target dbt/logs build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
