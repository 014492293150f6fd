/* SPDX-License-Identifier: Apache-2.0
 *
 * Works: built against a later minor (1.7) of the headers. Every table is longer than ours, with
 * functions behind its end that an older host must not touch, and it has extensions that an older
 * host does not know.
 */
#include "fixture.h"

#include "mapper/ext/discovery.h"
#include "mapper/ext/methods.h"
#include "mapper/ext/subscribe.h"

/* What a later minor added; calling or checking it is the host's fault. */
#define TAIL void (*tail[4])(void)
#define FILLED                                                                                     \
  { abort, abort, abort, abort }

static const struct {
  mapper_subscribe known;
  TAIL;
} subscribe;

static mapper_status twice(mapper_device *device, const mapper_call *call, int64_t *out,
                           int64_t value) {
  (void)device, (void)call;
  *out = 2 * value;
  return MAPPER_OK;
}

typedef struct later_method {
  mapper_method known;
  TAIL;
} later_method;

static const mapper_type codes[] = {MAPPER_TYPE_I64};
static const char *const names[] = {"value"};

#define LATER_ROW(name_)                                                                           \
  {                                                                                                \
    {.size = sizeof(later_method),                                                                 \
     .result = MAPPER_TYPE_I64,                                                                    \
     .count = 1,                                                                                   \
     .name = name_,                                                                                \
     .arguments = codes,                                                                           \
     .flags = MAPPER_METHOD_IDEMPOTENT | 0x8000u, /* a flag of 1.7 */                              \
     .call = (mapper_function)twice,                                                               \
     .names = names},                                                                              \
        FILLED                                                                                     \
  }

static const later_method rows[] = {LATER_ROW("twice"), LATER_ROW("doubled"), LATER_ROW("again")};

static const struct {
  mapper_methods known;
  TAIL;
} methods = {{.size = sizeof methods, .count = 3, .stride = sizeof *rows, .rows = &rows[0].known},
             FILLED};

/* An item and its properties are longer too. */
static mapper_status scan(mapper_host *host, const mapper_call *call,
                          const mapper_settings *options, const mapper_sink *sink) {
  (void)host, (void)options;
  const struct {
    mapper_found_property known;
    TAIL;
  } properties[] = {{{.size = sizeof *properties, .type = MAPPER_TYPE_BOOL, .name = "a"}, FILLED},
                    {{.size = sizeof *properties, .type = MAPPER_TYPE_TEXT, .name = "b"}, FILLED}};
  const struct {
    mapper_found known;
    TAIL;
  } found = {{.size = sizeof found,
              .confidence = 10,
              .settings = "{}",
              .properties = &properties[0].known,
              .count = 2,
              .stride = sizeof *properties},
             FILLED};
  return sink->found(call, &found.known);
}

static const struct {
  mapper_discovery known;
  TAIL;
} discovery = {{.size = sizeof discovery, .scan = scan}, FILLED};

static const void *query(const char *id) {
  if (strcmp(id, MAPPER_EXT_METHODS) == 0) return &methods;
  if (strcmp(id, MAPPER_EXT_DISCOVERY) == 0) return &discovery;
  /* Extensions of 1.7: nobody asks for them here. */
  if (strcmp(id, "mapper.history/1") == 0 || strcmp(id, "mapper.methods/2") == 0) return &subscribe;
  return NULL;
}

static const struct {
  mapper_driver known;
  TAIL;
} driver = {{.size = sizeof driver,
             .id = "newer",
             .title = "Test mapper newer",
             .create = fixture_create,
             .bind = fixture_bind,
             .open = fixture_open,
             .read = fixture_read,
             .close = fixture_close,
             .destroy = fixture_destroy,
             .query = query},
            FILLED};

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver.known : NULL; }

typedef struct later_entry {
  mapper_entry_v1 known;
  TAIL;
} later_entry;

MAPPER_EXPORT const later_entry mapper_entry = {{.size = sizeof(later_entry),
                                                 .abi_major = MAPPER_ABI_MAJOR,
                                                 .abi_minor = 7,
                                                 .name = "newer",
                                                 .version = "1.0.0",
                                                 .load = fixture_load,
                                                 .driver = driver_at},
                                                FILLED};
