# SPDX-License-Identifier: Apache-2.0
#
# The lines that build a mapper. A mapper's own Makefile is no more than
#
#   PACKAGES = libmodbus        # pkg-config names of the libraries it uses, if any
#   include ../mapper.mk        # or wherever this file lies
#
# All *.c of the folder, or all *.cpp (C++17, see mapper/mapper.hpp), become one library. Each <name>.schema.json becomes the C string
# <name>_schema in the header <name>_schema.h.
#
#   make                the library, in OUT
#   make check-exports  the library shows one symbol, mapper_entry
#   make check          runs mapper-check over the library and its cases (MAPPER_CHECK=PROGRAM, JUNIT=FILE)
#   make clean
#
#   OUT=FILE            where the library goes; .build/mappers/<name>.so of the repository, or of the
#                       mapper's own folder outside of it
#   SANITIZE=1          with address and undefined behaviour sanitizers; SANITIZE=thread: the one for threads
#   CC, CXX, CFLAGS, LDLIBS  as usual

MAPPER_MK := $(dir $(lastword $(MAKEFILE_LIST)))
NAME ?= $(notdir $(CURDIR))
# In the repository, or installed: PREFIX/share/selvedge beside PREFIX/include.
IN_TREE := $(wildcard $(MAPPER_MK)../include/mapper/mapper.h)
INCLUDE ?= $(MAPPER_MK)$(if $(IN_TREE),../include,../../include)
BUILD ?= $(if $(IN_TREE),$(MAPPER_MK)../.build,.build)
OUT ?= $(BUILD)/mappers$(if $(SANITIZE),-sanitize$(if $(filter thread,$(SANITIZE)),-thread))/$(NAME).so
GENERATED := $(OUT:.so=).generated

CFLAGS ?= -O2 -g
WARNINGS ?= -Wall -Wextra -Wpedantic -Werror
MAPPER_CFLAGS := -fPIC -fvisibility=hidden -pthread -I$(INCLUDE) -I$(GENERATED)
MAPPER_LDFLAGS := -shared -pthread -Wl,--as-needed -Wl,--version-script=$(MAPPER_MK)mapper.map
ifdef PACKAGES
MAPPER_CFLAGS += $(shell pkg-config --cflags $(PACKAGES))
LDLIBS += $(shell pkg-config --libs $(PACKAGES))
endif
comma := ,
ifdef SANITIZE
MAPPER_CFLAGS += -fsanitize=$(if $(filter thread,$(SANITIZE)),thread,address$(comma)undefined) -fno-sanitize-recover=all \
  -fno-omit-frame-pointer
else
MAPPER_LDFLAGS += -Wl,-z,defs
endif

SOURCES ?= $(or $(sort $(wildcard *.c)),$(sort $(wildcard *.cpp)))
COMPILER := $(if $(filter %.cpp,$(SOURCES)),$(CXX) -std=c++17,$(CC) -std=c11)
HEADERS := $(wildcard *.h *.hpp) $(wildcard $(INCLUDE)/mapper/*.h $(INCLUDE)/mapper/*.hpp $(INCLUDE)/mapper/cpp/*.hpp) $(wildcard $(INCLUDE)/mapper/ext/*.h)
SCHEMAS := $(patsubst %.schema.json,$(GENERATED)/%_schema.h,$(wildcard *.schema.json))

.PHONY: all check check-exports clean
all: $(OUT)
	@:

# Moved into place when it is whole: whoever watches the folder never sees half a library.
$(OUT): $(SOURCES) $(HEADERS) $(SCHEMAS) $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(COMPILER) $(MAPPER_CFLAGS) $(WARNINGS) $(CFLAGS) $(MAPPER_LDFLAGS) $(LDFLAGS) -o $@.new $(SOURCES) $(LDLIBS)
	@mv $@.new $@

$(GENERATED)/%_schema.h: %.schema.json $(MAPPER_MK)embed.sh
	@mkdir -p $(@D)
	@sh $(MAPPER_MK)embed.sh $< $*_schema > $@.new && mv $@.new $@

# Some linkers show symbols of their own beside it.
check-exports: $(OUT)
	@shown="$$(nm -D --defined-only $(OUT) | awk '{print $$3}' | \
	  grep -vxE '_edata|_end|__bss_start|_init|_fini' | tr '\n' ' ')"; \
	test "$$shown" = "mapper_entry " || { \
	  echo "$(NAME): exports $$shown- expected mapper_entry alone" >&2; exit 1; }

# In the repository the one that was built there. The first case has a device to check with, unless DEVICE names one.
MAPPER_CHECK ?= $(or $(if $(IN_TREE),$(firstword $(wildcard $(MAPPER_MK)../.build/debug/mapper-check \
  $(MAPPER_MK)../.build/release/mapper-check))),mapper-check)
DEVICE ?= $(wildcard cases/first/device.yaml)
CHECK_FLAGS ?= $(if $(DEVICE),--device $(DEVICE)) $(if $(JUNIT),--junit $(JUNIT)) $(if $(SANITIZE),--sanitized)
check: $(OUT)
	$(MAPPER_CHECK) run --quiet $(CHECK_FLAGS) $(OUT)
	$(if $(wildcard cases/*/expected.txt),$(MAPPER_CHECK) cases --quiet $(if $(SANITIZE),--sanitized) cases $(OUT))

clean:
	rm -rf $(OUT) $(OUT).new $(GENERATED)
