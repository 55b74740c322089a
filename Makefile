# Everything happens in .venv; a stamp in it remembers what is installed, so a second call installs nothing.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
TESTING := $(VENV)/.installed-test
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test lint check format bench bench-quick clean

help: ## list the targets
	@echo "usage: make TARGET [ARGS='…'] [PYTHON=python3.12]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(RUNTIME) ## install if needed, and start the server with a demo contact centre at work
	@$(BIN)/pointsman demo $(ARGS)

test: $(TESTING) ## install if needed, and run all tests
	$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(TESTING) ## formatting, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

check: lint ## all that a change must pass: lint, then test
	@$(MAKE) --no-print-directory test

format: $(TESTING) ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(TESTING) ## run the benchmarks, some minutes; ARGS names some of them
	$(BIN)/python -m bench $(ARGS)

bench-quick: $(TESTING) ## run each benchmark shortly, to see that it still works
	$(BIN)/python -m bench --quick $(ARGS)

clean: ## back to a fresh checkout: removes .venv and caches, never a data file
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './*/node_modules/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Pointsman needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another one: make PYTHON=/path/to/python3.12 …" >&2; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo "Installing Pointsman into $(VENV) (only when pyproject.toml has changed) …"
	@$(INSTALL) --editable .
	@touch $@

# The test extra holds all that running needs, so both stamps are set.
$(TESTING): pyproject.toml | $(BIN)/python
	@echo "Installing Pointsman and its test tools into $(VENV) (only when pyproject.toml has changed) …"
	@$(INSTALL) --editable '.[test]'
	@touch $(RUNTIME) $@
