# SPDX-License-Identifier: Apache-2.0
#
# The lines that build a mapper. A mapper's own Makefile is no more than
#
#   PACKAGES = libmodbus        # pkg-config names of the libraries it uses, if any
#   include ../mapper.mk        # or wherever this file lies
#
# All *.c of the folder become one library. Each <name>.schema.json becomes the C string
# <name>_schema in the header <name>_schema.h.
#
#   make                the library, in OUT
#   make check-exports  the library shows one symbol, mapper_entry
#   make clean
#
#   OUT=FILE            where the library goes; .build/mappers/<name>.so of the repository, or of the
#                       mapper's own folder outside of it
#   SANITIZE=1          with address and undefined behaviour sanitizers
#   CC, CFLAGS, LDLIBS  as usual

MAPPER_MK := $(dir $(lastword $(MAKEFILE_LIST)))
NAME ?= $(notdir $(CURDIR))
# In the repository, or installed: PREFIX/share/selvedge beside PREFIX/include.
IN_TREE := $(wildcard $(MAPPER_MK)../include/mapper/mapper.h)
INCLUDE ?= $(MAPPER_MK)$(if $(IN_TREE),../include,../../include)
BUILD ?= $(if $(IN_TREE),$(MAPPER_MK)../.build,.build)
OUT ?= $(BUILD)/mappers$(if $(SANITIZE),-sanitize)/$(NAME).so
GENERATED := $(OUT:.so=).generated

CFLAGS ?= -O2 -g
WARNINGS ?= -Wall -Wextra -Wpedantic -Werror
MAPPER_CFLAGS := -std=c11 -fPIC -fvisibility=hidden -pthread -I$(INCLUDE) -I$(GENERATED)
MAPPER_LDFLAGS := -shared -pthread -Wl,--as-needed
ifdef PACKAGES
MAPPER_CFLAGS += $(shell pkg-config --cflags $(PACKAGES))
LDLIBS += $(shell pkg-config --libs $(PACKAGES))
endif
ifdef SANITIZE
MAPPER_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
MAPPER_LDFLAGS += -Wl,-z,defs
endif

SOURCES ?= $(sort $(wildcard *.c))
HEADERS := $(wildcard *.h) $(wildcard $(INCLUDE)/mapper/*.h) $(wildcard $(INCLUDE)/mapper/ext/*.h)
SCHEMAS := $(patsubst %.schema.json,$(GENERATED)/%_schema.h,$(wildcard *.schema.json))

.PHONY: all check-exports clean
all: $(OUT)
	@:

# Moved into place when it is whole: whoever watches the folder never sees half a library.
$(OUT): $(SOURCES) $(HEADERS) $(SCHEMAS) $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(CC) $(MAPPER_CFLAGS) $(WARNINGS) $(CFLAGS) $(MAPPER_LDFLAGS) $(LDFLAGS) -o $@.new $(SOURCES) $(LDLIBS)
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

clean:
	rm -rf $(OUT) $(OUT).new $(GENERATED)
