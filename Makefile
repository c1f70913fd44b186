# The commands of Slipway in short; CMake does the work. `make help` lists them.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PLATFORM ?= cpu
LABELS ?=
TASKS ?= 104000000
SEED ?= 1
FROM ?= HEAD~1
TO ?=
DOCS ?=
# Debian's own, which sees Debian's packages.
PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)

.DEFAULT_GOAL := help
.PHONY: help build device demo test check-asan check-tsan check-ubsan check-rows soak \
        check-instructions record-instructions bench bench-peers bench-quick bench-model peers lint \
        format install clean

help:
	@echo "make demo         install what is missing, build, run the two main examples"
	@echo "make test         install what is missing, build, run every test"
	@echo "make build        configure and build into build/"
	@echo "make device       the accelerators' control program, and the examples' programs, for aarch64"
	@echo "make check-asan   unit and concurrency tests under the address sanitizer"
	@echo "                  (LABELS='example|random' takes other tests)"
	@echo "make check-tsan   the same under the thread sanitizer"
	@echo "make check-ubsan  the same under the undefined behaviour sanitizer"
	@echo "make check-rows   one mutant for every required behaviour: its test must notice"
	@echo "make soak         tasks that check who wrote each input: TASKS=104000000 SEED=1"
	@echo "make check-instructions   counted instructions against the recorded ones"
	@echo "make bench        benchmarks, 15 minutes at most (PLATFORM=cpu)"
	@echo "make bench-peers  the part of it that runs other task runtimes beside Slipway (DOCS=PAGE"
	@echo "                  rewrites the tables of a page)"
	@echo "make bench-quick  the same in small, 2 minutes at most"
	@echo "make bench-model  the scaling model: parameters, validation, predictions; 2 to 4 minutes (DOCS=)"
	@echo "make lint         clang-tidy on the files changed since FROM (TO= working tree)"
	@echo "make format       clang-format on every source"
	@echo "make install      PREFIX=/usr/local: library, headers, packages, command line, man page"
	@echo "make clean        remove the build folders"

build:
	scripts/install-deps.sh build
	@scripts/install-deps.sh topology || \
	    echo "make build: without hwloc, libslipway_topology is not built"
	cmake --preset default
	cmake --build --preset default --parallel $(JOBS)

device:
	scripts/install-deps.sh build device
	cmake --preset device
	cmake --build --preset device --parallel $(JOBS)

demo:
	scripts/install-deps.sh build
	@scripts/install-deps.sh topology || \
	    echo "make demo: without hwloc, libslipway_topology is not built"
	cmake --preset default
	cmake --build --preset default --parallel $(JOBS) --target demo
	PLATFORM=$(PLATFORM) scripts/demo.sh build

test:
	scripts/install-deps.sh build test
	@scripts/install-deps.sh topology || \
	    echo "make test: without hwloc, libslipway_topology is not built"
	@scripts/fetch-model.sh || \
	    echo "make test: without the model, the tests that need it are skipped"
	@scripts/install-deps.sh format || \
	    echo "make test: without clang-format, the test of the format is skipped"
	@scripts/install-deps.sh device && $(MAKE) --no-print-directory device || \
	    echo "make test: without the cross compiler, the tests of aarch64 are skipped"
	JOBS=$(JOBS) scripts/run-tests.sh all

check-asan check-tsan check-ubsan: check-%:
	scripts/install-deps.sh build test
	JOBS=$(JOBS) scripts/run-tests.sh $* "$(LABELS)"

check-rows:
	scripts/install-deps.sh build test
	python3 scripts/check_rows.py --jobs $(JOBS) --require \
	    S1,S2,S3,S4,S5,S6,S7,S8,S9,S10,S11,RAW,WAR,WAW,lifetime

soak: build
	nice build/tests/soak/test_soak --tasks $(TASKS) --seed $(SEED)

check-instructions record-instructions: %-instructions: build
	scripts/install-deps.sh test
	$(PYTHON) scripts/instructions.py $(if $(filter record,$*),--record)

bench: build
	PLATFORM=$(PLATFORM) scripts/bench.sh build
	$(MAKE) --no-print-directory bench-peers

# A runtime that cannot be installed or does not build is left out, and named by the driver.
peers: build
	@for peer in libomp tbb starpu plots; do \
	    scripts/install-deps.sh peer-$$peer || echo "peers: going on without $$peer"; \
	done
	cmake --preset default >/dev/null
	cmake --build --preset default --parallel $(JOBS) --target peers -- -k 0 || \
	    echo "peers: going on without what did not build"

bench-peers: peers
	$(PYTHON) bench/peers/peers.py --json build/bench/peers/results.json \
	    --plots build/bench/peers $(if $(DOCS),--docs $(DOCS))

bench-quick: peers
	$(PYTHON) bench/peers/peers.py --quick --json build/bench/peers/quick.json

bench-model: build
	@scripts/install-deps.sh peer-plots || echo "bench-model: going on without plots"
	$(PYTHON) bench/model/model.py $(if $(DOCS),--docs $(DOCS))

lint:
	scripts/install-deps.sh build lint
	test -f build/compile_commands.json || cmake --preset default
	python3 scripts/lint.py --from "$(FROM)" --to "$(TO)" --build build --jobs $(JOBS)

format:
	scripts/install-deps.sh format
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

install: build
	cmake --install build --prefix $(PREFIX)

clean:
	rm -rf build build-device build-asan build-tsan build-ubsan build-clang build-release build-rows
