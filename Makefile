# onrecord: `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test unit check fix lock schemas generate kafka-up kafka-down kafka-test observability-test image image-test sbom faults \
        screenshots quality quality-gate bench train train-test clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamps make `make run` and `make test` start at once when nothing has changed.
$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "onrecord needs Python 3.11 or newer; $$($(PYTHON) --version) was found. Set PYTHON=…"; exit 1; }
	@echo "Setting up $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Adding the test tools …"
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.run ## make .venv with everything the program needs

setup-dev: $(VENV)/.dev ## the same, with the test and lint tools

run: $(VENV)/.run ## ingest, extract, aggregate and serve the sample articles (PATHS="…" for your own, SERVE=0 to exit)
	@$(BIN)/onrecord run $(if $(filter 0,$(SERVE)),--no-serve) $(PATHS)

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

lock: ## pin the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q pyproject.toml -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q pyproject.toml --extra otel -c requirements/run.txt -o requirements/otel.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q pyproject.toml --group dev -o requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --group train pyproject.toml -o requirements/train.txt

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

faults: $(VENV)/.dev ## kills, partitions and hazards on both logs
	@REQUIRE_SERVICES=1 $(BIN)/python -m pytest tests/faults $(ARGS)

screenshots: $(VENV)/.dev ## draw the dashboards from the running pipeline's data
	@$(BIN)/python deploy/grafana/screenshots.py

quality: $(VENV)/.dev ## extraction figures on PolNeAR (CORPUS=folder with train/ and dev/)
	@$(BIN)/python -m services.extract.quality $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

quality-gate: $(VENV)/.dev ## fail when extraction got worse than the stored figures (UPDATE=1 stores them)
	@$(BIN)/python -m services.extract.quality.gate $(if $(CORPUS),--corpus $(CORPUS)) $(if $(UPDATE),--update)

bench: $(VENV)/.dev ## speed: articles per second, memory
	@$(BIN)/python -m tests.benchmarks.pipeline $(ARGS)

$(VENV)-train/.train: requirements/build.txt requirements/train.txt $(VENV)/.run
	@echo "Setting up $(VENV)-train (PyTorch: several GB) …"
	@test -x $(VENV)-train/bin/python || $(PYTHON) -m venv $(VENV)-train
	@$(VENV)-train/bin/python -m pip install -qq --require-hashes -r requirements/build.txt -r requirements/train.txt
	@touch $@

train: $(VENV)-train/.train ## train the tagger (CORPUS=folder with train/ and dev/, CLAIMS=ClaimBuster's sentences, OUT=folder)
	@$(VENV)-train/bin/python -m services.extract.training --corpus $(CORPUS) $(if $(CLAIMS),--claims $(CLAIMS)) --out $(or $(OUT),build/model) $(ARGS)

train-test: $(VENV)-train/.train ## the training code's own tests, where PyTorch is
	@$(VENV)-train/bin/python -m pytest tests/extract/training $(ARGS)

clean: ## remove what the program and the tests made (not .venv)
	rm -rf var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
