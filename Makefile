.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run free-port demo-scale test test-postgres check fix lock migration translations

# Another Python: make check PYTHON=python3.13 VENV=.venv-3.13
PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
QUIET := $(shell [ -t 2 ] || echo --quiet)
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
# Each process has servers of its own, which take memory. A file stays in one process. Slow tests
# often wait, so all of them are done sooner by one process more than there are cores.
PYTEST = $(BIN)/pytest --dist loadfile --maxprocesses 4 --numprocesses
# Compiled beforehand, the server starts in a third of the time, even if Python may not write. The
# packages that are left out are large and no server imports them.
COMPILE = $(BIN)/python -W ignore -m compileall -q -j 0 \
	-x '/(tensorflow|keras|setuptools|pygments|huggingface_hub|transformers|quantization|tests)/' $(VENV)/lib api
# One version of everything for all Pythons and platforms. TensorFlow and huggingface-hub ask for
# the two packages that are left out and never import them here: see docs/decisions/033-installed-size.md.
LOCK = $(UV) pip compile -q --universal --fork-strategy fewest --generate-hashes --no-header \
	--no-annotate --extra cpu --no-emit-package libclang --no-emit-package hf-xet
# make setup GPL=off leaves these out: see NOTICE.
GPL_PACKAGES = av espeakng-loader pillow-heif piper-tts tesserocr
export UV_PYTHON_DOWNLOADS = never

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(VENV)/.installed  ## Install everything into .venv, make the database, pull nothing
	@echo "Database: making it, or bringing it up to date"
	@$(BIN)/percept setup

run: free-port setup  ## Set up and serve on http://127.0.0.1:8000 (PORT, HOST and .env are heeded)
	@$(BIN)/percept doctor --brief
	@$(BIN)/percept models pull --if-missing --quickly --in-background mobilenet_v2
	@echo "Server: starting, which takes a few seconds"
	@exec $(BIN)/percept serve

free-port:
	@$(PYTHON) -m api.preflight "$(HOST)" "$(PORT)"

demo-scale: $(VENV)/.dev  ## Start every part apart, with PostgreSQL, Redis, S3, nginx; no Docker (DEMO_PORT)
	@cd deploy && exec $(abspath $(BIN))/python -m demo --port $(or $(DEMO_PORT),8080)

test: $(VENV)/.dev  ## Run every test (those whose programs are missing say so and skip)
	$(PYTEST) $$(($$(nproc) + 1))

test-postgres: $(VENV)/.dev  ## Run the quick tests of accounts, HTTP and tables on PostgreSQL
	PERCEPT_TEST_DATABASE=postgresql $(PYTEST) logical -m "not slow" tests/accounts tests/db tests/http tests/models

check: $(VENV)/.dev  ## Format, lint, types, architecture, quick tests, openapi.json
	@$(BIN)/python --version
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) logical -m "not slow"
	$(BIN)/percept openapi --check

fix: $(VENV)/.dev  ## Format, mend what can be mended, write openapi.json and the catalogues anew
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(MAKE) translations
	$(BIN)/percept openapi

lock: $(UV)  ## Choose new versions of the dependencies
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) --upgrade --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

migration: setup  ## Write a migration for changed tables: make migration n=0002 m="what changes"
	$(BIN)/percept db migrate --rev-id $(n) -m "$(m)"

translations: $(VENV)/.dev  ## Bring the Spanish catalogue up to date with the code
	$(BIN)/pybabel -q extract -F babel.cfg -o .messages.pot --omit-header --no-location --sort-output .
	$(BIN)/pybabel -q update -i .messages.pot -d api/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d api/translations
	@rm .messages.pot

# Importing `api` refuses a Python that is not supported.
$(UV):
	@$(PYTHON) -c 'import api'
	@echo "Installer: fetching uv into .tools"
	@$(PYTHON) -m pip install -qq --root-user-action ignore --target .tools uv

# What a lock file names, nothing else, and this project itself. On a terminal uv shows how far it is.
define install
	@$(PYTHON) -c 'import api'
	@echo "Packages: installing $$(grep -c == $(1)) into $(VENV); those that are not in the cache are downloaded"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(UV) pip sync $(QUIET) --python $(VENV) --require-hashes $(1)
	@$(UV) pip install --quiet --python $(VENV) --no-deps --editable .
	@rm -rf $(VENV)/lib/python*/site-packages/tensorflow/include
	@echo "Packages: compiling them, so that the server starts faster"
	@$(COMPILE)
endef

$(VENV)/.installed: requirements.lock pyproject.toml | $(UV)
	$(call install,requirements.lock)
ifeq ($(GPL),off)
	$(UV) pip uninstall --quiet --python $(VENV) $(GPL_PACKAGES)
endif
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(UV)
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.installed $@
