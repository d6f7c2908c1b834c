# Two commands matter: `make demo` and `make test`. Both set everything up, into .venv in this folder.
PYTHON ?= python3
BIN := .venv/bin
AREA ?= all

.PHONY: demo test bench study fix docs check lock setup setup-test clean

demo: setup
	$(BIN)/rxpanel demo

# Two processes share the processors: a LightGBM thread that waits spinning takes them from the other.
test study: export OMP_WAIT_POLICY = PASSIVE

test: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: setup-test
	$(BIN)/python -m tests.bench $(AREA)

study: setup-test
	$(BIN)/python -m tests.study $(AREA)

# Puts code into its usual form and renews every generated page.
fix: setup-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup-test
	$(BIN)/python -m records.document
	$(BIN)/python -m expectations.document
	$(BIN)/python -m basis.catalogue
	$(BIN)/python -m features.document
	$(BIN)/python -m panel.diagram
	$(BIN)/python -m pipelines.document

# Only when a dependency in pyproject.toml changes.
lock:
	$(BIN)/uv pip compile pyproject.toml --extra test -o requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links

setup:
	PYTHON=$(PYTHON) sh scripts/setup.sh demo

setup-test:
	PYTHON=$(PYTHON) sh scripts/setup.sh test

clean:
	rm -rf .venv work .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
