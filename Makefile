# Two commands need nothing prepared: `make run` and `make test`. Each makes .venv by itself and installs the locked,
# hashed requirements into it. `make help` lists the rest.

PORT ?= 8000
STATE ?= .portal
JOBS ?= 2000
SEED ?=
RUNS ?= 20
SHELL = /bin/sh
PY = .venv/bin/python
PIP = $(PY) -m pip --disable-pip-version-check --quiet
# A production that serves nobody, for the checks that judge its settings.
PRODUCTION = PORTAL_MODE=production ALLOWED_HOSTS=batch.example.org DATABASE_URL=sqlite://:memory: \
	SECRET_KEY=`$(PY) -c 'import secrets; print(secrets.token_urlsafe(60))'`
# Compiled modules are kept: each process compiling all of them anew is a third of the time of many a test.
export PYTHONDONTWRITEBYTECODE =
NOT_FAST = browser or process or long
# Whoever tests on a machine without Node is told what was skipped; a check that skipped something would be none.
WITHOUT_NODE = --optional
check: WITHOUT_NODE =
# The floor of pyproject.toml: measured while the tests run, and told in one line.
check: COVERAGE = --cov --cov-report=

.PHONY: help run test test-fast test-js lint-js coverage test-postgres check format lint types contracts migrations templates assets bundle deploy audit mutants bench chaos pictures rules fuzz soak-browser lock clean
.NOTPARALLEL:

help:
	@echo 'make run         the portal with a demo, at http://127.0.0.1:8000 (PORT=8000 STATE=.portal)'
	@echo 'make test        every test: SQLite, PostgreSQL, headless Chromium, and Node where there is one'
	@echo 'make test-js     the tests of the scripts of the pages; needs Node (make test skips them without, make check fails)'
	@echo 'make lint-js     ESLint and TypeScript over the scripts of the pages; needs Node and npm'
	@echo 'make coverage    which branches of the product tests run in their own process, and what they miss'
	@echo 'make test-fast   the quick tests: no browser, no child process, no PostgreSQL, none above a tenth of a second'
	@echo 'make check       format, lint, types, import contracts, migrations, templates, bundle, audit; then make test'
	@echo 'make assets      makes the bundle of the editor from static/src/builder; needs Node'
	@echo 'make format      write the code the way make check wants it'
	@echo 'make mutants     takes each rule, right, limit and lease check out, and sees that a test misses it (12 minutes)'
	@echo 'make fuzz        the tests of documents, with many more examples (some minutes)'
	@echo 'make soak-browser  all browser tests 20 times, half of them on busy cores; goes on where it was stopped (RUNS=20)'
	@echo 'make rules       write docs/rules.md and docs/access.md anew from the rules and the table of rights'
	@echo 'make chaos       delivery under everything that can go wrong, by SEED=… (about 25 minutes; JOBS=2000 in its storm)'
	@echo 'make bench       how fast the parts are that people wait for, and what the portal costs beside a plain loop (some minutes)'
	@echo 'make pictures    takes the pictures of the documentation anew'
	@echo 'make lock        write the locked requirements anew from pyproject.toml'

run: .venv/.run-stamp
	@exec $(PY) -m portal.quickstart --port '$(PORT)' --state '$(STATE)'

# -- Tests. The last stage is the largest, and its summary the last line.
test: .venv/.dev-stamp
	@$(PY) -m tests.chromium --ensure
	@failed=0; \
	$(PY) -m tests.node $(WITHOUT_NODE) || failed=1; \
	$(PY) -m tests.postgres $(PY) -m pytest -q -m postgres -n 2 --dist loadfile || failed=1; \
	$(PY) -m pytest -q -n 3 --dist loadgroup --no-loadscope-reorder --durations=40 $(COVERAGE) || failed=1; \
	exit $$failed

test-js: .venv/.dev-stamp
	@$(PY) -m tests.node

lint-js: .venv/.dev-stamp
	@echo '== lint and types of the scripts'
	@$(PY) -m scripts.check_scripts

test-fast: .venv/.dev-stamp
	@QUICK=1 $(PY) -m pytest -q -n 2 --dist worksteal -m 'not ($(NOT_FAST))'

# Branches of the product that tests run in their own process, and what they miss. tests/conftest.py says which count.
coverage: .venv/.dev-stamp
	@$(PY) -m pytest -q -n 3 --dist loadgroup --no-loadscope-reorder -m 'not (browser or long)' --cov \
		--cov-report=term-missing

