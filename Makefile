# Every target depends on .venv; `make setup` makes it from the hashed lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CODE := app benchmarks cql foldline infra ingest query streams tests

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Make .venv with the foldline command in it

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: run
run: setup ## Run the embedded profile, with a real graph as demo data
	@$(BIN)/foldline dev $(ARGS)

.PHONY: test
test: setup lint ## Lint and all tests, those on real engines too (started for it); none skipped
	CI=true $(BIN)/python -m pytest -n 2 --dist worksteal -m "not engines" $(ARGS)
	CI=true $(BIN)/python -m pytest -m engines $(ARGS)

.PHONY: test-fast
test-fast: setup ## The core and the embedded profile, without engines
	$(BIN)/python -m pytest -n 2 -m "not engines and not full" $(ARGS)

.PHONY: lint
lint: setup ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

.PHONY: fmt
fmt: setup ## Format the code
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

.PHONY: mutants
mutants: setup ## Plant each known bug in a copy and show the test that kills it
	$(BIN)/python -m tests.mutants

# Another library of timelines needs older libraries than ours: an environment of its own.
PEERS := .venv-peers
PEERS_STAMP := $(PEERS)/.installed

$(PEERS_STAMP): benchmarks/peers/requirements.lock
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: bench-fanout
bench-fanout: setup $(PEERS_STAMP) ## Measure fan-out against its ceiling and its peers (an hour)
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-read
bench-read: setup $(PEERS_STAMP) ## Measure reads against a bare handler, the driver and a peer (15 min)
	$(BIN)/python -m benchmarks.reads $(ARGS)

.PHONY: bench-rebuild
bench-rebuild: setup ## Measure rebuilds against the store, the log and live projectors (an hour)
	$(BIN)/python -m benchmarks.rebuild $(ARGS)

.PHONY: prove-rebuild
prove-rebuild: setup ## A life of 200,000 events goes on through a rebuild, and back (1 h)
	FOLDLINE_GREAT_LIFE=1 $(BIN)/python -m pytest -q -s -m "" tests/rebuild/test_life.py $(ARGS)

.PHONY: engines-up engines-down
engines-up: setup ## Start local Kafka, Cassandra and Redis
	$(BIN)/foldline engines up

engines-down: setup ## Stop them
	$(BIN)/foldline engines down
