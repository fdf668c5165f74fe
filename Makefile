# make demo    a simulated shop's exports, loaded, and its numbers in the terminal
# make test    the tests (make test-slow: long ones, more examples of properties; make test-all: both at once;
#              make test-exhaustive: every combination)
# make check   style, types, arrows between the folders, generated docs
# make hooks   let git check the style before each commit, and all of `make check` before each push
# make fuzz    random damage to files, mappings and warehouses (FUZZ='--seconds 600', --kind, --seed, --count: the options)
# make mutants deliberate small faults in the source, each of which a test must catch (MUTANTS=NAME: only some)
# make bench   what it costs, beside limits and peers (BENCH='--orders 1_000_000', --quick, --help: the options)
# make profile where the time of a load goes, by SQL statement (BENCH='--load late --orders 1_000_000')
#
# Everything runs in .venv, which the first target makes (scripts/environment.sh).

BIN = .venv/bin
WORKERS ?= 2
# Worksteal keeps a module's tests together where it can, so that a shop loaded for a module is loaded once.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist worksteal
DOCS = $(wildcard *.md docs/*.md docs/*/*.md)

# Spark and ClickHouse in Python, for their tests: 1 GB on the disk, and Spark needs Java. Without them these are skipped.
ENGINES = pyspark==4.0.5 chdb==4.4.0

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all test-exhaustive hooks check check-style check-types check-arrows check-docs docs pictures statements bench profile fuzz mutants format requirements \
	clean environment environment-dev environment-engines

help:
	@sed -n 's/^# make/make/p' Makefile

demo: environment
	$(BIN)/regulars demo

test: environment-dev
	$(PYTEST) -m "not slow" $(TESTS)

test-slow: environment-dev
	REGULARS_TEST_EXAMPLES=5 $(PYTEST) -m "(slow or hypothesis) and not exhaustive" $(TESTS)

# Together they take less time than one after the other: properties are tried once, and no worker waits in between.
test-all: environment-dev
	REGULARS_TEST_EXAMPLES=5 $(PYTEST) -m "not exhaustive" $(TESTS)

test-exhaustive: environment-dev
	$(PYTEST) -m exhaustive $(TESTS)

check: check-style check-types check-arrows check-docs

check-style: environment-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: environment-dev
	$(BIN)/mypy

check-arrows: environment-dev
	$(BIN)/lint-imports

check-docs: environment-dev
	$(BIN)/cog -I docs --check --diff --verbosity 0 -P --check-fail-msg "Run make docs." $(DOCS)

docs: environment-dev
	$(BIN)/cog -I docs -r --verbosity 1 -P $(DOCS)

# To undo it: git config --unset core.hooksPath. To commit without the checks once: git commit --no-verify.
hooks: environment-dev
	git config core.hooksPath scripts/hooks

# The pictures of the docs, drawn anew; a test says where they are out of date.
pictures: environment-dev
	$(BIN)/python docs/pictures.py

# The statements of facts that are compiled beforehand; a test says where they are out of date.
statements: environment-dev
	$(BIN)/python scripts/statements.py

# The peers' environments (.venv-bench and others) make themselves on first use. `make docs` then writes the page.
bench: environment
	$(BIN)/python -m bench $(BENCH)

profile: environment
	$(BIN)/python -m bench.statements $(BENCH)

fuzz: environment-dev
	PYTHONPATH=tests $(BIN)/python -m fuzz $(FUZZ)

mutants: environment-dev
	PYTHONPATH=tests $(BIN)/python -m mutants $(MUTANTS)

format: environment-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pins anew after a change of pyproject.toml's dependencies.
requirements:
	scripts/requirements.sh

clean:
	rm -rf .venv .venv-bench .venv-metricflow .venv-lifetimes .venv-pymc bench/shops demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@scripts/environment.sh run

environment-dev:
	@scripts/environment.sh dev

environment-engines: environment-dev
	$(BIN)/python -m pip --disable-pip-version-check install $(ENGINES)
