# onrecord: `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test unit check fix lock schemas generate kafka-up kafka-down kafka-test observability-test image image-test sbom faults \
        fuzz screenshots gate ablate cases quality quality-identity quality-gate bench train train-test clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamps make `make run` and `make test` start at once when nothing has changed.
INSTALL = $(PYTHON) requirements/install.py
$(VENV)/.run: requirements/install.py requirements/installer.txt requirements/build.txt requirements/run.txt pyproject.toml
	@$(INSTALL) $(VENV) build run --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(INSTALL) $(VENV) build dev
	@touch $@

setup: $(VENV)/.run ## make .venv with everything the program needs

setup-dev: $(VENV)/.dev ## the same, with the test and lint tools

# PATHS goes through the environment as it was typed: the shell would take it apart at every space.
run: export PATHS := $(value PATHS)
run: $(VENV)/.run ## ingest, extract, aggregate and serve the sample articles (PATHS="…" for your own, SERVE=0 to exit)
	@$(BIN)/onrecord run $(if $(filter 0,$(SERVE)),--no-serve) $(if $(strip $(value PATHS)),--list "$$PATHS",--samples)

test: $(VENV)/.dev ## run every test this machine can run
	@$(BIN)/python -m pytest $(ARGS)

unit: $(VENV)/.dev ## only the tests that need no server
	@$(BIN)/python -m pytest -m "not kafka and not postgres and not prometheus and not image and not slow" $(ARGS)

check: $(VENV)/.dev ## lint, types, generated files, and everything in deploy/ that can be validated offline
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@set -e; for generator in $(GENERATORS); do $(BIN)/python $$generator --check; done
	@$(BIN)/python -m pytest -q tests/deploy $(ARGS)

fix: $(VENV)/.dev ## mend what the linter can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# One after the other, each held to the one before: what is in two locks is of one version. `--upgrade` in ARGS takes what is newest.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q $(ARGS)
lock: ## pin the dependencies anew (needs uv; ARGS=--upgrade)
	$(LOCK) --group installer -o requirements/installer.txt
	$(LOCK) --group build -o requirements/build.txt
	$(LOCK) pyproject.toml -c requirements/build.txt -o requirements/run.txt
	$(LOCK) pyproject.toml --extra otel -c requirements/build.txt -c requirements/run.txt -o requirements/otel.txt
	$(LOCK) pyproject.toml --extra parquet -c requirements/build.txt -c requirements/run.txt -o requirements/parquet.txt
	$(LOCK) pyproject.toml --group dev -c requirements/build.txt -c requirements/otel.txt -c requirements/parquet.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --group train -c requirements/build.txt -c requirements/dev.txt -o requirements/train.txt

schemas: $(VENV)/.run ## export the JSON Schemas and the AsyncAPI document
	@$(BIN)/python -m schemas.export
	@$(BIN)/python -m services.chassis.asyncapi

# Each writes the files it owns, or with --check says which are out of step.
GENERATORS = "-m schemas.export" "-m services.chassis.asyncapi" "-m services.chassis.metrics_doc" \
             deploy/prometheus/generate.py deploy/grafana/generate.py deploy/kubernetes/generate.py

generate: $(VENV)/.dev ## write what is generated anew: schemas, AsyncAPI, docs/metrics.md, rules, dashboards, Kubernetes
	@set -e; for generator in $(GENERATORS); do $(BIN)/python $$generator; done

kafka-up: $(VENV)/.run ## start a real Kafka on loopback (BROKERS=3 for a cluster); needs Java 17 and Maven
	@$(BIN)/python -m services.chassis.devkafka up --brokers $(or $(BROKERS),1)

kafka-down: $(VENV)/.run ## stop it
	@$(BIN)/python -m services.chassis.devkafka down

kafka-test: $(VENV)/.dev ## the whole pipeline as four processes on a three-broker Kafka with PostgreSQL
	@REQUIRE_SERVICES=1 $(BIN)/python -m pytest tests/integration/test_kafka_pipeline.py $(ARGS)

observability-test: $(VENV)/.dev ## every panel and rule against a real Prometheus and the running pipeline, faults included
	@REQUIRE_SERVICES=1 $(BIN)/python -m pytest tests/observability $(ARGS)

image: $(VENV)/.dev ## build the container image with the engine that is there, labels filled in
	@$(BIN)/python deploy/image/build.py

sbom: $(VENV)/.dev ## the image's bill of materials, CycloneDX, on standard output
	@$(BIN)/python deploy/image/sbom.py

image-test: $(VENV)/.dev ## build the image with buildah and run the pipeline from it (root; Debian)
	@REQUIRE_SERVICES=1 $(BIN)/python -m pytest -s tests/image $(ARGS)

faults: $(VENV)/.dev ## kills, partitions and hazards on both logs, and the campaign (long: python -m tests.faults.campaign)
	@REQUIRE_SERVICES=1 CAMPAIGN=kafka $(BIN)/python -m pytest tests/faults $(ARGS)

fuzz: $(VENV)/.dev ## every decoder, the normaliser and the extraction, fuzzed (ARGS="--minutes 60 --seed 1")
	@$(BIN)/python -m tests.fuzz $(ARGS)

screenshots: $(VENV)/.dev ## draw the dashboards from the running pipeline's data
	@$(BIN)/python deploy/grafana/screenshots.py

quality: $(VENV)/.dev ## extraction figures on PolNeAR (CORPUS=folder with train/ and dev/)
	@$(BIN)/python -m lab.quality $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

quality-identity: $(VENV)/.dev ## identity across articles (ARGS="--actors CORPUS ACTORS --pages FOLDER… --us FOLDER" for all of it)
	@$(BIN)/python -m lab.quality.identity $(ARGS)

gate: $(VENV)/.dev ## the exact output of committed articles (ACCEPT=1 stores it, with a new version)
	@$(BIN)/python -m lab.gate $(if $(ACCEPT),--accept) $(ARGS)

cases: $(VENV)/.dev ## small inputs after public bug reports: how many are right, by kind
	@$(BIN)/python -m lab.quality.cases $(ARGS)

ablate: $(VENV)/.dev ## what each rule is worth on every set (CORPUS=…; ARGS="--pages … --actors …")
	@$(BIN)/python -m lab.quality.ablate $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

quality-gate: $(VENV)/.dev ## fail when extraction got worse than the stored figures (UPDATE=1 stores them)
	@$(BIN)/python -m lab.quality.gate $(if $(CORPUS),--corpus $(CORPUS)) $(if $(UPDATE),--update)

bench: $(VENV)/.dev ## speed: articles per second, memory; what linking names costs
	@$(BIN)/python -m tests.benchmarks.pipeline $(ARGS)
	@$(BIN)/python -m tests.benchmarks.identity --actors 10000

$(VENV)-train/.train: requirements/install.py requirements/installer.txt requirements/build.txt requirements/train.txt
	@echo "PyTorch takes several GB"
	@$(INSTALL) $(VENV)-train build train
	@touch $@

train: $(VENV)-train/.train ## train the tagger (CORPUS=folder with train/ and dev/, CLAIMS=ClaimBuster's sentences, OUT=folder)
	@$(VENV)-train/bin/python -m lab.training --corpus $(CORPUS) $(if $(CLAIMS),--claims $(CLAIMS)) --out $(or $(OUT),build/model) $(ARGS)

train-test: $(VENV)-train/.train ## the training code's own tests, where PyTorch is
	@$(VENV)-train/bin/python -m pytest tests/lab/training $(ARGS)

clean: ## remove what the program and the tests made (not .venv)
	rm -rf var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
