# make run   the whole product at http://localhost:8000 (PORT=…, DATA_DIR=…)
# make test  every check and test, browser included
# Both set up what they need, in this folder alone (and, for the browser tests, Debian's chromium).

export PORT ?= 8000
PYTHON ?= python3.11
UV := $(shell command -v uv || echo .tools/bin/uv)
BIN := .venv/bin
# Compiled ahead: the engine's child process may not write, so it would compile its libraries at every start.
SYNC := VIRTUAL_ENV=.venv $(UV) pip sync --quiet --require-hashes --compile-bytecode
export UV_PYTHON_DOWNLOADS := never
PYTEST := $(BIN)/python -m pytest

.PHONY: run test fast check lint types quality lock messages clean

run: .venv/.runtime
	@exec $(BIN)/python manage.py serve

test: check
	$(PYTEST) --numprocesses 2 -m "not live"
	$(PYTEST) -m live

# Without browser, renders and live servers: under a minute.
fast: .venv/.dev
	$(PYTEST) --numprocesses 2 -m "not render and not browser and not live"

check: .venv/.dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

# How well the mouth follows the voice, on the bundled sample or on FACE=… VOICE=…
FACE ?= static/samples/face.jpg
VOICE ?= static/samples/voice.wav
RESULT ?= $(or $(TMPDIR),/tmp)/mundwerk-quality.mp4
quality: .venv/.runtime
	$(BIN)/python manage.py lipsync $(FACE) $(VOICE) -o $(RESULT)
	$(BIN)/python -m jobs.engines.local.measure $(RESULT) --image $(FACE) --audio $(VOICE) \
	  $(if $(wildcard $(basename $(VOICE)).phones.txt),--phones $(basename $(VOICE)).phones.txt)

# ------------------------------------------------------------------ setting up

$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv

.venv/pyvenv.cfg: | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv

# The development lock holds the runtime lock and more, so it satisfies both.
.venv/.runtime: requirements.lock | .venv/pyvenv.cfg
	@if [ -e .venv/.dev ]; then $(MAKE) --no-print-directory .venv/.dev; else $(SYNC) requirements.lock; fi
	@touch $@

.venv/.dev: requirements-dev.lock | .venv/pyvenv.cfg
	$(SYNC) requirements-dev.lock
	@touch $@ .venv/.runtime

.PHONY: browser
browser:
	@command -v chromium >/dev/null || \
	  { apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium; } >/dev/null || \
	  { echo "The browser tests need chromium; install it: apt-get install chromium" >&2; exit 1; }

# ------------------------------------------------------------------ for those who change things

LOCK := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-header --no-annotate
lock: | $(UV)
	$(LOCK) --output-file requirements.lock
	$(LOCK) --group dev --output-file requirements-dev.lock

messages: .venv/.dev
	$(BIN)/django-admin makemessages --locale de --ignore .venv --ignore data --no-obsolete --no-location --no-wrap
	$(BIN)/django-admin compilemessages --ignore .venv

clean:
	rm -rf .venv .tools
