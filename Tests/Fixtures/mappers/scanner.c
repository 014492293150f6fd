/* SPDX-License-Identifier: Apache-2.0
 *
 * Behaves: finds as many devices as the option `count` (3) says, `pauseMs` (0) apart, and tells its
 * progress before each. Option `line` names the lane, which devices with the setting `line` share;
 * option `wrong` adds one item at the front that the host has to leave out, see wrong_item. An open
 * device describes itself.
 */
#include "fixture.h"

#include <poll.h>

#include "mapper/ext/discovery.h"

static size_t lane(const mapper_settings *settings, char *key, size_t capacity) {
  const char *line = mapper_find_text(settings, "line", "");
  size_t size = strlen(line);
  if (size > capacity) return 0;
  memcpy(key, line, size);
  return size;
}

static char *padded(size_t size) {
  char *text = malloc(size + 1);
  if (!text) abort();
  memset(text, ' ', size);
  text[0] = '{';
  text[size - 1] = '}';
  text[size] = 0;
  return text;
}

static mapper_status wrong_item(const mapper_call *call, const mapper_sink *sink,
                                const char *wrong) {
  mapper_found_property property = {.size = sizeof property, .name = "p"};
  mapper_found found = {.size = sizeof found,
                        .confidence = 50,
                        .name = "wrong",
                        .settings = "{}",
                        .properties = &property,
                        .count = 1,
                        .stride = sizeof property};
  char *text = NULL;
  if (strcmp(wrong, "short") == 0) found.size = 16;
  if (strcmp(wrong, "no-settings") == 0) memset(&found.settings, 0, sizeof found.settings);
  if (strcmp(wrong, "no-object") == 0) found.settings = "[1]";
  if (strcmp(wrong, "no-utf8") == 0) found.title = "caf\xe9";
  if (strcmp(wrong, "long-name") == 0) found.name = text = padded(254);
  if (strcmp(wrong, "long-settings") == 0) found.settings = text = padded((64 << 10) + 1);
  if (strcmp(wrong, "many-properties") == 0) found.count = 10001;
  if (strcmp(wrong, "no-properties") == 0) found.properties = NULL;
  if (strcmp(wrong, "stride") == 0) found.stride = 8;
  if (strcmp(wrong, "property-type") == 0) property.type = 77;
  if (strcmp(wrong, "property-settings") == 0) property.settings = "none";
  mapper_status status = sink->found(call, &found);
  free(text);
  return status == MAPPER_INVALID ? MAPPER_OK : MAPPER_INTERNAL;
}

static mapper_status find_one(const mapper_call *call, const mapper_sink *sink, int64_t number) {
  char name[32], title[32], settings[64];
  snprintf(name, sizeof name, "unit-%lld", (long long)number);
  snprintf(title, sizeof title, "Unit %lld", (long long)number);
  snprintf(settings, sizeof settings, "{\"unit\": %lld}", (long long)number);
  const mapper_found found = {.size = sizeof found,
                              .confidence = 90,
                              .name = number % 2 ? name : NULL,
                              .title = title,
                              .settings = settings};
  return sink->found(call, &found);
}

/* False: cancelled, or out of time. */
static bool may_go_on(const mapper_call *call, int64_t pause_ms) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int left = mapper_timeout_ms(fixture_api, call, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
  struct pollfd cancel = {.fd = fixture_api->cancel_fd(call), .events = POLLIN};
  bool is_late = left < pause_ms;
  poll(&cancel, 1, is_late ? left : (int)pause_ms);
  return !is_late && !fixture_api->cancelled(call);
}

static mapper_status scan(mapper_host *host, const mapper_call *call,
                          const mapper_settings *options, const mapper_sink *sink) {
  (void)host;
  int64_t count = mapper_find_int(options, "count", 3);
  int64_t pause_ms = mapper_find_int(options, "pauseMs", 0);
  const char *wrong = mapper_find_text(options, "wrong", "");
  if (count < 0)
    return mapper_failf(fixture_api, call, MAPPER_INVALID, "option count: expected 0 or more");
  mapper_status status = *wrong ? wrong_item(call, sink, wrong) : MAPPER_OK;
  for (int64_t i = 1; i <= count && status == MAPPER_OK; i++) {
    char text[32];
    int size = snprintf(text, sizeof text, "trying unit %lld", (long long)i);
    status = sink->progress(call, (uint32_t)i, (uint32_t)count, text, (size_t)size);
    if (status == MAPPER_OK && pause_ms > 0 && !may_go_on(call, pause_ms))
      status = fixture_api->cancelled(call) ? MAPPER_CANCELLED : MAPPER_TIMEOUT;
    if (status == MAPPER_OK) status = find_one(call, sink, i);
  }
  return status;
}

static mapper_status describe(mapper_device *device, const mapper_call *call,
                              const mapper_sink *sink) {
  const mapper_found_property properties[] = {
      {.size = sizeof *properties,
       .type = MAPPER_TYPE_F64,
       .access = MAPPER_ACCESS_READ | MAPPER_ACCESS_WRITE,
       .name = "speed",
       .summary = "of the motor",
       .unit = "rpm",
       .settings = "{\"address\": 1}"},
      {.size = sizeof *properties, .access = MAPPER_ACCESS_READ, .name = "unknown"},
      {.size = sizeof *properties,
       .type = MAPPER_TYPE_ARRAY | MAPPER_TYPE_I16,
       .access = MAPPER_ACCESS_READ,
       .name = "curve"},
  };
  const mapper_found found = {.size = sizeof found,
                              .confidence = 250, /* more than sure */
                              .title = "A scanner",
                              .settings = "{\"unit\": 7}",
                              .properties = properties,
                              .count = sizeof properties / sizeof *properties,
                              .stride = sizeof *properties};
  (void)device;
  return sink->found(call, &found);
}

static const mapper_discovery discovery = {
    .size = sizeof(mapper_discovery),
    .scan_schema =
        "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"count\": "
        "{\"type\": \"integer\"}, \"pauseMs\": {\"type\": \"integer\"}, \"line\": {\"type\": "
        "\"string\"}, \"wrong\": {\"type\": \"string\"}}}",
    .lane = lane,
    .scan = scan,
    .describe = describe,
};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_DISCOVERY) == 0 ? &discovery : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "scanner",
    .title = "Test mapper scanner",
    .lane = lane,
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
    .query = query,
};

FIXTURE_ENTRY("scanner", driver)