test-postgres: .venv/.dev-stamp
	@$(PY) -m tests.postgres $(PY) -m pytest -q -m postgres -n 2 --dist loadfile

fuzz: .venv/.dev-stamp
	@FUZZ=1 $(PY) -m pytest -q -n 2 --dist load tests/fuzz

soak-browser: .venv/.dev-stamp
	@$(PY) -m tests.chromium --ensure
	@$(PY) -m tests.soak --runs '$(RUNS)'

rules: .venv/.dev-stamp
	@$(PY) -m scripts.write_rules_doc
	@$(PY) -m scripts.write_access_doc

# -- Everything CI does
check: .venv/.dev-stamp lint types contracts migrations templates bundle deploy audit test

lint: .venv/.dev-stamp
	@echo '== format and lint'
	@$(PY) -m ruff format --check --quiet . || { echo 'make format puts this right.'; exit 1; }
	@$(PY) -m ruff check --quiet .

types: .venv/.dev-stamp
	@echo '== types'
	@$(PY) -m mypy

contracts: .venv/.dev-stamp
	@echo '== import contracts'
	@.venv/bin/lint-imports --no-logo

migrations: .venv/.dev-stamp
	@echo '== migrations'
	@$(PRODUCTION) $(PY) manage.py makemigrations --check --dry-run

templates: .venv/.dev-stamp
	@echo '== templates'
	@$(PY) -m djlint --quiet --lint templates

bundle: .venv/.dev-stamp
	@echo '== files in static/ that others made'
	@$(PY) -m scripts.check_assets

# The editor of documents, from static/src/builder. Nobody else needs Node: what it makes is committed.
assets: .venv/.dev-stamp
	@command -v npm >/dev/null || { echo 'make assets needs Node and npm, which were not found on PATH.' >&2; exit 1; }
	@rm -rf .assets && cp -R static/src/builder .assets
	@cd .assets && npm ci --silent --ignore-scripts --no-audit --no-fund && node build.mjs .
	@$(PY) -m scripts.check_assets --take .assets

deploy: .venv/.dev-stamp
	@echo '== production settings'
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

audit: .venv/.dev-stamp
	@echo '== dependencies'
	@$(PY) -m scripts.pip_audit requirements.txt

format: .venv/.dev-stamp
	@$(PY) -m ruff check --quiet --fix . ; $(PY) -m ruff format --quiet .

# The pictures of the documentation, taken anew by the tests that look at them
pictures: .venv/.dev-stamp
	@PICTURES=1 $(PY) -m pytest -q tests/journeys/test_pictures.py

# Every state of the protocol, 100,000 events, a failure at each step, recovery times, accounts that do not answer, and a
# storm of all at once
chaos: .venv/.dev-stamp
	@failed=0; \
	$(PY) -m tests.protocol || failed=1; \
	$(PY) -m tests.event_flood || failed=1; \
	$(PY) -m tests.chaos failpoints recovery neighbours storm --jobs '$(JOBS)' $(if $(SEED),--seed '$(SEED)') || failed=1; \
	exit $$failed

# Each rule of the policy, each check of access and of who has a job in hand, taken out one by one: a test has to miss it
mutants: .venv/.dev-stamp
	@$(PY) -m scripts.mutants

bench: .venv/.dev-stamp
	@$(PY) -m bench
	@$(PY) -m bench.typing
	@$(PY) -m bench.cost

# -- The ground. A Python counts when it really runs (a version manager's shims may only pretend), is new enough and can
# make environments.
.venv/bin/python:
	@found=; bare=; \
	for python in python3.13 python3.12 python3.11 python3; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		bare=$$python; \
		$$python -c 'import ensurepip, venv' >/dev/null 2>&1 && { found=$$python; break; }; \
	done; \
	if [ -z "$$bare" ]; then echo 'Python 3.11 or newer is needed, and none was found on PATH.' >&2; exit 1; fi; \
	if [ -z "$$found" ]; then \
		echo "$$bare cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$found …"; \
	$$found -m venv --clear .venv

.venv/.run-stamp: requirements.txt | .venv/bin/python
	@echo 'Installing the requirements (once) …'
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

.venv/.dev-stamp: requirements-dev.txt requirements.txt | .venv/bin/python
	@echo 'Installing the requirements of development (once) …'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch .venv/.run-stamp $@

lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv, which was not found on PATH.' >&2; exit 1; }
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --extra dev -c requirements.txt \
		pyproject.toml -o requirements-dev.txt

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
