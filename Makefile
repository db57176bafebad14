.DEFAULT_GOAL := help
SHELL := bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Test, deploy, change and deploy the example in the lab (KEEP=1: leave lab and Airflow running)
	@scripts/setup.sh demo
	@.venv/bin/python -m lab.demo $(if $(filter-out 0,$(KEEP)),--keep)

.PHONY: test
test: ## Lint, then run every test; nothing is skipped. PYTEST_ARGS are passed on
	@scripts/setup.sh test
	@scripts/lint.sh
	@MWAA_DEPLOY_REQUIRE_ALL=1 .venv/bin/python -m pytest tests/unit tests/contract tests/integration \
	  --numprocesses=auto --maxprocesses=4 --dist=loadfile --durations=15 --junitxml=.lab/junit.xml $(PYTEST_ARGS)
	@# The proofs need one core, and the end-to-end tests mostly wait.
	@.venv/bin/python -m proofs > .lab/proofs.log 2>&1 & proofs=$$!; status=0; \
	  MWAA_DEPLOY_REQUIRE_ALL=1 .venv/bin/python -m pytest tests/e2e --durations=15 --junitxml=.lab/junit-e2e.xml \
	  $(PYTEST_ARGS) || status=$$?; \
	  wait $$proofs || status=$$?; cat .lab/proofs.log; exit $$status

.PHONY: lint
lint: ## Run every linter and type checker
	@scripts/setup.sh lint
	@scripts/lint.sh

.PHONY: pictures
pictures: ## Draw the pictures of docs/pictures.md anew
	@scripts/setup.sh test
	@.venv/bin/python -m scripts.pictures

.PHONY: prove
prove: ## Prove deployments: 1,000 random histories in a model, a crash at each call in the lab (PROVE_ARGS)
	@scripts/setup.sh test
	@.venv/bin/python -m proofs $(PROVE_ARGS)

.PHONY: bench
bench: ## Measure side by side what the README's table quotes (BENCH_ARGS: names, --rounds N); takes half an hour
	@scripts/setup.sh test
	@.venv/bin/python -m benchmarks $(BENCH_ARGS)

.PHONY: rehearse
rehearse: ## Release this checkout to a registry of the lab, and try what it would publish; nothing leaves the computer
	@scripts/setup.sh test
	@.venv/bin/python -m release rehearse

.PHONY: lock
lock: ## Resolve the hash-locked requirement files again
	@scripts/setup.sh demo
	@scripts/lock.sh

.PHONY: clean
clean: ## Stop the lab and remove what this checkout started and installed in itself
	@scripts/clean.sh
