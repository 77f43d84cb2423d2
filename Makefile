# The commands people and CI share. `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# uv from the machine if it is there, else our own copy in the virtual environment.
UV      = $(shell command -v uv || echo $(BIN)/uv)
READY  := $(VENV)/.ready
WARM   := $(VENV)/.warm
# Tests run on two workers: more do not help on the small machines CI has. ARGS are passed on to pytest.
WORKERS ?= 2
ARGS    ?=

export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format style types imports tidy docs wheel coverage nightly bench assets lock clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(WARM)  ## install everything into .venv and compile the kernels once; quick when nothing changed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "jifen needs Python 3.11 or newer; name one with: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); echo "no virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 1; }

NO_PACKAGES = { echo "the packages could not be installed: is a package index reached? UV_DEFAULT_INDEX names another" >&2; exit 1; }

$(READY): pyproject.toml requirements-dev.txt | $(BIN)/python
	@test -x "$(UV)" || sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt \
		| $(BIN)/python -m pip install --quiet --require-hashes --requirement /dev/stdin || $(NO_PACKAGES)
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes requirements-dev.txt || $(NO_PACKAGES)
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Kernels are compiled once, into a cache beside their sources, and so is the rest where Python may write no bytecode by
# itself (PYTHONDONTWRITEBYTECODE): a command that has to compile all it imports takes 3 s longer to start.
$(WARM): $(READY) $(wildcard src/jifen/engine/*.py src/jifen/*/kernels/*.py)
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python -m jifen.engine.warm
	@$(BIN)/python -m jifen.batch.warm
	@$(BIN)/python -m jifen.report.drawing
	@touch $@

demo: setup  ## open a made-up shop and serve its status page at http://127.0.0.1:8000
	@$(BIN)/jifen demo

test: setup  ## run the tests (ARGS="-k name" is passed on)
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

nightly: setup  ## run the long property and crash tests (JIFEN_NIGHTLY_BUDGET examples each)
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m nightly $(ARGS) || [ $$? -eq 5 ]

COVERED := $(addprefix tests/,core plan engine ledger cases property/test_bulk.py property/test_bulk_logs.py)

coverage: setup  ## measure branch coverage of core, plan, engine and ledger, with the kernels uncompiled
	@NUMBA_DISABLE_JIT=1 $(BIN)/pytest -n $(WORKERS) --cov --cov-config=pyproject.toml $(COVERED) $(ARGS)

check: style types imports tidy docs wheel  ## everything CI checks besides the tests
	@echo "all checks passed"

format: setup  ## rewrite the code in the house format
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

style: setup
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check

types: setup
	@$(BIN)/mypy

imports: setup
	@$(BIN)/lint-imports
	@$(BIN)/deptry src

tidy: setup
	@$(BIN)/pytest -q tests/tidy

docs: setup  ## build the documentation into docs/_build/html
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@$(BIN)/python docs/_ext/outside_requests.py docs/_build/html

wheel: setup
	@rm -rf dist
	@$(BIN)/hatchling build -t wheel
	@$(BIN)/python .ci/smoke.py dist/*.whl "$(UV)"

bench: setup  ## measure ours and its peers in one run of a quarter of an hour, and write docs/performance.md
	@$(BIN)/python -m benchmarks $(ARGS)

assets:  ## rebuild shipped front-end files
	@echo "nothing to build yet: no front-end files are shipped"

lock: $(BIN)/python  ## pin the newest allowed version of every package in requirements-dev.txt
	@$(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --group dev --group docs \
		--generate-hashes --no-annotate --no-emit-index-url --upgrade --custom-compile-command "make lock" \
		--output-file requirements-dev.txt

clean:  ## remove what the commands above made
	@rm -rf $(VENV) dist var/demo docs/_build docs/_made .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
