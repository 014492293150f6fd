/* SPDX-License-Identifier: Apache-2.0
 *
 * Behaves: a device with methods of every type. Its points are all the same counter, which `bump`
 * moves. Some methods fail in one way each, as a method may.
 *
 * Device settings: `line` names the lane, `openFails: true` makes every open fail, `openMs` makes
 * it take so long, whatever is said meanwhile.
 */
#include "fixture.h"

#include <poll.h>

#include "mapper/ext/methods.h"

typedef struct methods_device {
  int64_t counter;
  uint32_t count;
  bool open_fails;
  int64_t open_ms;
  uint8_t bytes[4096];
  char *text;
} methods_device;

static methods_device *own(mapper_device *device) { return (methods_device *)(void *)device; }

static size_t lane(const mapper_settings *settings, char *key, size_t capacity) {
  const char *line = mapper_find_text(settings, "line", "");
  size_t size = strlen(line);
  if (size > capacity) return 0;
  memcpy(key, line, size);
  return size;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host, (void)token, (void)call;
  methods_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  device->open_fails = mapper_find_bool(settings, "openFails", false);
  device->open_ms = mapper_find_int(settings, "openMs", 0);
  *out = (mapper_device *)(void *)device;
  return MAPPER_OK;
}

static mapper_status bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  (void)call, (void)points;
  own(device)->count = count;
  for (uint32_t i = 0; i < count; i++) results[i] = MAPPER_OK;
  return MAPPER_OK;
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  if (own(device)->open_ms > 0) fixture_sleep(own(device)->open_ms);
  if (!own(device)->open_fails) return MAPPER_OK;
  return mapper_failf(fixture_api, call, MAPPER_UNAVAILABLE, "nobody answers");
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  (void)call;
  for (uint32_t i = 0; i < count; i++)
    out[i] = (mapper_sample){.point = points[i],
                             .value = mapper_int(MAPPER_TYPE_I64, own(device)->counter)};
  return MAPPER_OK;
}

static void destroy(mapper_device *device) {
  free(own(device)->text);
  free(device);
}

/* ---- every type --------------------------------------------------------------------------- */

static mapper_status nothing(mapper_device *device, const mapper_call *call, mapper_nothing *out) {
  (void)device, (void)call, (void)out;
  return MAPPER_OK;
}

static mapper_status negate(mapper_device *device, const mapper_call *call, bool *out, bool value) {
  (void)device, (void)call;
  *out = !value;
  return MAPPER_OK;
}

static mapper_status add(mapper_device *device, const mapper_call *call, int64_t *out, int64_t a,
                         int64_t b) {
  (void)device, (void)call;
  *out = (int64_t)((uint64_t)a + (uint64_t)b);
  return MAPPER_OK;
}

static mapper_status same(mapper_device *device, const mapper_call *call, uint64_t *out,
                          uint64_t value) {
  (void)device, (void)call;
  *out = value;
  return MAPPER_OK;
}

static mapper_status half(mapper_device *device, const mapper_call *call, double *out,
                          double value) {
  (void)device, (void)call;
  *out = value / 2;
  return MAPPER_OK;
}

/* Its result is the device's, until the next call. */
static mapper_status greet(mapper_device *device, const mapper_call *call, const char **out,
                           const char *name) {
  (void)call;
  free(own(device)->text);
  size_t size = strlen(name) + sizeof "Hello, ";
  own(device)->text = malloc(size);
  if (!own(device)->text) return MAPPER_NO_MEMORY;
  snprintf(own(device)->text, size, "Hello, %s", name);
  *out = own(device)->text;
  return MAPPER_OK;
}

static mapper_status reverse(mapper_device *device, const mapper_call *call, mapper_bytes *out,
                             const mapper_bytes *value) {
  const uint8_t *from = value->data;
  if (value->size > sizeof own(device)->bytes)
    return mapper_failf(fixture_api, call, MAPPER_INVALID, "value: more than 4096 bytes");
  for (uint64_t i = 0; i < value->size; i++) own(device)->bytes[i] = from[value->size - 1 - i];
  *out = (mapper_bytes){.data = own(device)->bytes, .size = value->size};
  return MAPPER_OK;
}

