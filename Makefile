# make demo     see it work (ONCE=1: end after the tour)
# make test     every test
# make lint     format and clippy, warnings denied
# make property whole text, any split and the oracle, 100,000 cases (some five minutes)
# make bench    the figures of benches/README.md
# make runtime  fetch ONNX Runtime's library alone
#
# Needs a Rust toolchain and Python 3 with pip; what else is missing is fetched, once.

.DEFAULT_GOAL := help

include deploy/runtime.mk

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help build demo test lint property bench

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^$$/q'

# Cargo knows best whether anything has to be built.
build:
	@cargo build --release --locked

demo: runtime build
	@$(TARGET)/release/palisade demo $(if $(filter-out 0,$(ONCE)),--once)

# Tests that drive clients need more than Rust; tests/clients/run.sh says what it skips, which CI=true does not allow.
test: runtime
	cargo test --locked
	$(TARGET)/debug/palisade test policies
	@if [ -f tests/clients/run.sh ]; then sh tests/clients/run.sh; \
	elif [ "$(CI)" = true ]; then echo "tests/clients/run.sh is missing" >&2; exit 1; \
	else echo "skipped: client tests (tests/clients/run.sh is missing)"; fi

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

property:
	PALISADE_CASES=100000 cargo test --locked --lib -- --nocapture inspect::tests::whole

bench: runtime build
	@sh benches/run.sh
