# `make run` and `make test` need no preparation: both create .venv and install the locked, hashed requirements into it.
# `make help` lists all targets.

PORT ?= 8000
STATE ?= .portal
JOBS ?= 2000
SEED ?=
RUNS ?= 20
BIG ?=
MILLION = sqlite:///$(abspath .bench/million.sqlite3)
SHELL = /bin/sh
PY = .venv/bin/python
PIP = $(PY) -m pip --disable-pip-version-check --quiet
# Dummy production settings for the checks.
PRODUCTION = PORTAL_MODE=production ALLOWED_HOSTS=batch.example.org DATABASE_URL=sqlite://:memory: \
	SECRET_KEY=`$(PY) -c 'import secrets; print(secrets.token_urlsafe(60))'`
# Keep compiled modules: compiling them in every process takes a third of the time of many tests.
export PYTHONDONTWRITEBYTECODE =
NOT_FAST = browser or process or long
# Without Node, `make test` skips its tests with a message, and `make check` fails.
WITHOUT_NODE = --optional
# Only the files that have such tests: to collect all takes each worker five seconds more.
ON_POSTGRES = $(PY) -m tests.postgres $(PY) -m pytest -q -n 2 --dist loadfile \
	$$(grep -rl --include='test_*.py' 'mark\.postgres' tests)
# What `make check` does before the tests, two at a time: types, the longest, beside the others.
CHECKS = types lint lint-js contracts migrations templates bundle deploy audit
TWO_AT_A_TIME = -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) SIDE_BY_SIDE=1

.PHONY: help run test test-fast test-js lint-js coverage test-postgres check format lint types contracts migrations templates assets bundle deploy audit mutants bench chaos pictures rules fuzz soak-browser lock clean
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

help:
	@echo 'make run           run the portal with a demo at http://127.0.0.1:8000 (PORT=8000 STATE=.portal)'
	@echo 'make test          run all tests: SQLite, PostgreSQL, headless Chromium, and Node if installed'
	@echo 'make test-fast     run the quick tests: no browser, child process or PostgreSQL, each under a tenth of a second'
	@echo 'make test-postgres run every test that depends on the database on PostgreSQL; make test leaves the long ones to SQLite'
	@echo 'make test-js       test the scripts of the pages; needs Node (without it make test skips them, make check fails)'
	@echo 'make lint-js       check the scripts of the pages with ESLint and TypeScript; needs Node and npm (without them: NOT CHECKED)'
	@echo 'make coverage      measure branch coverage and list what is not covered'
	@echo 'make check         check format, lint, scripts, types, imports, migrations, templates, bundle, audit; then run all tests'
	@echo 'make format        format the code and fix lint errors'
	@echo 'make assets        build the bundles from static/src; needs Node and npm'
	@echo 'make rules         update docs/rules.md, docs/access.md and docs/causes.md from the code'
	@echo 'make mutants       remove each rule, permission, limit and lease check; a test must fail (14 minutes)'
	@echo 'make fuzz          run each property test with many more examples than make test, and upgrades from every schema'
	@echo 'make soak-browser  run the browser tests 20 times, half of them under load; continues where it stopped (RUNS=20)'
	@echo 'make chaos         test delivery under failures (about 30 minutes; JOBS=2000 in the storm, SEED=… to repeat one)'
	@echo 'make bench         run the benchmarks and compare the portal with a plain script (15 minutes; BIG=1: also at a million jobs)'
	@echo 'make pictures      update the screenshots in the documentation'
	@echo 'make lock          update the locked requirements from pyproject.toml'

run: .venv/.run-stamp
	@exec $(PY) -m portal.quickstart --port '$(PORT)' --state '$(STATE)'

# -- Tests. The last stage is the largest, and its summary the last line.
test: .venv/.dev-stamp
	@$(PY) -m tests.chromium --ensure
	@failed=0; \
	$(PY) -m tests.node $(WITHOUT_NODE) || failed=1; \
	$(ON_POSTGRES) -m 'postgres and (not long or postgres_itself)' || failed=1; \
	$(PY) -m pytest -q -n 4 --dist loadgroup --no-loadscope-reorder --durations=40 $(COVERAGE) || failed=1; \
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
	@$(PY) -m pytest -q -n 3 --dist loadgroup --no-loadscope-reorder -m measured --cov \
		--cov-report=term-missing

test-postgres: .venv/.dev-stamp
	@$(ON_POSTGRES) -m postgres

fuzz: .venv/.dev-stamp
	@FUZZ=1 $(PY) -m pytest -q -n 2 --dist load $$(grep -rlE --include='test_*.py' '^ *@examples\(|only_in\("fuzz"\)|import FUZZ' tests)

soak-browser: .venv/.dev-stamp
	@$(PY) -m tests.chromium --ensure
	@$(PY) -m tests.soak --runs '$(RUNS)'

