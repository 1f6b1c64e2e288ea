# The portal's commands. `make` alone lists them. Needs Python 3.11 to 3.13, make and a package index; nothing else.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run test test-all check bench format lock migrations messages backup restore clean

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS)
LOCKS := requirements.lock requirements-dev.lock
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready ## make the environment in .venv

.venv/.ready: $(LOCKS) scripts/environment.py
	@$(PYTHON) scripts/environment.py
	@touch $@

run: setup ## start the whole portal; PORT and PORTAL_HOME choose where
	@exec $(BIN)/python -m pmo_portal.embedded.supervisor

test: setup ## everything that must hold before a commit: lint, types, unit, integration, browser
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pmo_portal.embedded.browser
	$(PYTEST)

test-all: setup ## also the long, the load and the fault tests
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pmo_portal.embedded.browser
	$(PYTEST) -m ""

check: setup ## the fast half: lint, types, Django's own checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/mypy
	DJANGO_SETTINGS_MODULE=pmo_portal.settings.test $(MANAGE) check
	DJANGO_SETTINGS_MODULE=pmo_portal.settings.test $(MANAGE) makemigrations --check --dry-run

bench: setup ## measure what docs/performance.md states
	@exec $(BIN)/python -m bench

format: setup ## put the source into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## pin what pyproject.toml asks for, with hashes
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock

migrations: setup ## write the migrations the models need
	$(MANAGE) makemigrations

messages: setup ## collect and compile the translations (needs gettext)
	$(MANAGE) makemessages --all --ignore .venv --ignore node_modules
	$(MANAGE) compilemessages --ignore .venv

backup: setup ## everything the portal keeps, in one file: make backup FILE=/somewhere/safe
	$(MANAGE) backup $(FILE)

restore: setup ## let a stopped portal be what it was: make restore FILE=... (docs/operations.md)
	$(MANAGE) restore $(FILE)

clean: ## remove what tools leave behind; the data folder stays
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage test-results
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