/* Six arguments of six types, as one text in memory of the call. */
static mapper_status mix(mapper_device *device, const mapper_call *call, const char **out,
                         bool flag, int64_t number, uint64_t count, double share, const char *text,
                         const mapper_bytes *bytes) {
  (void)device;
  char *all = fixture_api->alloc(call, 256, 1);
  if (!all) return MAPPER_NO_MEMORY;
  snprintf(all, 256, "%d %lld %llu %g %s %llu", flag, (long long)number, (unsigned long long)count,
           share, text, (unsigned long long)bytes->size);
  *out = all;
  return MAPPER_OK;
}

/* Twelve arguments, integers and doubles in turn, so that some are passed on the stack. */
static mapper_status weigh(mapper_device *device, const mapper_call *call, double *out, int64_t a,
                           double b, int64_t c, double d, int64_t e, double f, int64_t g, double h,
                           int64_t i, double j, int64_t k, double l) {
  (void)device, (void)call;
  *out = (double)a + 2 * b + 3 * (double)c + 4 * d + 5 * (double)e + 6 * f + 7 * (double)g + 8 * h +
         9 * (double)i + 10 * j + 11 * (double)k + 12 * l;
  return MAPPER_OK;
}

/* ---- effects and failures ----------------------------------------------------------------- */

static mapper_status bump(mapper_device *device, const mapper_call *call, mapper_nothing *out,
                          int64_t by) {
  (void)call, (void)out;
  own(device)->counter += by;
  return MAPPER_OK;
}

static mapper_status refuse(mapper_device *device, const mapper_call *call, int64_t *out,
                            int64_t detail) {
  (void)device;
  *out = 7; /* does not count */
  return mapper_failf(fixture_api, call, MAPPER_STATUS(MAPPER_DENIED, (int32_t)detail),
                      "the device says no");
}

static mapper_status drop(mapper_device *device, const mapper_call *call, mapper_nothing *out) {
  (void)device, (void)out;
  return mapper_failf(fixture_api, call, MAPPER_UNAVAILABLE, "the connection broke");
}

