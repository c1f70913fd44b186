# The commands of Slipway in short; CMake does the work. `make help` lists them.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PLATFORM ?= cpu
LABELS ?=
FROM ?= HEAD~1
TO ?=

.DEFAULT_GOAL := help
.PHONY: help build device demo test check-asan check-tsan check-ubsan check-rows bench lint format install \
        clean

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
	@echo "make bench        benchmarks (PLATFORM=cpu)"
	@echo "make lint         clang-tidy on the files changed since FROM (TO= working tree)"
	@echo "make format       clang-format on every source"
	@echo "make install      PREFIX=/usr/local: library, headers, packages, command line, man page"
	@echo "make clean        remove the build folders"

build:
	scripts/install-deps.sh build
	cmake --preset default
	cmake --build --preset default --parallel $(JOBS)

device:
	scripts/install-deps.sh build device
	cmake --preset device
	cmake --build --preset device --parallel $(JOBS)

demo:
	scripts/install-deps.sh build
	cmake --preset default
	cmake --build --preset default --parallel $(JOBS) --target demo
	PLATFORM=$(PLATFORM) scripts/demo.sh build

test:
	scripts/install-deps.sh build test
	@scripts/fetch-model.sh || \
	    echo "make test: without the model, the tests that need it are skipped"
	@scripts/install-deps.sh format || \
	    echo "make test: without clang-format, the test of the format is skipped"
	JOBS=$(JOBS) scripts/run-tests.sh all

check-asan check-tsan check-ubsan: check-%:
	scripts/install-deps.sh build test
	JOBS=$(JOBS) scripts/run-tests.sh $* "$(LABELS)"

check-rows:
	scripts/install-deps.sh build test
	python3 scripts/check_rows.py --jobs $(JOBS) --require \
	    S1,S2,S3,S4,S5,S6,S7,S8,S9,S10,S11,RAW,WAR,WAW,lifetime

bench: build
	PLATFORM=$(PLATFORM) scripts/bench.sh build

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
