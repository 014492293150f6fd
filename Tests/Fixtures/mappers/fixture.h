/* SPDX-License-Identifier: Apache-2.0
 *
 * What the test mappers share: a driver that behaves. Each of them replaces the part that it gets
 * wrong. Every library is one C file, so all here is static.
 *
 *   FIXTURE_ENTRY("name", driver)   defines mapper_entry for a library with one driver
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#ifndef _GNU_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "mapper/helpers.h"

static mapper_host *fixture_host;
static const mapper_host_api *fixture_api;

/* A device that remembers the types of its points. */
struct mapper_device {
  uint64_t token;
  uint32_t count;
  mapper_type *types;
  int64_t after;  /* setting `after`: so many reads are good before the first bad one */
  int64_t reads;  /* so far */
  int64_t amount; /* a setting of the fixture's own */
};

static inline mapper_status fixture_load(mapper_host *host, const mapper_host_api *api) {
  fixture_host = host;
  fixture_api = api;
  return MAPPER_OK;
}

static inline mapper_status fixture_create(mapper_host *host, uint64_t token,
                                           const mapper_settings *settings, const mapper_call *call,
                                           mapper_device **out) {
  (void)host, (void)call;
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  device->token = token;
  device->after = mapper_find_int(settings, "after", 0);
  *out = device;
  return MAPPER_OK;
}

static inline mapper_status fixture_bind(mapper_device *device, const mapper_call *call,
                                         const mapper_point *points, uint32_t count,
                                         mapper_status *results) {
  (void)call;
  free(device->types);
  device->types = calloc(count ? count : 1, sizeof *device->types);
  if (!device->types) return MAPPER_NO_MEMORY;
  device->count = count;
  for (uint32_t i = 0; i < count; i++) {
    device->types[i] = points[i].type;
    results[i] = MAPPER_OK;
  }
  return MAPPER_OK;
}

static inline mapper_status fixture_open(mapper_device *device, const mapper_call *call) {
  (void)device, (void)call;
  return MAPPER_OK;
}

/* A value of the type: 1, 1.5, true, "fixture". */
static inline mapper_value fixture_value(mapper_type type) {
  static const char text[] = "fixture";
  switch (type) {
  case MAPPER_TYPE_BOOL:
    return mapper_bool(true);
  case MAPPER_TYPE_F32:
  case MAPPER_TYPE_F64:
    return mapper_float(type, 1.5);
  case MAPPER_TYPE_TEXT:
  case MAPPER_TYPE_BYTES:
    return mapper_data(type, text, sizeof text - 1);
  default:
    return mapper_int(type == MAPPER_TYPE_NONE ? MAPPER_TYPE_I64 : type, 1);
  }
}

static inline mapper_sample fixture_sample(const mapper_device *device, uint32_t point) {
  mapper_sample sample = {.point = point, .status = MAPPER_NOT_FOUND};
  if (point >= device->count) return sample;
  sample.status = MAPPER_OK;
  sample.value = fixture_value(device->types[point]);
  return sample;
}

static inline mapper_status fixture_read(mapper_device *device, const mapper_call *call,
                                         const uint32_t *points, uint32_t count,
                                         mapper_sample *out) {
  (void)call;
  device->reads++;
  for (uint32_t i = 0; i < count; i++) out[i] = fixture_sample(device, points[i]);
  return MAPPER_OK;
}

/* Whether the bad reads have come. */
static inline bool fixture_is_time(const mapper_device *device) {
  return device->reads >= device->after;
}

static inline void fixture_close(mapper_device *device) { (void)device; }

static inline void fixture_destroy(mapper_device *device) {
  free(device->types);
  free(device);
}

/* Sleeps whatever the deadline and the cancellation say. */
static inline void fixture_sleep(int64_t milliseconds) {
  struct timespec rest = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
  while (nanosleep(&rest, &rest) != 0) {
  }
}

/* A write where there is no memory. */
static inline void fixture_crash(void) {
  volatile uintptr_t nowhere = 8;
  *(volatile char *)nowhere = 1;
}

#define FIXTURE_ENTRY(name_, driver_)                                                              \
  static const mapper_driver *fixture_driver_at(uint32_t index) {                                  \
    return index == 0 ? &driver_ : NULL;                                                           \
  }                                                                                                \
  MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {                                             \
      .size = sizeof(mapper_entry_v1),                                                             \
      .abi_major = MAPPER_ABI_MAJOR,                                                               \
      .abi_minor = MAPPER_ABI_TARGET,                                                              \
      .name = name_,                                                                               \
      .version = "1.0.0",                                                                          \
      .load = fixture_load,                                                                        \
      .driver = fixture_driver_at,                                                                 \
  };

#endif
