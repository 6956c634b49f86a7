.DEFAULT_GOAL := help
.PHONY: help setup run demo-scale test test-postgres check fix lock migration translations

UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
BIN := .venv/bin
# Each process has servers of its own, which take memory. A file stays in one process. Slow tests
# often wait, so all of them are done sooner by one process more than there are cores.
PYTEST = $(BIN)/pytest --dist loadfile --maxprocesses 4 --numprocesses
# Compiled beforehand, the server starts in a third of the time, even where Python may not write.
COMPILE = $(BIN)/python -m compileall -q -j 0 -x '/(tensorflow|keras|clang)/' .venv/lib api
export UV_PYTHON_DOWNLOADS = never
export UV_LINK_MODE = copy

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: .venv/.installed  ## Install everything into .venv, make the database, pull nothing
	@$(BIN)/percept setup

run: setup  ## Set up and serve on http://127.0.0.1:8000 (PORT, HOST and .env are heeded)
	@$(BIN)/percept models pull --if-missing --quickly mobilenet_v2
	@$(BIN)/percept doctor --brief
	@exec $(BIN)/percept serve

demo-scale: .venv/.dev  ## Start every part apart, with PostgreSQL, Redis, S3, nginx; no Docker (DEMO_PORT)
	@cd deploy && exec ../$(BIN)/python -m demo --port $(or $(DEMO_PORT),8080)

test: .venv/.dev  ## Run every test (those whose programs are missing say so and skip)
	$(PYTEST) $$(($$(nproc) + 1))

test-postgres: .venv/.dev  ## Run the quick tests of accounts, HTTP and tables on PostgreSQL
	PERCEPT_TEST_DATABASE=postgresql $(PYTEST) logical -m "not slow" tests/accounts tests/http tests/models

check: .venv/.dev  ## Format, lint, types, architecture, quick tests, openapi.json
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) logical -m "not slow"
	$(BIN)/percept openapi --check

fix: .venv/.dev  ## Format, mend what can be mended, write openapi.json and the catalogues anew
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(MAKE) translations
	$(BIN)/percept openapi

lock: $(UV)  ## Choose new versions of the dependencies
	$(UV) pip compile -q --universal --upgrade --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	$(UV) pip compile -q --universal --upgrade --generate-hashes --no-header --no-annotate --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

migration: setup  ## Write a migration for changed tables: make migration n=0002 m="what changes"
	$(BIN)/percept db migrate --rev-id $(n) -m "$(m)"

translations: .venv/.dev  ## Bring the Spanish catalogue up to date with the code
	$(BIN)/pybabel -q extract -F babel.cfg -o .messages.pot --omit-header --no-location --sort-output .
	$(BIN)/pybabel -q update -i .messages.pot -d api/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d api/translations
	@rm .messages.pot

$(UV):
	python3 -m pip install --quiet --target .tools uv

.venv/.installed: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python python3 .venv
	$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --editable .
	@$(COMPILE)
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.installed
	$(UV) pip sync --quiet --python .venv --require-hashes requirements-dev.lock
	$(UV) pip install --quiet --python .venv --no-deps --editable .
	@$(COMPILE)
	@touch $@
