# Two commands for people: `make scan` and `make test`. The rest is what they are made of.
PYTHON ?= python3
VENV ?= .venv
TARGETS ?= local
BASELINE ?= un_minimum
OUTPUT ?= secscan-report$(if $(filter-out un_minimum,$(BASELINE)),-$(BASELINE))
SCAN_OPTIONS ?=
WORKERS ?= 3
PYTEST_OPTIONS ?=
BENCH_OPTIONS ?=
bin = $(VENV)/bin

.PHONY: scan test check format lint types layers content docs tests search messages lab-tools bench wheel clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

scan: $(VENV)/.installed ## scan TARGETS (this machine unless named) and write a report into OUTPUT
	@$(bin)/secscan scan $(TARGETS) --baseline $(BASELINE) --output $(OUTPUT) $(SCAN_OPTIONS); status=$$?; \
	printf '\nReport: file://%s/report.html\n' "$$(cd $(OUTPUT) && pwd)"; \
	case $$status in 0|1|4) exit 0 ;; *) exit $$status ;; esac

test: lab-tools check ## install what the tests need and run every test

check: format lint types layers content docs tests ## everything that must hold, the fast things first

format: $(VENV)/.tested ## the formatter would change nothing
	$(bin)/ruff format --check --quiet secscan tests

lint: $(VENV)/.tested
	$(bin)/ruff check --quiet secscan tests
	$(bin)/yamllint --strict checks baselines
	$(bin)/shellcheck --severity=warning secscan/plan/collector.sh tests/*.sh

types: $(VENV)/.tested
	$(bin)/mypy

layers: $(VENV)/.tested ## the layers hold (import-linter)
	$(bin)/lint-imports --no-cache

content: $(VENV)/.tested ## checks and baselines are right, every case holds
	$(bin)/secscan check lint
	$(bin)/secscan check test

docs: $(VENV)/.tested ## what is printed from code is up to date
	$(bin)/cog --check README.md docs/*.md
	$(bin)/secscan check pages docs/checks --check

tests: $(VENV)/.tested ## all of pytest, the lab of real hosts included where this user may boot one
	$(bin)/pytest -n $(WORKERS) --no-loadscope-reorder $(PYTEST_OPTIONS)

search: $(VENV)/.tested ## look for examples that break a property: forty times as many, other ones every time (half an hour)
	$(bin)/pytest -n $(WORKERS) -m hypothesis --hypothesis-profile=search $(PYTEST_OPTIONS)

messages: $(VENV)/.tested ## collect the texts of reports, commands and content into the catalogues of every language, and compile these
	$(bin)/pybabel -q extract -F babel.cfg -k mark -k translate_plural:1,2 --no-location --sort-output -o secscan/locale/secscan.pot .
	$(bin)/pybabel -q extract -F babel-commands.cfg --no-default-keywords -k Message -k say -k phrase -k counted:1,2 -k say_count:1,2 -k restated:2 \
	  -k UsageError -k HistoryError -k EvidenceError -k PluginError --no-location --sort-output -o secscan/locale/commands.pot .
	$(bin)/pybabel -q extract -F babel-content.cfg --no-location --sort-output -o secscan/locale/content.pot .
	for domain in secscan commands content; do \
	  $(bin)/pybabel -q update -D $$domain -i secscan/locale/$$domain.pot -d secscan/locale -w 100 -N --ignore-obsolete --ignore-pot-creation-date && \
	  $(bin)/pybabel -q compile -D $$domain -d secscan/locale --statistics || exit 1; \
	done
	rm secscan/locale/*.pot

lab-tools: $(bin)/python
	@PYTHON=$(bin)/python sh tests/install-tools.sh

bench: $(VENV)/.tested lab-tools ## measure speed and cost against the floor and the peers
	$(bin)/python -m tests.bench $(BENCH_OPTIONS)

wheel: $(VENV)/.tested
	$(bin)/python -m build --wheel --outdir dist

$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "secscan needs Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || sh tests/install-venv.sh $(PYTHON) $(VENV)

$(VENV)/.installed: pyproject.toml | $(bin)/python
	@$(bin)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tested: pyproject.toml | $(bin)/python
	@$(bin)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
