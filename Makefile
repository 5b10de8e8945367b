# make demo   fresh machine: environment, training on synthetic people, leaderboard
# make test   fresh machine: environment, the whole test suite

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types evaluators clean

demo: .venv/installed
	$(BIN)/posebench run --arch hourglass1 --protocol mpii --results demo-results --restart $(DEMO)

test: .venv/installed
	$(BIN)/python -m pytest -n auto

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

# Evaluators with which some tests compare, which are skipped without. The last two are built for the numpy that is installed.
evaluators: .venv/installed
	$(BIN)/uv pip install --quiet --python $(BIN)/python xthotcoco setuptools cython
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-binary xtcocotools \
		xtcocotools exococotools

# uv resolves and installs torch several times faster than pip; where it cannot be had, pip does the same.
.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]' \
		|| $(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

clean:
	rm -rf .venv demo-results build *.egg-info
