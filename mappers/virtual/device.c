/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver table of virtual devices, and its lane calls.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <time.h>

#include "virtual.h"
#include "device_schema.h"
#include "point_schema.h"

mapper_host *virtual_host;
const mapper_host_api *virtual_api;

int64_t virtual_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

static bool scratch_reserve(virtual_scratch *scratch, size_t size) {
  if (size <= scratch->capacity) return true;
  uint8_t *bytes = realloc(scratch->bytes, size);
  if (!bytes) return false;
  scratch->bytes = bytes;
  scratch->capacity = size;
  return true;
}

static void free_points(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) virtual_point_free(&device->points[i]);
  free(device->points);
  free(device->samples);
  device->points = NULL;
  device->samples = NULL;
  device->count = 0;
}

static virtual_fault armed(mapper_device *device, virtual_call which) {
  pthread_mutex_lock(&device->lock);
  virtual_fault fault = device->faults[which];
  pthread_mutex_unlock(&device->lock);
  return fault;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host;
  const char *text = mapper_find_text(settings, "fault", "none");
  virtual_fault fault;
  if (!virtual_fault_parse(text, strlen(text), &fault))
    return mapper_failf(virtual_api, call, MAPPER_INVALID,
                        "setting fault: '%s': expected " FAULT_EXPECTED, text);
  text = mapper_find_text(settings, "faultOn", "read");
  virtual_call struck = virtual_fault_call(text);
  if (struck == ON_COUNT)
    return mapper_failf(virtual_api, call, MAPPER_INVALID,
                        "setting faultOn: '%s': expected open, read, write or method", text);
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  device->token = token;
  device->seed = mapper_find_int(settings, "seed", 1);
  device->push = mapper_find_bool(settings, "push", false);
  device->faults[struck] = fault;
  pthread_mutex_init(&device->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&device->wake, &attributes);
  pthread_condattr_destroy(&attributes);
  *out = device;
  return MAPPER_OK;
}

static mapper_status bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  free_points(device);
  if (count == 0) return MAPPER_OK;
  device->points = calloc(count, sizeof *device->points);
  device->samples = calloc(count, sizeof *device->samples);
  device->count = count;
  if (!device->points || !device->samples) {
    device->count = 0;
    free_points(device);
    return MAPPER_NO_MEMORY;
  }
  for (uint32_t i = 0; i < count; i++)
    results[i] = virtual_point_bind(&device->points[i], &points[i], device->seed, call);
  return MAPPER_OK;
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  virtual_fault fault = armed(device, ON_OPEN);
  mapper_status status = virtual_fault_strike(&fault, call);
  if (status != MAPPER_OK) return status;
  pthread_mutex_lock(&device->lock);
  device->opened_ns = virtual_now_ns();
  pthread_mutex_unlock(&device->lock);
  return MAPPER_OK;
}

mapper_status virtual_collect(mapper_device *device, const uint32_t *points, uint32_t count,
                              mapper_sample *out, virtual_scratch *scratch) {
  size_t room = 0;
  for (uint32_t i = 0; i < count; i++)
    if (points[i] < device->count) room += virtual_point_room(&device->points[points[i]]);
  if (!scratch_reserve(scratch, room)) return MAPPER_NO_MEMORY;

  int64_t elapsed = virtual_now_ns() - device->opened_ns;
  uint8_t *next = scratch->bytes;
  for (uint32_t i = 0; i < count; i++) {
    virtual_point *point = points[i] < device->count ? &device->points[points[i]] : NULL;
    out[i] = (mapper_sample){.point = points[i], .status = MAPPER_NOT_FOUND};
    if (!point || point->kind == KIND_NONE) continue;
    size_t taken = virtual_point_room(point);
    out[i].status = virtual_point_value(point, elapsed, device->faults, next, &out[i].value);
    next += taken;
  }
  return MAPPER_OK;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  virtual_fault fault = armed(device, ON_READ);
  mapper_status status = virtual_fault_strike(&fault, call);
  if (status != MAPPER_OK) return status;
  pthread_mutex_lock(&device->lock);
  status = virtual_collect(device, points, count, out, &device->scratch);
  pthread_mutex_unlock(&device->lock);
  for (uint32_t i = 0; i < count && status == MAPPER_OK; i++) {
    if (out[i].status == MAPPER_NOT_FOUND)
      mapper_fail_itemf(virtual_api, call, i, MAPPER_NOT_FOUND, "point %u is not bound",
                        (unsigned)points[i]);
    else if (out[i].status == MAPPER_TYPE)
      mapper_fail_itemf(virtual_api, call, i, MAPPER_TYPE,
                        "%s: the value is outside the property's type",
                        device->points[points[i]].name);
  }
  return status;
}

/* A write fault spares calls that only set fault points, so that it can be disarmed. */
static bool sets_value(const mapper_device *device, const mapper_write *writes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (writes[i].point < device->count && device->points[writes[i].point].kind != KIND_FAULT)
      return true;
  return false;
}

static mapper_status write_one(mapper_device *device, const mapper_call *call,
                               const mapper_write *write, uint32_t index) {
  virtual_point *point = write->point < device->count ? &device->points[write->point] : NULL;
  if (!point || point->kind == KIND_NONE)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_NOT_FOUND, "point %u is not bound",
                             (unsigned)write->point);
  mapper_status status = virtual_point_check_write(point, &write->value, call, index);
  if (status != MAPPER_OK) return status;
  pthread_mutex_lock(&device->lock);
  if (point->kind == KIND_FAULT)
    virtual_fault_parse(write->value.data, write->value.count, &device->faults[point->fault_call]);
  else if (!virtual_point_hold(point, &write->value))
    status = MAPPER_NO_MEMORY;
  pthread_mutex_unlock(&device->lock);
  return status;
}

static mapper_status write_points(mapper_device *device, const mapper_call *call,
                                  const mapper_write *writes, uint32_t count,
                                  mapper_status *results) {
  if (sets_value(device, writes, count)) {
    virtual_fault fault = armed(device, ON_WRITE);
    mapper_status status = virtual_fault_strike(&fault, call);
    if (status != MAPPER_OK) return status;
  }
  for (uint32_t i = 0; i < count; i++) results[i] = write_one(device, call, &writes[i], i);
  return MAPPER_OK;
}

static void close_device(mapper_device *device) {
  virtual_subscribe.stop(device, device->subscription);
}

static void destroy(mapper_device *device) {
  free_points(device);
  free(device->scratch.bytes);
  free(device->push_scratch.bytes);
  pthread_cond_destroy(&device->wake);
  pthread_mutex_destroy(&device->lock);
  free(device);
}

static const void *query(const char *id) {
  if (strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0) return &virtual_subscribe;
  if (strcmp(id, MAPPER_EXT_METHODS) == 0) return &virtual_methods;
  if (strcmp(id, MAPPER_EXT_DISCOVERY) == 0) return &virtual_discovery;
  return NULL;
}

/* Built under another id, the same devices serve as a second, independent mapper. */
#ifndef VIRTUAL_ID
#define VIRTUAL_ID "virtual"
#endif

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = VIRTUAL_ID,
    .title = "Virtual devices",
    .device_schema = device_schema,
    .point_schema = point_schema,
    .create = create,
    .bind = bind,
    .open = open_device,
    .read = read_points,
    .write = write_points,
    .close = close_device,
    .destroy = destroy,
    .query = query,
};

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  virtual_host = host;
  virtual_api = api;
  return MAPPER_OK;
}

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = VIRTUAL_ID,
    .version = "1.0.0",
    .load = load,
    .driver = driver_at,
};
