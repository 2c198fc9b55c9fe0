# Each target sets itself up: it makes a virtual environment, installs, then does its work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: bench study test lint perf gpu docs release-check
.DELETE_ON_ERROR:

bench: $(STAMP)
	$(BIN)/bench run --all

# Build a study of the reference run once, and serve it until Ctrl-C.
study: $(STAMP)
	test -d study || $(BIN)/bench study build results/reference --out study
	$(BIN)/bench study serve study

# A worker per core, of one thread: more threads than cores wait for each other. The tests of a file
# stay together, so what a file makes for all its tests is made once. `pytest PATH` needs no workers.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 4 \
		--dist loadfile --no-loadscope-reorder

perf: $(STAMP)
	$(BIN)/python -m pytest tests/perf -m perf --benchmark-only -s

# On a machine with a card, below 8 minutes; without one every test is skipped.
gpu: $(STAMP)
	$(BIN)/python -m pytest tests/gpu tests/rca/test_clock.py -s

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The pages of docs/ as a site, in site/. A link that leads nowhere fails, and so does anything that
# a page would fetch from the net.
docs: export NO_MKDOCS_2_WARNING := 1
docs: $(STAMP)
	$(BIN)/mkdocs build --strict --quiet

# May the last commit be released? Builds it, installs the wheel without constraints under each of
# PYTHONS that is here, uses it, and runs tests with the lowest versions allowed: a quarter of an
# hour, and one download of torch for each Python. TORCH is what to give pip for it, such as another
# build: make release-check TORCH='torch --index-url ...'
PYTHONS := 3.11 3.12 3.13 3.14
TORCH := $(shell grep '^torch==' constraints.txt)
release-check: $(STAMP)
	PYTHONS='$(PYTHONS)' TORCH='$(TORCH)' $(BIN)/python -m tests.release.check

# Install torch first, in its exact version, so that pip takes no other build of it.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,docs,cluster,postgres,train,onnx]'
	touch $@
