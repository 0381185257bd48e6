# Python 3.11 or newer and make are all that is needed; everything else is fetched into .venv and .tools.
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(if $(shell $(name) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(name))))
PORT ?= 8000
DATA ?= .tiefen
FANS ?=
SEED ?=
RESET ?=
M ?=
TESTS ?=
BIN := .venv/bin
RUN := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help demo dev test check fix migration client bench docs faces lock rights shots

help: ## List these commands
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1|/' | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

demo: .venv/ready faces ## Run everything with a demo merchant: PORT=8000 DATA=.tiefen FANS=8000 SEED=1 RESET=1
	@$(BIN)/tiefen demo --port $(PORT) --data $(DATA) $(if $(FANS),--fans $(FANS)) $(if $(SEED),--seed $(SEED)) $(if $(RESET),--reset)

dev: .venv/ready faces ## The same for developers: small data in .tiefen-dev, the server restarts when code changes
	@$(BIN)/tiefen demo --port $(PORT) --data .tiefen-dev --fans $(or $(FANS),60) --reload $(if $(RESET),--reset)

test: .venv/ready faces ## Run all tests (TESTS=tests/orders for a part, FAST=1 leaves out what is slow)
	@$(RUN) -m tools.test $(if $(FAST),--fast) $(TESTS)

check: .venv/ready ## Everything machines check: style, types, layers, migrations, client in step, web; prints health numbers
	@$(RUN) -m tools.check

fix: .venv/ready ## Repair what machines can: imports, formatting
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

migration: .venv/ready ## Write a migration from changed models: M="add notes to orders"
	@test -n "$(M)" || { echo 'say what it does: make migration M="add notes to orders"'; exit 2; }
	@$(BIN)/tiefen migrate --new "$(M)"

client: .venv/ready ## Write the OpenAPI description and the typed client of the faces
	@$(RUN) -m tools.client

bench: .venv/ready ## Run the benchmarks, or ONLY=name; one JSON line each
	@$(RUN) -m bench $(ONLY)

docs: .venv/ready ## Write the generated pages of docs/
	@$(RUN) -m tools.docs

rights: .venv/ready ## Write tests/architecture/rights.json, the table of who may enter where
	@$(RUN) -m tests.architecture.test_rights

shots: .venv/ready faces ## Take the README's screenshots from a fresh demo
	@$(RUN) -m tools.shots

lock: .venv/ready ## Resolve the dependencies anew into the lock files
	@$(RUN) -m tools.lock

faces: .venv/ready
	@$(RUN) -m tools.faces

.venv/ready: requirements.lock pyproject.toml tools/venv.py tools/locks/uv.txt
	@test -n "$(PYTHON)" || { echo 'Tiefen needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python'; exit 1; }
	@$(PYTHON) tools/venv.py
	@touch $@
