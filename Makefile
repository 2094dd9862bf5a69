# Two commands for a newcomer: make demo, make test. The rest is for who works on it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
KLAAR := $(VENV)/.klaar
EENMALIG ?=
ARGS ?=

.PHONY: demo test lint types tests zoek bench soak schoon

demo: $(KLAAR)  ## play a whole care case through real sockets; EENMALIG=1 checks itself and stops
	$(BIN)/knooppunt demo $(if $(EENMALIG),--eenmalig)

test: lint types tests  ## everything that must be green before a commit

$(KLAAR): constraints.txt setup.cfg pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 ontbreekt; zie README.md, 'What you need'." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

lint: $(KLAAR)  ## style, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(KLAAR)
	$(BIN)/mypy

tests: $(KLAAR)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -rs $(ARGS)

zoek: $(KLAAR)  ## the same tests, the properties over fresh random input each time
	KNOOPPUNT_ZOEK=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -rs $(ARGS)

bench: $(KLAAR)  ## measurements, side by side in one run, as ratios
	$(BIN)/python -m pytest -m bench -s -p no:xdist $(ARGS)

soak: $(KLAAR)  ## the long tests; they write docs/chaos.md
	KNOOPPUNT_CHAOS_PAGINA=docs/chaos.md $(BIN)/python -m pytest -m "traag or chaos" -s -p no:xdist --timeout 7200 $(ARGS)

schoon:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache
