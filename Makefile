# Everything sets itself up: a bare python3 (3.11 or later) is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-dev
RUNTIME := $(VENV)/.installed

.PHONY: demo test test-long fuzz slowest interop leakage lint bench bench-declines bench-replay up lock clean install
demo: $(RUNTIME)
	$(BIN)/attest demo

up: $(RUNTIME)
	$(BIN)/attest up

test: $(STAMP)
	$(BIN)/pytest -n auto

# What takes minutes: the same tests over thousands of cases.
test-long: $(STAMP)
	$(BIN)/pytest -n auto -m long

# The predicate language, guided by coverage; inputs that reach new code are kept from run to run.
FUZZ_SECONDS ?= 300
fuzz: $(STAMP)
	$(BIN)/python tests/fuzz/language.py --seconds $(FUZZ_SECONDS)

# Go's own transparency log packages verify ours, and a second implementation runs in Node (Debian's packages; needs root
# to install them).
interop: $(STAMP)
	[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ] || apt-get install -y --no-install-recommends golang-go golang-golang-x-mod-dev
	command -v node >/dev/null || apt-get install -y --no-install-recommends nodejs
	$(BIN)/pytest tests/interop

# How long the slowest of 60,000 mutated questions take.
slowest: $(STAMP)
	$(BIN)/python tests/circuits/cel/slowest.py

# Attackers against the leakage rules and a prover; writes the table and the picture of prover/README.md. About six minutes.
leakage: $(STAMP)
	$(BIN)/python tests/leakage/run.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/bench/*.py  # what no test runs breaks unnoticed when something moves
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python tests/bench/run.py

# How long each kind of refusal takes, and whether that tells them apart; ten minutes.
bench-declines: $(STAMP)
	$(BIN)/python tests/bench/declines.py

# A log of 100,000 answers is made (kept in the user's cache) and replayed; a quarter of an hour on two cores.
bench-replay: $(STAMP)
	$(BIN)/python tests/bench/replay.py

install: $(RUNTIME)

$(RUNTIME): requirements.lock pyproject.toml
	sh .ci/install $(PYTHON) $(VENV) requirements.lock
	@touch $@

$(STAMP): requirements-dev.lock pyproject.toml
	sh .ci/install $(PYTHON) $(VENV) requirements-dev.lock
	@touch $@ $(RUNTIME)

# Hashes and versions only: the files name no index.
lock:
	[ -x $(BIN)/uv ] || ($(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv)
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 --custom-compile-command "make lock" --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --universal --python-version 3.11 --custom-compile-command "make lock" --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
