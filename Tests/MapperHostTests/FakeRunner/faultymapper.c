/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapper whose devices keep what is written to them, and that fails as it is told: the library by
 * one of the macros NO_ENTRY, WRONG_MAJOR, TOO_SHORT, NULL_SLOT, CRASH_IN_CONSTRUCTOR,
 * EXIT_IN_LOAD; a device by its setting "fault" (crash, abort, exit, hang) in its second read.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mapper/helpers.h"

struct mapper_device {
  char fault[16];
  uint32_t reads, count;
  mapper_value *values;
};

static void crash(void) {
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host, (void)token, (void)call;
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  strncpy(device->fault, mapper_find_text(settings, "fault", ""), sizeof device->fault - 1);
  *out = device;
  return MAPPER_OK;
}

static mapper_status bind_points(mapper_device *device, const mapper_call *call,
                                 const mapper_point *points, uint32_t count,
                                 mapper_status *results) {
  (void)call;
  free(device->values);
  device->count = count;
  device->values = calloc(count, sizeof *device->values);
  for (uint32_t index = 0; index < count; index++) {
    device->values[index] = mapper_int(MAPPER_TYPE_I64, 0);
    results[index] = strcmp(points[index].name, "bad") ? MAPPER_OK : MAPPER_NOT_FOUND;
  }
  return MAPPER_OK;
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  (void)device, (void)call;
  return MAPPER_OK;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  (void)call;
  if (++device->reads == 2) {
    if (!strcmp(device->fault, "crash")) crash();
    if (!strcmp(device->fault, "abort")) abort();
    if (!strcmp(device->fault, "exit")) exit(7);
    if (!strcmp(device->fault, "hang"))
      for (;;) pause();
  }
  for (uint32_t index = 0; index < count; index++) {
    out[index].status = MAPPER_OK;
    out[index].value = device->values[points[index]];
  }
  return MAPPER_OK;
}

static mapper_status write_points(mapper_device *device, const mapper_call *call,
                                  const mapper_write *writes, uint32_t count,
                                  mapper_status *results) {
  (void)call;
  for (uint32_t index = 0; index < count; index++) {
    device->values[writes[index].point] = writes[index].value;
    results[index] = MAPPER_OK;
  }
  return MAPPER_OK;
}

static void close_device(mapper_device *device) { (void)device; }

static void destroy(mapper_device *device) {
  free(device->values);
  free(device);
}

static const mapper_driver faulty = {
    .size = sizeof(mapper_driver),
    .id = "faulty",
    .title = "Fails on demand",
    .device_schema = "{\"type\":\"object\",\"properties\":{\"fault\":{\"type\":\"string\"}}}",
    .create = create,
    .bind = bind_points,
    .open = open_device,
#if !defined(NULL_SLOT)
    .read = read_points,
#endif
    .write = write_points,
    .close = close_device,
    .destroy = destroy,
};

static const mapper_driver *driver(uint32_t index) { return index == 0 ? &faulty : NULL; }

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
#if defined(EXIT_IN_LOAD)
  exit(4);
#endif
  mapper_logf(api, host, MAPPER_LOG_INFO, "faulty is here");
  return MAPPER_OK;
}

#if defined(CRASH_IN_CONSTRUCTOR)
__attribute__((constructor)) static void constructor(void) { crash(); }
#endif

#if defined(WRONG_MAJOR)
#define MAJOR 99
#else
#define MAJOR MAPPER_ABI_MAJOR
#endif

#if defined(TOO_SHORT)
#define SIZE 24
#else
#define SIZE sizeof(mapper_entry_v1)
#endif

#if !defined(NO_ENTRY)
MAPPER_EXPORT
#endif
const mapper_entry_v1 mapper_entry = {SIZE, MAJOR, MAPPER_ABI_TARGET, 0, "faulty", "0.1", load,
                                      NULL, driver};
