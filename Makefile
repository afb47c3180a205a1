# Short names for what people do here. `make` lists them.
# Every target sets itself up; the second time it starts at once. ARGS goes to the command: make run ARGS="--json"

.DEFAULT_GOAL := help
SHELL := /bin/sh

PROJECT ?= taxi
ARGS ?=
WORKERS ?= 2
PORT ?= 5000

# A container may forbid Python to keep what it compiled; every process would compile all it imports anew, for seconds each.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
STEWARD := $(BIN)/steward
HOME_FOLDER := $(or $(STEWARD_HOME),.steward)
# Looked for only where it is used: the one on PATH, else the one that .ci/install put beside Python.
UV = $(shell uv --version >/dev/null 2>&1 && command -v uv || echo $(BIN)/uv)
LOCK = $(UV) pip compile pyproject.toml -c .ci/constraints.txt --universal --python-version 3.11 --extra geo --generate-hashes --no-emit-index-url --no-header -q $(ARGS)

.PHONY: help install services run pipeline ingest process features train serve watch status test test-all watch-demo lint format types contracts bench bench-models bench-serving bench-monitoring docs mlflow-ui db-shell lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo '  PROJECT=$(PROJECT) names the project; ARGS="..." goes to the command; STEWARD_DATA=FOLDER holds data files.'

install: $(VENV)/.installed ## Make .venv with steward and everything the locks name in it
	@:

$(VENV)/.installed: requirements.lock requirements-dev.lock pyproject.toml
	@.ci/install $(VENV)
	@touch $@

services: ## Install the real servers and tools the tests start (Debian, as root)
	@.ci/services

run: install ## Run the whole loop on a project: data in, a gated champion out
	@$(STEWARD) run $(PROJECT) $(ARGS)

pipeline: run ## The same as run

ingest process features train: install
	@$(STEWARD) $@ $(PROJECT) $(ARGS)
ingest: ## Bring the project's months in as one snapshot
process: ## ... and check and clean them
features: ## ... and make the feature table
train: ## ... and train and evaluate the candidates

serve: install ## Answer over HTTP with the champion (port 8000)
	@$(STEWARD) serve $(PROJECT) $(ARGS)

watch: install ## Compare a window with the champion's data: make watch ARGS="--period 2020-04"
	@$(STEWARD) watch $(PROJECT) $(ARGS)

status: install ## Show who is champion, what ran, what drifts, what waits
	@$(STEWARD) status $(ARGS)

watch-demo: install ## Server, Prometheus, Alertmanager: drifting traffic until the alarm is at a webhook
	@$(BIN)/python ops/watch_demo.py $(ARGS)

test: install ## Run the tests; what was skipped is listed with its reason
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not campaign" $(ARGS)

test-all: install ## Run the tests and the long campaigns, and write down what they counted (docs/reliability.md)
	@rm -rf benchmarks/out/reliability
	@STEWARD_RELIABILITY=$(CURDIR)/benchmarks/out/reliability $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS); \
	failed=$$?; $(BIN)/python -m tests.reliability benchmarks/out/reliability docs/reliability.md && exit $$failed

lint: install ## Look for faults and for code that is not formatted
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: install ## Format the code and mend what can be mended by itself
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

types: install ## Check the types
	@$(BIN)/mypy

contracts: install ## Check that every room imports only what stands before it
	@$(BIN)/lint-imports --no-logo

bench-models: install benchmarks/automl/.venv/.installed ## Measure the models beside known numbers, and what training costs beside the bare fits
	@$(BIN)/python benchmarks/models.py $(ARGS)
	@$(BIN)/python benchmarks/automl.py
	@$(BIN)/python benchmarks/gate.py

SERVERS := $(foreach name,fastapi mlflow bentoml mlserver,benchmarks/serving/$(name)/.venv/.installed)

bench-serving: install ## Measure the server with wrk, beside the barest one and four others of the same model
	@$(MAKE) --no-print-directory -k $(SERVERS) || echo "a server could not be installed; it will be missing in the table"
	@$(BIN)/python benchmarks/serving.py $(ARGS)
	@$(BIN)/python benchmarks/score.py

WATCHERS := $(foreach name,evidently nannyml,benchmarks/monitoring/$(name)/.venv/.installed)

bench-monitoring: install ## Measure watching: false alarms, power, cost, real history, beside Evidently and NannyML
	@$(MAKE) --no-print-directory -k $(WATCHERS) || echo "a peer could not be installed; it will be missing in the tables"
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/python benchmarks/monitoring.py $(ARGS)

bench: benchmarks/.venv/.installed benchmarks/peers/.venv/.installed ## Measure speed, memory and error beside plain tools
	@$(BIN)/python benchmarks/cli.py
	@$(BIN)/python benchmarks/model.py
	@$(BIN)/python benchmarks/ingest.py
	@$(BIN)/python benchmarks/load.py
	@$(BIN)/python benchmarks/quality.py

benchmarks/.venv/.installed benchmarks/peers/.venv/.installed benchmarks/automl/.venv/.installed $(SERVERS) $(WATCHERS): %/.venv/.installed: %/requirements.txt $(VENV)/.installed
	@test -x $*/.venv/bin/python || $(BIN)/python -m venv $*/.venv
	@$(UV) pip install -q --python $*/.venv/bin/python -r $< || $*/.venv/bin/python -m pip install -q -r $<
	@touch $@

mlflow-ui: install ## Look at runs and versions in MLflow's own pages (PORT=5000)
	@test -f $(HOME_FOLDER)/mlflow.db || { echo "$(HOME_FOLDER)/mlflow.db is not there yet; first:  make run"; exit 1; }
	@MLFLOW_DISABLE_TELEMETRY=true $(UV) tool run --from "mlflow==$$($(BIN)/python -c 'import importlib.metadata as m; print(m.version("mlflow-skinny"))')" \
	  mlflow ui --backend-store-uri sqlite:///$(HOME_FOLDER)/mlflow.db --host 127.0.0.1 --port $(PORT)

db-shell: install ## Ask the database in SQL (read only): sqlite3, psql or mariadb, by STEWARD_DATABASE_URL
	@$(STEWARD) db shell $(ARGS)

docs: install ## Make the pages of docs/ that follow from the blueprints' declarations
	@$(BIN)/python -m steward.flows.pages

lock: install ## Resolve the dependencies anew into the two lock files (ARGS=--upgrade takes newer versions)
	@$(LOCK) -o requirements.lock
	@$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock

clean: ## Remove caches and build leftovers; .venv and the workspace stay
	@rm -rf build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov benchmarks/out
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