/* Waits for so long, or until it is cancelled or out of time. */
static mapper_status rest(mapper_device *device, const mapper_call *call, mapper_nothing *out,
                          int64_t milliseconds) {
  (void)device, (void)out;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int left = mapper_timeout_ms(fixture_api, call, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
  bool is_late = milliseconds > left;
  struct pollfd cancel = {.fd = fixture_api->cancel_fd(call), .events = POLLIN};
  poll(&cancel, 1, is_late ? left : (int)milliseconds);
  if (fixture_api->cancelled(call)) return MAPPER_CANCELLED;
  return is_late ? MAPPER_TIMEOUT : MAPPER_OK;
}

/* ---- results that make no sense ----------------------------------------------------------- */

static mapper_status null_text(mapper_device *device, const mapper_call *call, const char **out) {
  (void)device, (void)call, (void)out;
  return MAPPER_OK;
}

static mapper_status broken_text(mapper_device *device, const mapper_call *call, const char **out) {
  (void)device, (void)call;
  *out = "caf\xe9";
  return MAPPER_OK;
}

static mapper_status long_text(mapper_device *device, const mapper_call *call, const char **out) {
  (void)device;
  enum { SIZE = (1 << 20) + 1 };
  char *text = fixture_api->alloc(call, SIZE + 1, 1);
  if (!text) return MAPPER_NO_MEMORY;
  memset(text, 'x', SIZE);
  text[SIZE] = 0;
  *out = text;
  return MAPPER_OK;
}

static mapper_status no_number(mapper_device *device, const mapper_call *call, double *out) {
  (void)device, (void)call;
  double zero = 0;
  *out = zero / zero;
  return MAPPER_OK;
}

static mapper_status no_bytes(mapper_device *device, const mapper_call *call, mapper_bytes *out) {
  (void)device, (void)call;
  out->size = 8;
  return MAPPER_OK;
}

/* ---- tables ------------------------------------------------------------------------------- */

static const mapper_type weigh_codes[] = {MAPPER_TYPE_I64, MAPPER_TYPE_F64, MAPPER_TYPE_I64,
                                          MAPPER_TYPE_F64, MAPPER_TYPE_I64, MAPPER_TYPE_F64,
                                          MAPPER_TYPE_I64, MAPPER_TYPE_F64, MAPPER_TYPE_I64,
                                          MAPPER_TYPE_F64, MAPPER_TYPE_I64, MAPPER_TYPE_F64};
static const char *const weigh_names[] = {"a", "b", "c", "d", "e", "f",
                                          "g", "h", "i", "j", "k", "l"};

static const mapper_method rows[] = {
    MAPPER_METHOD_0("nothing", nothing, "does nothing", MAPPER_METHOD_IDEMPOTENT, mapper_nothing),
    MAPPER_METHOD_1("negate", negate, NULL, MAPPER_METHOD_IDEMPOTENT, bool, bool, "value"),
    MAPPER_METHOD_2("add", add, "adds", MAPPER_METHOD_IDEMPOTENT, int64_t, int64_t, "a", int64_t,
                    "b"),
    MAPPER_METHOD_1("same", same, NULL, MAPPER_METHOD_IDEMPOTENT, uint64_t, uint64_t, "value"),
    MAPPER_METHOD_1("half", half, NULL, MAPPER_METHOD_IDEMPOTENT, double, double, "value"),
    MAPPER_METHOD_1("greet", greet, NULL, MAPPER_METHOD_IDEMPOTENT, const char *, const char *,
                    "name"),
    MAPPER_METHOD_1("reverse", reverse, NULL, MAPPER_METHOD_IDEMPOTENT, mapper_bytes,
                    const mapper_bytes *, "value"),
    MAPPER_METHOD_6("mix", mix, NULL, MAPPER_METHOD_IDEMPOTENT, const char *, bool, "flag", int64_t,
                    "number", uint64_t, "count", double, "share", const char *, "text",
                    const mapper_bytes *, "bytes"),
    {.size = sizeof(mapper_method),
     .result = MAPPER_TYPE_F64,
     .count = 12,
     .name = "weigh",
     .arguments = weigh_codes,
     .flags = MAPPER_METHOD_IDEMPOTENT,
     .call = (mapper_function)weigh,
     .names = weigh_names},
    MAPPER_METHOD_1("bump", bump, "moves the counter", MAPPER_METHOD_CHANGES, mapper_nothing,
                    int64_t, "by"),
    MAPPER_METHOD_1("refuse", refuse, NULL, MAPPER_METHOD_CONFIRM, int64_t, int64_t, "detail"),
    MAPPER_METHOD_0("drop", drop, NULL, 0, mapper_nothing),
    MAPPER_METHOD_1("rest", rest, NULL, 0, mapper_nothing, int64_t, "milliseconds"),
    MAPPER_METHOD_0("null-text", null_text, NULL, 0, const char *),
    MAPPER_METHOD_0("broken-text", broken_text, NULL, 0, const char *),
    MAPPER_METHOD_0("long-text", long_text, NULL, 0, const char *),
    MAPPER_METHOD_0("no-number", no_number, NULL, 0, double),
    MAPPER_METHOD_0("no-bytes", no_bytes, NULL, 0, mapper_bytes),
};
static const mapper_methods methods = MAPPER_METHODS(rows);

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_METHODS) == 0 ? &methods : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "methods",
    .title = "Test mapper methods",
    .lane = lane,
    .create = create,
    .bind = bind,
    .open = open_device,
    .read = read_points,
    .close = fixture_close,
    .destroy = destroy,
    .query = query,
};

FIXTURE_ENTRY("methods", driver)
