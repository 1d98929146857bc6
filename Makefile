# make help says what there is.

PYTHON ?= $(firstword $(foreach p,python3.11 python3.12,$(shell $(p) -c '' 2>/dev/null && echo $(p))) python3)
RUN := .venv/bin/python
BENCH ?= $(basename $(notdir $(shell grep -l __main__ benchmarks/*.py)))
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

setup: .venv/installed  ## make .venv with everything pinned; done once
demo: setup  ## play one whole call on loopback, from greeting to a person
	$(RUN) -m voiceagent.simulation.demo $(ARGS)

test: .venv/installed-for-tests  ## all tests, with real PBXs and phones; ARGS="-k name" for some
	$(RUN) tests/pbx/fetch.py
	$(RUN) -m tests.desk.browser
	$(RUN) -m pytest -q $(ARGS)

lint: setup  ## ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: .venv/installed-for-tests  ## all measurements; BENCH=anger for one
	@for b in $(BENCH); do echo "== $$b"; $(RUN) -m benchmarks.$$b || echo "$$b: not measured"; done

lock: UV := $(shell mktemp -du)
lock:  ## pin what pyproject.toml asks for; delete requirements.lock first to take the newest
	$(PYTHON) -m venv $(UV) && $(UV)/bin/pip install -q uv
	$(UV)/bin/uv pip compile -q --python-version 3.11 --extra dev --generate-hashes \
	  --custom-compile-command "make lock" -o requirements.lock pyproject.toml
	rm -rf $(UV)

clean:  ## remove everything made here but runs/
	rm -rf .venv tests/pbx/cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find voiceagent tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

.venv/installed: requirements.lock models/requirements.lock pyproject.toml deploy/install.py
	@$(PYTHON) deploy/install.py
	@touch $@

.venv/installed-for-tests: .venv/installed models/requirements-test.lock
	@$(PYTHON) deploy/install.py models/requirements-test.lock
	@touch $@
