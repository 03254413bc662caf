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
# Compiling the tests takes a quarter of `make fast`; where nothing may be kept, it would be done by every process.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/python -m pytest
QUICK := not render and not slow and not browser and not live and not s3
# What works on rows, and so is tested on PostgreSQL too.
ROWS := tests/test_*.py tests/lifecycle tests/admin tests/api tests/web

.PHONY: run test fast check lint types quality bench-engine lock messages clean

run: .venv/.runtime
	@exec $(BIN)/python manage.py serve

test: check postgres s3
	$(PYTEST) --numprocesses 2 -m "not live and not s3"
	$(BIN)/python -m tests.postgres $(PYTEST) --numprocesses 2 -m "$(QUICK)" $(ROWS)
	$(PYTEST) -m "live or s3"

# Without browsers, renders, live servers, and what waits for deadlines, processes or encoders: for while you work.
fast: .venv/.dev
	$(PYTEST) --numprocesses 2 -m "$(QUICK)"

# The API's document used against it, for longer than the tests do.
.PHONY: fuzz
fuzz: .venv/.dev
	FUZZ_EXAMPLES=$(or $(EXAMPLES),300) $(PYTEST) -m live tests/live/test_fuzz.py

check: .venv/.dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

# How good the engine is: render, measure, and lay out for looking at. The bundled sample, or FACE=… VOICE=…, or all
# of MEDIA=DIR. SECONDS=8 of each voice, RESOLUTION=480 or 720, results in OUT=DIR (a temporary folder).
FACE ?= static/samples/face.jpg
VOICE ?= static/samples/voice.wav
quality: .venv/.runtime
	@$(BIN)/python -m jobs.engines.local.measuring \
	  $(if $(MEDIA),--media "$(MEDIA)",--face "$(FACE)" --voice "$(VOICE)") $(if $(OUT),--out "$(OUT)") \
	  --resolution $(or $(RESOLUTION),480) --seconds $(or $(SECONDS),8)

# What the engine costs, beside its goals. LONG=1 adds ten minutes of speech, MEDIA=DIR the videos in a folder,
# PEER="command {face} {voice} {out} {size}" another lip-sync program in the same run.
bench-engine: .venv/.dev
	@MEDIA="$(MEDIA)" LONG="$(LONG)" PEER='$(PEER)' $(BIN)/python -m tests.bench.bench_engine

# Every page as a picture, in both languages, light and dark, on a phone and on a desk, to be looked at: OUT=DIR.
# ONLY=gallery or VIEWS=de-dark-390 (expressions) for a part of it.
.PHONY: shots
shots: .venv/.dev browser
	$(BIN)/python -m tests.shots --out "$(or $(OUT),shots)" --only "$(ONLY)" --views "$(VIEWS)"

# What Lighthouse (from npm, only for this) says of the home page, a gallery and a shared page.
.PHONY: lighthouse
lighthouse: .venv/.dev browser
	$(BIN)/python -m tests.lighthouse

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

.PHONY: postgres
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	  { apt-get update -qq && apt-get install -qq --yes --no-install-recommends postgresql; } >/dev/null || \
	  { echo "The tests need PostgreSQL's programs; install them: apt-get install postgresql" >&2; exit 1; }

# Ceph's object gateway with what it needs: the S3 server of the tests, 64 MB.
.PHONY: s3
s3:
	@command -v radosgw >/dev/null && command -v ceph-mon >/dev/null && command -v ceph-osd >/dev/null && command -v ceph >/dev/null || \
	  { apt-get update -qq && apt-get install -qq --yes --no-install-recommends radosgw ceph-mon ceph-osd ceph-common; } >/dev/null || \
	  { echo "The tests need an S3 server; install it: apt-get install radosgw ceph-mon ceph-osd ceph-common" >&2; exit 1; }

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
