# The two commands for a newcomer are `make demo` and `make test`; both install what is missing.

SWIFT ?= swift
TEST = $(SWIFT) test --skip-build --disable-xctest
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: help demo test examples lib install uninstall test-c test-failover test-browser screenshots check lint format build sanitize fuzz campaigns coverage bench bench-full bench-calls bench-footprint bench-compare check-cost clean setup

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install the system libraries that are missing
	@./scripts/install-libraries

demo: setup ## run the main job: the twelve test users through vault, registry and flow
	$(SWIFT) run -j $(JOBS) provekey demo

# The tests of PostgreSQL and of the sandbox measure time and memory: they have the machine to
# themselves. The others keep to the open files that a process has by default, which they can do since
# few of those with a registry run at a time.
test: setup ## build and pass all tests
	$(SWIFT) build --build-tests -j $(JOBS)
	ulimit -S -n 1024 && $(TEST) --skip '^Prove(DeviceRegistryPostgres|Sandbox)Tests'
	$(TEST) --filter '^ProveDeviceRegistryPostgresTests'
	$(TEST) --filter '^ProveSandboxTests'

examples: setup ## run what docs/integration.md shows: a Hummingbird server, its back end and a device
	$(SWIFT) test --package-path Examples --disable-xctest -j $(JOBS)

build: setup ## build everything, tests included
	$(SWIFT) build --build-tests -j $(JOBS)

lib: setup ## build the C library into .build-lib/out: shared, static, header, pkg-config, CMake
	@JOBS=$(JOBS) PREFIX=$(PREFIX) ./scripts/build-library

install: ## install the C library that `make lib` has built under PREFIX (/usr/local)
	@./scripts/install-c-library install "$(DESTDIR)" "$(PREFIX)"

uninstall: ## remove what `make install` has put under PREFIX
	@./scripts/install-c-library uninstall "$(DESTDIR)" "$(PREFIX)"

test-c: lib ## build the C library and test it from C, C++, Python, Go and Java
	@./scripts/test-c-library
	@./scripts/test-bindings

# The page of `provekey sandbox`, place to revocation, by keyboard and on a phone's screen.
test-browser: setup ## drive the sandbox's page in real Chromium
	$(SWIFT) build --product provekey -j $(JOBS)
	@./scripts/test-browser

screenshots: setup ## take the pictures of the page in docs/ anew
	$(SWIFT) build --product provekey -j $(JOBS)
	@./scripts/test-browser --screenshots ../../docs/images test_screenshots.py

lint: ## check the formatting
	$(SWIFT) format lint -r -p --strict Sources Tests Package.swift Benchmarks/Package.swift Benchmarks/Benchmarks Fuzzing Examples/Package.swift Examples/Sources Examples/Tests

format: ## rewrite to the formatting
	$(SWIFT) format -i -r -p Sources Tests Package.swift Benchmarks/Package.swift Benchmarks/Benchmarks Fuzzing Examples/Package.swift Examples/Sources Examples/Tests

check: lint test ## everything that CI checks: formatting, build with warnings as errors, tests, tidy

# The sanitizers each need a build of their own; the command line's tests run the plain program. One
# test at a time, since a sanitized program is many times slower and tests have time limits. Without the
# search for leaks: a test that ends its process leaves the memory of Swift's tasks, which it takes for such.
sanitize: setup ## the tests, and those of the C library, under the thread and the address sanitizer
	$(SWIFT) test --disable-xctest --no-parallel --sanitize=thread --scratch-path .build-thread -j $(JOBS)
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --disable-xctest --no-parallel --sanitize=address --scratch-path .build-address -j $(JOBS)
	@./scripts/sanitize-c-library thread
	@./scripts/sanitize-c-library address

fuzz: setup ## each fuzzer, and that of the C library, for FUZZ_SECONDS seconds (10)
	@./scripts/fuzz
	@./scripts/fuzz-c-library

campaigns: build ## the long form of the power cuts, failures, kills and flipped bytes: an hour or more
	PROVE_KEY_STORE_LONG=1 $(SWIFT) test --skip-build --disable-xctest --filter ProveKeyVaultTests
	PROVE_KEY_STORE_LONG=1 $(SWIFT) test --skip-build --disable-xctest --filter '^ProveDeviceRegistryTests\.(PowerCutTests|FaultTests|DurabilityTests|SweepInFileTests)'

test-failover: build ## the registry on three PostgreSQL servers whose leader is killed and cut off: some three minutes
	@./scripts/install-libraries failover
	PROVE_KEY_STORE_LONG=1 $(SWIFT) test --skip-build --disable-xctest --filter FailoverTests

coverage: setup ## the tests with a coverage table
	$(SWIFT) test --disable-xctest --enable-code-coverage -j $(JOBS)
	@./scripts/print-coverage

bench: setup ## the registry beside its references, minutes: results and plots in docs/performance
	@./scripts/bench-registry
	@./scripts/plot-benchmarks

bench-full: setup ## the same up to 10,000,000 registrations, with more rounds: an hour or more
	@./scripts/bench-registry full
	@./scripts/plot-benchmarks

bench-calls: setup ## the library's calls by ordo-one/benchmark
	cd Benchmarks && $(SWIFT) package benchmark

bench-footprint: setup ## memory, and files over a simulated month
	@./scripts/bench-footprint
	@./scripts/plot-benchmarks

bench-compare: setup ## the vault against a bare C program and SQLCipher, in turn
	@./scripts/compare-vault

check-cost: setup ## fail where a hot path takes more than 3 % over the instructions that are kept
	@./scripts/count-instructions --check

clean: ## remove what builds have made
	rm -rf .build .build-browser .build-lib .build-lib-address .build-lib-thread .build-thread .build-address .build-fuzz Benchmarks/.build Examples/.build
