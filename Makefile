# make demo     see it work (ONCE=1: end after the tour)
# make test     every test
# make release  the binary that ships, in target/shipped: built with a profile of itself under load
# make lint     format and clippy, warnings denied
# make property whole text, any split and the oracle for MINUTES minutes (60), ten million cases at most
# make soak     300 connections for SECONDS seconds (300), one in ten misbehaving; then 500 streams for as long
# make fuzz     each fuzz target for MINUTES minutes (10), by cargo-fuzz
# make bench    the figures of benches/README.md (also bench-compare, bench-baseline: see there)
# make deploy-check  run what is in deploy/, in Debian chroots (root)
# make pii-quality  measure precision and recall of `pii` anew, for docs/detectors.md
# make false-alarms  measure how often the policy default blocks what is harmless anew, for docs/policies.md
# make phone-regions  write the table of phone numbers anew from the crate phonenumber
# make runtime  fetch ONNX Runtime's library alone
#
# Needs a Rust toolchain and Python 3 with pip; what else is missing is fetched, once.

.DEFAULT_GOAL := help

include deploy/runtime.mk

TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: release false-alarms pii-quality phone-regions deploy-check help build demo test lint property soak fuzz bench bench-compare bench-baseline

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^$$/q'

# Cargo knows best whether anything has to be built.
build:
	@cargo build --release --locked

# Twice as long as `build`, for a tenth or more of the CPU.
release:
	@deploy/release.sh

demo: runtime build
	@$(TARGET)/release/palisade demo $(if $(filter-out 0,$(ONCE)),--once)

# Tests that drive clients need more than Rust; tests/clients/run.sh says what it skips, which CI=true does not allow.
test: runtime
	cargo test --locked --no-fail-fast
	$(TARGET)/debug/palisade test policies
	@if [ -f tests/clients/run.sh ]; then sh tests/clients/run.sh; \
	elif [ "$(CI)" = true ]; then echo "tests/clients/run.sh is missing" >&2; exit 1; \
	else echo "skipped: client tests (tests/clients/run.sh is missing)"; fi

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

property: MINUTES := 60
property:
	PALISADE_CASES=10000000 PALISADE_SECONDS=$$(($(MINUTES) * 60)) cargo test --locked --release --lib -- --nocapture agree


pii-quality:
	PALISADE_WRITE=1 cargo test --locked --test pii_quality -- --nocapture precision_and_recall

false-alarms: runtime
	PALISADE_WRITE=1 cargo test --locked --release --test false_alarms -- --nocapture

phone-regions:
	PALISADE_PHONE_REGIONS=1 cargo test --locked --lib the_table_is_what_the_metadata_says

# Wants root, debootstrap and the network: not part of `make test`.
deploy-check:
	@deploy/check.sh $(PROFILE)

soak: SECONDS := 300
soak: runtime build
	@python3 tests/soak/soak.py --seconds $(SECONDS)
	@python3 tests/soak/soak.py --seconds $(SECONDS) --streams

# cargo-fuzz wants nightly; with RUSTC_BOOTSTRAP the toolchain that builds everything else does as well.
fuzz: MINUTES := 10
fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
	@python3 fuzz/seeds.py unpack
	@cd fuzz && for target in $$(RUSTC_BOOTSTRAP=1 cargo fuzz list); do \
		echo "== $$target"; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $$target -- -max_total_time=$$(($(MINUTES) * 60)) -max_len=8192 -timeout=20 || exit 1; \
	done

FIGURES := $(TARGET)/figures.json

bench: runtime
	@sh benches/run.sh $(FIGURES)
	@python3 benches/report.py $(FIGURES)

bench-compare: runtime
	@sh benches/run.sh $(FIGURES)
	@python3 benches/report.py --compare $(FIGURES)

bench-baseline: runtime
	@sh benches/run.sh $(FIGURES)
	@python3 benches/report.py --save $(FIGURES)
