# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

JOBS ?= $(shell nproc)
SWIFT ?= swift
DESTDIR ?=
# The agent looks for mappers in /usr/lib/selvedge/mappers and /var/lib/selvedge/mappers. Under another
# prefix, name the folder in edgecore.yaml: modules.mapperHost.folders.
PREFIX ?= /usr

PRODUCTS := edgecore mapper-runner edgectl mapper-check modbus-sim
# What stays small on a node: no full Foundation in these.
EDGE_PRODUCTS := edgecore mapper-runner edgectl mapper-check
# Every folder with a Makefile under mappers is a mapper.
MAPPERS := $(patsubst mappers/%/Makefile,%,$(wildcard mappers/*/Makefile))
SWIFT_SOURCES := Package.swift Sources Plugins Tests $(wildcard Benchmarks)
C_SOURCES = $(shell find docs/examples include mappers Tests Plugins Sources Benchmarks \
  -name .build -prune -o \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print | sort)
BUILD_FLAGS := -j $(JOBS)
# What is mapped is what a small program costs (docs/benchmarks.md, memory): no table of symbols for others to link to,
# relocations packed, equal code once, and the C++ library that the Swift runtime needs linked in, as far as it is used.
STATIC_LIBRARIES := .build/static-libraries
LINK_FLAGS := -Xswiftc -L$(CURDIR)/$(STATIC_LIBRARIES) -Xswiftc -use-ld=lld \
  $(foreach flag,--no-export-dynamic --as-needed --icf=safe -z pack-relative-relocs,-Xlinker $(flag))
RELEASE_FLAGS := $(BUILD_FLAGS) -c release --static-swift-stdlib $(LINK_FLAGS)

.PHONY: help
help:
	@echo "make demo        the whole thing at work on this machine: a few minutes, ends by itself"
	@echo "make test        mappers, C tests, header checks, mapper-check over all mappers, Swift tests"
	@echo "make check-mappers  mapper-check over all mappers, with devices that answer"
	@echo "make bench       measures what docs/benchmarks.md shows"
	@echo "make lint        format, headers, imports, files; no program reaches full Foundation"
	@echo "make format      formats Swift and C in place"
	@echo "make build       debug programs        in .build/debug"
	@echo "make release     release programs      in .build/release, static Swift runtime"
	@echo "make mappers     mapper libraries      in .build/mappers"
	@echo "make install     release programs and mappers into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)"
	@echo "make deps        installs the Debian packages that all of this needs (as root)"
	@echo "make clean"
	@echo "JOBS=$(JOBS): how many things are compiled at once"

# ---- packages of the system -----------------------------------------------------------------

.PHONY: deps deps-build deps-demo deps-test deps-lint
deps:
	@.ci/deps all
deps-demo deps-test:
	@.ci/deps $(@:deps-%=%)
# Building, checking and installing says what is missing, but installs nothing by itself.
deps-build deps-lint:
	@.ci/deps --check $(@:deps-%=%)

# ---- building -------------------------------------------------------------------------------

# By product: so the plugins and tools of packages that we use are not built.
.PHONY: build release mappers
build: deps-build
	@for product in $(PRODUCTS); do \
	  echo "building $$product (debug)"; \
	  $(SWIFT) build $(BUILD_FLAGS) --product $$product || exit; \
	done

release: deps-build
	@mkdir -p $(STATIC_LIBRARIES)
	@archive=$$($(CC) -print-file-name=libstdc++.a); \
	if [ -e "$$archive" ]; then ln -sf "$$archive" $(STATIC_LIBRARIES)/libstdc++.so; fi
	@for product in $(PRODUCTS); do \
	  echo "building $$product (release)"; \
	  $(SWIFT) build $(RELEASE_FLAGS) --product $$product || exit; \
	done
	@.ci/lint/no-foundation $(EDGE_PRODUCTS:%=.build/release/%)

mappers: deps-build
	@for mapper in $(MAPPERS); do \
	  $(MAKE) --no-print-directory -C mappers/$$mapper all || exit; \
	done

# ---- showing, testing, measuring ------------------------------------------------------------

.PHONY: demo test test-c test-exports test-headers test-new-mapper check-mappers bench
demo: deps-demo
	@$(MAKE) --no-print-directory release mappers
	@deploy/demo/run

# Nothing is printed after the tests: their summary is the last line.
test: deps-test
	@$(MAKE) --no-print-directory mappers test-exports test-headers test-c test-new-mapper
	$(SWIFT) build $(BUILD_FLAGS) --build-tests
	@Tests/MapperCheck/check
	@$(SWIFT) test $(BUILD_FLAGS) --skip-build

test-exports: mappers
	@for mapper in $(MAPPERS); do \
	  $(MAKE) --no-print-directory -C mappers/$$mapper check-exports || exit; \
	done

test-headers:
	@Tests/Headers/check

# Plain, then with the sanitizers for addresses, undefined behaviour and threads, then a short run of each fuzzer.
test-c:
	@$(MAKE) --no-print-directory -C Tests/Mappers
	@$(MAKE) --no-print-directory -C Tests/Mappers SANITIZE=1
	@$(MAKE) --no-print-directory -C Tests/Mappers SANITIZE=thread
	@$(MAKE) --no-print-directory -C Tests/Fixtures/mappers check SANITIZE=1
	@$(MAKE) --no-print-directory -C Tests/Mappers fuzz FUZZ_SECONDS=3
	@$(MAKE) --no-print-directory -C Tests/FrameFuzz fuzz FUZZ_SECONDS=3

test-new-mapper:
	@Tests/NewMapper/check

# JUNIT=FOLDER writes reports for CI there.
check-mappers: mappers
	@for product in mapper-check mapper-runner modbus-sim; do \
	  $(SWIFT) build $(BUILD_FLAGS) --product $$product || exit; \
	done
	@Tests/MapperCheck/check

bench: deps-demo
	@$(MAKE) --no-print-directory release mappers
	@Benchmarks/run

# ---- lint -----------------------------------------------------------------------------------

.PHONY: lint format
# What needs a compiled program comes last; the tests need it anyway.
lint: deps-lint
	@.ci/lint/files
	@.ci/lint/arrows
	@.ci/lint/callbacks
	@.ci/lint/selftest
	@$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@clang-format --dry-run -Werror $(C_SOURCES)
	@docs/make-reference --check
	@echo "format: Swift and C as .swift-format and .clang-format say"
	@Tests/Headers/check
	@for product in $(EDGE_PRODUCTS); do \
	  $(SWIFT) build $(BUILD_FLAGS) --product $$product || exit; \
	done
	@.ci/lint/no-foundation $(EDGE_PRODUCTS:%=.build/debug/%)

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	clang-format -i $(C_SOURCES)

# ---- installing -----------------------------------------------------------------------------

.PHONY: install clean
install: release mappers
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/selvedge/mappers" \
	  "$(DESTDIR)$(PREFIX)/lib/systemd/system" "$(DESTDIR)$(PREFIX)/share/doc/selvedge" \
	  "$(DESTDIR)$(PREFIX)/share/selvedge" "$(DESTDIR)$(PREFIX)/include/mapper/ext" \
	  "$(DESTDIR)$(PREFIX)/include/mapper/cpp"
	for product in $(PRODUCTS); do \
	  install -s -m 755 .build/release/$$product "$(DESTDIR)$(PREFIX)/bin/$$product" || exit; \
	done
	for mapper in $(MAPPERS); do \
	  install -s -m 644 .build/mappers/$$mapper.so \
	    "$(DESTDIR)$(PREFIX)/lib/selvedge/mappers/$$mapper.so" || exit; \
	done
	install -m 644 include/mapper/*.h include/mapper/*.hpp "$(DESTDIR)$(PREFIX)/include/mapper"
	install -m 644 include/mapper/cpp/*.hpp "$(DESTDIR)$(PREFIX)/include/mapper/cpp"
	install -m 644 include/mapper/ext/*.h "$(DESTDIR)$(PREFIX)/include/mapper/ext"
	install -m 644 mappers/mapper.mk mappers/mapper.map mappers/embed.sh "$(DESTDIR)$(PREFIX)/share/selvedge"
	cd Plugins/NewMapper && find Template Standalone -type f -exec install -D -m 644 {} \
	  "$(DESTDIR)$(PREFIX)/share/selvedge/new-mapper/{}" \;
	install -m 644 LICENSE README.md "$(DESTDIR)$(PREFIX)/share/doc/selvedge"
	for unit in deploy/systemd/*.service; do \
	  sed 's|@PREFIX@|$(PREFIX)|g' "$$unit" \
	    >"$(DESTDIR)$(PREFIX)/lib/systemd/system/$$(basename "$$unit")" || exit; \
	done
	@.ci/lint/no-foundation $(EDGE_PRODUCTS:%="$(DESTDIR)$(PREFIX)/bin/%")

clean:
	rm -rf .build