rules: .venv/.dev-stamp
	@$(PY) -m scripts.write_rules_doc
	@$(PY) -m scripts.write_access_doc
	@$(PY) -m scripts.write_causes_doc

# -- Everything CI does
check: .venv/.dev-stamp
	@$(MAKE) --no-print-directory $(TWO_AT_A_TIME) $(CHECKS)
	@# Coverage against the minimum in pyproject.toml, measured while the tests run.
	@$(MAKE) --no-print-directory test WITHOUT_NODE= COVERAGE='--cov --cov-report='

lint: .venv/.dev-stamp
	@echo '== format and lint'
	@$(PY) -m ruff format --check --quiet . || { echo 'Run make format to fix this.'; exit 1; }
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
	@echo '== vendored and generated files in static/'
	@$(PY) -m scripts.check_assets

# The editor, the picture of a workflow and the log viewer, from static/src. The bundles are committed, so nothing else needs Node.
assets: .venv/.dev-stamp
	@command -v npm >/dev/null || { echo 'Node and npm not found. Install them to run make assets.' >&2; exit 1; }
	@rm -rf .assets && cp -R static/src/builder .assets && cp -R static/src/workflow .assets/workflow && cp -R static/src/log .assets/log
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

# The screenshots of the documentation, taken by the tests that check them
pictures: .venv/.dev-stamp
	@PICTURES=1 $(PY) -m pytest -q tests/journeys/test_pictures.py

# Every state of the protocol, 100,000 events, a portal whose processes are killed, workflows whose workers are, a failure
# at each step, recovery times, accounts that don't respond, and a storm of all at once
chaos: .venv/.dev-stamp
	@failed=0; \
	$(PY) -m tests.protocol || failed=1; \
	$(PY) -m tests.event_flood || failed=1; \
	CHAOS=1 $(PY) -m pytest -q $$(grep -rl --include='test_*.py' 'only_in("chaos")' tests) || failed=1; \
	$(PY) -m tests.chaos workflows bulk failpoints recovery neighbours storm --jobs '$(JOBS)' $(if $(SEED),--seed '$(SEED)') || failed=1; \
	exit $$failed

# Removes each policy rule, access check and lease condition, one by one: a test must fail
mutants: .venv/.dev-stamp
	@$(PY) -m scripts.mutants

# Results are written to .bench/. BIG=1 also measures at a million jobs, in databases of 5 GB: it makes SQLite's once.
bench: .venv/.dev-stamp
	@$(PY) -m bench
	@$(PY) -m bench.delivery --runs 2 --database sqlite
	@$(PY) -m bench.delivery --runs 2 --database postgres
	@$(PY) -m bench.delivery --runs 1 --only chain --poll 15 --workers 1 --idle 0
	@$(PY) -m bench.scale --database sqlite
	@$(PY) -m bench.scale --database postgres
	@$(PY) -m bench.charging --database sqlite
	@$(PY) -m bench.charging --database postgres
	@$(PY) -m bench.load --database sqlite --seconds 30
	@$(PY) -m bench.typing
	@$(PY) -m bench.array_map
	@$(PY) -m bench.log_viewer
	@$(PY) -m bench.workflow
ifneq ($(BIG),)
	@mkdir -p .bench
	@$(PY) -m bench.scale --jobs 1000000 --database '$(MILLION)'
	@$(PY) -m bench.load --database '$(MILLION)'
	@$(PY) -m tests.postgres sh -c '$(PY) -m bench.scale --jobs 1000000 --database "$$DATABASE_URL" && \
		$(PY) -m bench.load --database "$$DATABASE_URL"'
endif
	@$(PY) -m bench.tables

# -- The virtual environment. A Python is used if it runs (a version manager's shim may not), is new enough and can create
# environments.
.venv/bin/python:
	@found=; bare=; \
	for python in python3.13 python3.12 python3.11 python3; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		bare=$$python; \
		$$python -c 'import ensurepip, venv' >/dev/null 2>&1 && { found=$$python; break; }; \
	done; \
	if [ -z "$$bare" ]; then echo 'Python 3.11 or newer not found. Install it or add it to PATH.' >&2; exit 1; fi; \
	if [ -z "$$found" ]; then \
		echo "$$bare can't create virtual environments. Install its venv module (Debian, Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	echo "Creating .venv with $$found …"; \
	$$found -m venv --clear .venv

.venv/.run-stamp: requirements.txt | .venv/bin/python
	@echo 'Installing requirements (once) …'
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

.venv/.dev-stamp: requirements-dev.txt requirements.txt | .venv/bin/python
	@echo 'Installing development requirements (once) …'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch .venv/.run-stamp $@

lock:
	@command -v uv >/dev/null || { echo 'uv not found. Install it to run make lock.' >&2; exit 1; }
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --extra dev -c requirements.txt \
		pyproject.toml -o requirements-dev.txt

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .node .assets
