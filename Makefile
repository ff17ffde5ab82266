# Everything runs from .venv, which is made here and pinned by requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
CLI := $(BIN)/kraken-pipeline
REPLAY ?=
AT ?=
SEED ?=
PORT ?= 3000
SEEDS ?= 100
FIRST ?= 1
HOURS ?= 1
PAUSE ?= 30
PACKAGES := kraken_pipeline kraken_pipeline_tests benchmarks

# with this set Python may not keep compiled code, and Dagster starts two to three times slower
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run dev test bench mutate simulate format lock clean

help:
	@echo "make run [REPLAY=folder [AT=2024-12-01]] [SEED=n]   one cycle: paper, on a local simulator"
	@echo "make dev [PORT=3000]                                Dagster's UI, schedules and sensors"
	@echo "make test                                           format, lint, types, imports, tests"
	@echo "make bench                                          timings, as ratios"
	@echo "make simulate [SEEDS=100] [FIRST=1] [HOURS=1]       lives of the whole, with every fault there is"
	@echo "make mutate                                         break each rule, see its tests notice"

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kraken_pipeline needs Python 3.11 or newer; set PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m compileall -q kraken_pipeline
	touch $@

run: setup
	@$(CLI) cycle $(if $(REPLAY),--replay "$(REPLAY)") $(if $(AT),--at "$(AT)") $(if $(SEED),--seed "$(SEED)")

dev: setup
	@$(CLI) dev --port "$(PORT)" $(if $(SEED),--seed "$(SEED)")

test: setup
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

bench: setup
	$(BIN)/python -m benchmarks

# each seed is a life: orders, faults, crashes, then quiet, checked against the exchange's own truth
simulate: setup
	$(BIN)/python -m kraken_pipeline_tests.simulation --seeds "$(SEEDS)" --first "$(FIRST)" \
		--hours "$(HOURS)" --pause "$(PAUSE)"

# breaks each rule of the simulator on purpose, one at a time, in a copy
mutate: setup
	$(BIN)/python -m kraken_pipeline_tests.mutations

format: setup
	$(BIN)/ruff format $(PACKAGES)
	$(BIN)/ruff check --fix $(PACKAGES)

# pins what pyproject.toml allows; run it on purpose, then look at the difference
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade pip
	.venv-lock/bin/python -m pip install --quiet --editable . --group dev
	.venv-lock/bin/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
