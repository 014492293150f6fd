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
	@echo "make soak        kills everything at random moments, ROUNDS=$(ROUNDS) times"
	@echo "make lint        format, headers, imports, files; no program reaches full Foundation"
	@echo "make format      formats Swift and C in place"
	@echo "make build       debug programs        in .build/debug"
	@echo "make release     release programs      in .build/release, static Swift runtime"
	@echo "make mappers     mapper libraries      in .build/mappers"
	@echo "make install     release programs and mappers into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)"
	@echo "make deb         a Debian package in OUTPUT=$(OUTPUT)"
	@echo "make tarball     a tarball for other machines there"
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

.PHONY: demo test test-c test-exports test-headers test-new-mapper test-package soak check-mappers bench
demo: deps-demo
	@$(MAKE) --no-print-directory release mappers
	@deploy/demo/run

# Nothing is printed after the tests: their summary is the last line. So many at a time: many wait for something, but
# with all at once none gets on before its limits.
TEST_WIDTH ?= 16
test: deps-test
	@$(MAKE) --no-print-directory mappers test-exports test-headers test-c test-new-mapper
	$(SWIFT) build $(BUILD_FLAGS) --build-tests
	@Tests/MapperCheck/check
	@Tests/Package/check
	@$(SWIFT) test $(BUILD_FLAGS) --skip-build --experimental-maximum-parallelization-width $(TEST_WIDTH)

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

# Kills agent, runners and broker at random moments, again and again.
ROUNDS ?= 200
soak: deps-test
	@$(MAKE) --no-print-directory mappers
	SELVEDGE_SOAK_ROUNDS=$(ROUNDS) $(SWIFT) test $(BUILD_FLAGS) --filter SoakTests

test-package: mappers
	@Tests/Package/check

# JUNIT=FOLDER writes reports for CI there.
check-mappers: mappers
	@for product in mapper-check mapper-runner modbus-sim; do \
	  $(SWIFT) build $(BUILD_FLAGS) --product $$product || exit; \
	done
	@Tests/MapperCheck/check

bench: deps-demo
	@$(MAKE) --no-print-directory release mappers
	@$(SWIFT) build $(RELEASE_FLAGS) --product history-bench
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
	@docs/make-man --check .build/debug/edgectl

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	clang-format -i $(C_SOURCES)

# ---- installing -----------------------------------------------------------------------------

.PHONY: install install-files deb tarball clean
# Where install takes programs and mappers from, and what it strips them with.
PROGRAMS ?= .build/release
MAPPER_FILES ?= .build/mappers
STRIP ?= -s
OUTPUT ?= .build/packages

install: release mappers
	@$(MAKE) --no-print-directory install-files
	@.ci/lint/no-foundation $(EDGE_PRODUCTS:%="$(DESTDIR)$(PREFIX)/bin/%")

install-files:
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/selvedge/mappers" \
	  "$(DESTDIR)$(PREFIX)/lib/systemd/system" "$(DESTDIR)$(PREFIX)/share/doc/selvedge" \
	  "$(DESTDIR)$(PREFIX)/share/selvedge" "$(DESTDIR)$(PREFIX)/include/mapper/ext" \
	  "$(DESTDIR)$(PREFIX)/include/mapper/cpp"
	for product in $(PRODUCTS); do \
	  install $(STRIP) -m 755 "$(PROGRAMS)/$$product" "$(DESTDIR)$(PREFIX)/bin/$$product" || exit; \
	done
	for mapper in $(MAPPERS); do \
	  install $(STRIP) -m 644 "$(MAPPER_FILES)/$$mapper.so" \
	    "$(DESTDIR)$(PREFIX)/lib/selvedge/mappers/$$mapper.so" || exit; \
	done
	install -m 644 include/mapper/*.h include/mapper/*.hpp "$(DESTDIR)$(PREFIX)/include/mapper"
	install -m 644 include/mapper/cpp/*.hpp "$(DESTDIR)$(PREFIX)/include/mapper/cpp"
	install -m 644 include/mapper/ext/*.h "$(DESTDIR)$(PREFIX)/include/mapper/ext"
	install -m 644 mappers/mapper.mk mappers/mapper.map mappers/embed.sh deploy/edgecore.schema.json \
	  "$(DESTDIR)$(PREFIX)/share/selvedge"
	cd Plugins/NewMapper && find Template Standalone -type f -exec install -D -m 644 {} \
	  "$(DESTDIR)$(PREFIX)/share/selvedge/new-mapper/{}" \;
	install -d "$(DESTDIR)$(PREFIX)/share/man/man1" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -m 644 docs/man/*.1 "$(DESTDIR)$(PREFIX)/share/man/man1"
	"$(PROGRAMS)/edgectl" completion bash >"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/edgectl"
	"$(PROGRAMS)/edgectl" completion zsh >"$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_edgectl"
	"$(PROGRAMS)/edgectl" completion fish >"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/edgectl.fish"
	install -m 644 LICENSE README.md docs/*.md "$(DESTDIR)$(PREFIX)/share/doc/selvedge"
	for unit in deploy/systemd/*.service; do \
	  sed 's|@PREFIX@|$(PREFIX)|g' "$$unit" \
	    >"$(DESTDIR)$(PREFIX)/lib/systemd/system/$$(basename "$$unit")" || exit; \
	done

# A Debian package, in $(OUTPUT).
deb: release mappers
	@rm -rf .build/deb-tree
	@$(MAKE) --no-print-directory install-files DESTDIR=.build/deb-tree PREFIX=/usr >/dev/null
	@deploy/debian/build .build/deb-tree "$(OUTPUT)"

# For machines that are no Debian: SQLite, libyaml and libffi are linked in; libmosquitto and libmodbus are the machine's.
tarball:
	@mkdir -p $(STATIC_LIBRARIES)
	@for library in sqlite3 yaml ffi; do \
	  ln -sf "$$($(CC) -print-file-name=lib$$library.a)" $(STATIC_LIBRARIES)/lib$$library.so; \
	done
	@$(MAKE) --no-print-directory release mappers; status=$$?; \
	  rm -f $(patsubst %,$(STATIC_LIBRARIES)/lib%.so,sqlite3 yaml ffi); exit $$status
	@rm -rf .build/tarball && mkdir -p "$(OUTPUT)"
	@$(MAKE) --no-print-directory install-files DESTDIR=.build/tarball/selvedge PREFIX= >/dev/null
	@file="$(OUTPUT)/selvedge-$$(sed -n 's/.*text = "\(.*\)"/\1/p' Sources/Shared/DeviceAPI/SelvedgeVersion.swift)-$$(uname -m).tar.gz"; \
	  tar -C .build/tarball --owner=0 --group=0 -czf "$$file" selvedge && echo "$$file"

clean:
	rm -rf .build
