# `make` alone says what there is. Everything runs from a fresh clone; demo and tests share one build (the dev profile, dependencies optimised).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET_DIR)
BIN := $(TARGET_DIR)/debug/trailkeep
# The second one has the AWS command line, where none worked when `make setup` looked.
PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.venv-aws/bin:$(PATH)
export PATH

.PHONY: help setup build demo test test-infra docs-infra chaos check bench golden image clean

help: ## Say what there is
	@echo "Trailkeep keeps an AWS organization's CloudTrail. Begin with: make demo"
	echo
	sed -n 's/^\([a-z-]*\): .*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## Get what tests need (Python packages into .venv; the AWS CLI into .venv-aws where there is none), say what is missing; does nothing the second time
	@scripts/setup.sh

build: ## Build the trailkeep command (dev profile; the first build takes some minutes)
	@command -v cargo >/dev/null || scripts/setup.sh
	if [ ! -x "$(BIN)" ]; then echo "building trailkeep; the first build compiles some 400 crates and takes 5 to 10 minutes on two cores ..."; fi
	cargo build --locked --workspace --bins --quiet

demo: build ## Make a small organization, ingest it, ask it three questions (about a minute once built)
	@TRAILKEEP_BIN="$(BIN)" scripts/demo.sh

test: setup build ## Run all tests; with TRAILKEEP_CONFORMANCE_DIR the conformance runs too
	@export RUST_LIB_BACKTRACE=0 TRAILKEEP_BIN="$(BIN)" TRAILKEEP_PYTHON="$(CURDIR)/.venv/bin/python"; ended=0
	if cargo nextest --version >/dev/null 2>&1; then
	    cargo nextest run --locked --workspace --no-fail-fast --status-level fail --final-status-level slow || ended=1
	    cargo test --locked --workspace --doc --quiet || ended=1
	else
	    cargo test --locked --workspace --no-fail-fast || ended=1
	fi
	$(MAKE) test-infra || ended=1
	exit $$ended

test-infra: setup build ## Run the tests of the Terraform modules, where terraform, npm and Python are there (PYTEST="-k keys" for some of them)
	@lacking="$$(mktemp)"; trap 'rm -f "$$lacking"' EXIT; ended=0
	scripts/setup_infra.sh 2>"$$lacking" || ended=$$?
	if [ $$ended = 3 ]; then
	    echo "infrastructure tests: not run ($$(sed -z 's/\n$$//; s/\n/; /g' "$$lacking"))"
	    [ "$${REQUIRE_ALL:-}" != 1 ] && exit 0 || exit 1
	fi
	cat "$$lacking" >&2; [ $$ended = 0 ] || exit $$ended
	export TRAILKEEP_BIN="$(BIN)" TRAILKEEP_PYTHON="$(CURDIR)/.venv/bin/python"
	.infra/venv/bin/python -m pytest --quiet --color=no --rootdir=infra/terraform/tests -c infra/terraform/tests/pytest.ini $(or $(PYTEST),) infra/terraform/tests

docs-infra: ## Fill the generated parts of the Terraform modules' READMEs
	@scripts/setup_infra.sh
	.infra/venv/bin/python infra/terraform/tests/harness/tfdoc.py infra/terraform/{modules,stacks,examples}/*/

chaos: setup build ## Let collectors run under random faults and count what came of it: make chaos SEED=7 DURATION_S=600
	@seed="$(or $(SEED),$$RANDOM)"; echo "seed=$$seed"
	export RUST_LIB_BACKTRACE=0 TRAILKEEP_BIN="$(BIN)" REQUIRE_ALL=1 TRAILKEEP_CHAOS_SEED="$$seed" TRAILKEEP_CHAOS_DURATION_S="$(or $(DURATION_S),60)"
	said="$$(mktemp)"; trap 'rm -f "$$said"' EXIT; ended=0
	cargo test --locked --workspace --quiet --test all -- --exact --nocapture chaos::random_faults_lose_nothing_and_land_nothing_twice >"$$said" 2>&1 || ended=1
	if [ $$ended = 1 ]; then grep -v '^announced=' "$$said" || true; fi
	grep '^announced=' "$$said" && exit $$ended

check: ## Formatting, lints, documentation; bans, licences and sources of dependencies where cargo-deny is installed
	@echo "formatting ..."
	cargo fmt --all --check
	echo "lints ..."
	cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
	echo "documentation ..."
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet
	if cargo deny --version >/dev/null 2>&1; then
	    cargo deny --locked check bans licenses sources
	else
	    echo "cargo deny: not run (not installed); a test over cargo metadata still checks the licences"
	fi

bench: setup ## Measure ingest, query, collector and verification beside their limits and peers (release build; about 20 minutes with it)
	@echo "building for release ..."
	cargo build --locked --release --workspace --bins --quiet
	.venv/bin/python scripts/bench.py $(BENCH)

golden: build ## Make tests/golden for the current archive format where there is none; never overwrites
	@TRAILKEEP_BIN="$(BIN)" scripts/golden.sh

IMAGE ?= trailkeep-collector
TAG ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TARGET ?= collector
# linux/arm64 is what the Terraform modules' tasks run on unless they are told otherwise.
PLATFORM ?=
image: ## Build the collector's container image (IMAGE=… TAG=… PLATFORM=linux/arm64; TARGET=auditor, or trailkeep for the command line)
	@if ! command -v docker >/dev/null; then echo "make image needs docker with BuildKit, and there is none here: install it, or run docker build where it is" >&2; exit 1; fi
	if ! docker info >/dev/null 2>&1; then echo "make image needs docker's daemon, and it does not answer: start it, or point DOCKER_HOST at one" >&2; exit 1; fi
	version="$$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
	revision="$$(git rev-parse HEAD 2>/dev/null || echo unknown)"
	DOCKER_BUILDKIT=1 docker build $(if $(PLATFORM),--platform "$(PLATFORM)") --target "$(TARGET)" --build-arg VERSION="$$version" --build-arg REVISION="$$revision" --tag "$(IMAGE):$(TAG)" .
	echo "built $(IMAGE):$(TAG)"

clean: ## Remove what building, demo and benchmarks made, and .venv-aws (.venv and .infra stay)
	cargo clean
	rm -rf .demo .bench .infra/data .venv-aws
