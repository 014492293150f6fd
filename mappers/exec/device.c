/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver table of devices behind a program, and its lane calls.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "exec.h"
#include "device_schema.h"
#include "point_schema.h"

mapper_host *exec_host;
const mapper_host_api *exec_api;

int64_t exec_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

static void destroy(mapper_device *device) {
  device_free_points(device);
  settings_free(&device->settings);
  buffer_free(&device->output);
  if (device->wake >= 0) close(device->wake);
  if (device->told >= 0) close(device->told);
  pthread_cond_destroy(&device->idle);
  pthread_mutex_destroy(&device->lock);
  free(device);
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host;
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  device->token = token;
  pthread_mutex_init(&device->lock, NULL);
  pthread_cond_init(&device->idle, NULL);
  device->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  device->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  mapper_status status =
      device->wake >= 0 && device->told >= 0
          ? settings_read(&device->settings, settings, call)
          : mapper_failf(exec_api, call, MAPPER_NO_MEMORY, "no more descriptors");
  if (status == MAPPER_OK)
    *out = device;
  else
    destroy(device);
  return status;
}

static mapper_status bind_points(mapper_device *device, const mapper_call *call,
                                 const mapper_point *points, uint32_t count,
                                 mapper_status *results) {
  return device_bind(device, call, points, count, results);
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  return device->settings.mode == MODE_ONESHOT ? oneshot_check(device, call)
                                               : stream_open(device, call);
}

/* ---- read --------------------------------------------------------------------------------- */

/* A program that pushes is not asked: what it said last is read. */
static mapper_status check_push(mapper_device *device, const mapper_call *call) {
  char text[REASON_MAX];
  pthread_mutex_lock(&device->lock);
  bool is_running = device->state == STREAM_RUNNING;
  memcpy(text, device->failure_text, sizeof text);
  pthread_mutex_unlock(&device->lock);
  if (is_running) return MAPPER_OK;
  return mapper_failf(exec_api, call, MAPPER_UNAVAILABLE, "%s", text);
}

/* Called with the lock held. */
static void fill(mapper_device *device, const mapper_call *call, uint32_t index,
                 mapper_sample *sample) {
  const exec_point *point = sample->point < device->count ? &device->points[sample->point] : NULL;
  bool is_push = device->settings.mode == MODE_PUSH;
  if (!point || !point->is_bound) {
    sample->status = mapper_fail_itemf(exec_api, call, index, MAPPER_NOT_FOUND,
                                       "point %u is not bound", (unsigned)sample->point);
  } else if (is_push && !point->has_reading) {
    sample->status =
        mapper_fail_itemf(exec_api, call, index, MAPPER_UNAVAILABLE, "no value came yet");
  } else if (!is_push && !point->is_fresh) {
    sample->status =
        mapper_fail_itemf(exec_api, call, index, MAPPER_NOT_FOUND, "%s gave no value of '%s'",
                          device->settings.command.name, point->field);
  } else if (point->status != MAPPER_OK) {
    sample->status = point->status;
    if (point->value.type == MAPPER_TYPE_TEXT)
      exec_api->fail_item(call, index, point->status, point->value.data, point->value.count);
  } else {
    sample->status = MAPPER_OK;
    sample->quality = point->quality;
    sample->source_ns = point->source_ns;
    sample->value = point->value;
    if (!convert_has_data(&point->value)) return;
    size_t size = point->value.count;
    void *copy = exec_api->alloc(call, size ? size : 1, 1);
    if (copy && size) memcpy(copy, point->value.data, size);
    sample->value.data = copy;
    if (copy) return;
    sample->status = MAPPER_NO_MEMORY;
    sample->value = (mapper_value){0};
  }
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  mapper_status status = device->settings.mode == MODE_ONESHOT ? oneshot_read(device, call)
                         : device->settings.mode == MODE_POLL
                             ? request_read(device, call, points, count)
                             : check_push(device, call);
  if (status != MAPPER_OK) return status;
  pthread_mutex_lock(&device->lock);
  for (uint32_t i = 0; i < count; i++) {
    out[i] = (mapper_sample){.point = points[i]};
    fill(device, call, i, &out[i]);
  }
  pthread_mutex_unlock(&device->lock);
  return MAPPER_OK;
}

static mapper_status write_points(mapper_device *device, const mapper_call *call,
                                  const mapper_write *writes, uint32_t count,
                                  mapper_status *results) {
  if (device->settings.set_command.words.count > 0)
    return oneshot_write(device, call, writes, count, results);
  if (device->settings.format == FORMAT_MESSAGES)
    return request_write(device, call, writes, count, results);
  for (uint32_t i = 0; i < count; i++)
    results[i] = mapper_fail_itemf(exec_api, call, i, MAPPER_UNSUPPORTED,
                                   "%s takes no values: setCommand names a program that does",
                                   device->settings.command.name);
  return MAPPER_OK;
}

static void close_device(mapper_device *device) {
  if (device->settings.mode != MODE_ONESHOT) stream_close(device);
}

/* ---- the tables --------------------------------------------------------------------------- */

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &exec_subscribe : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "exec",
    .title = "Devices behind a program",
    .device_schema = device_schema,
    .point_schema = point_schema,
    .create = create,
    .bind = bind_points,
    .open = open_device,
    .read = read_points,
    .write = write_points,
    .close = close_device,
    .destroy = destroy,
    .query = query,
};

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  exec_host = host;
  exec_api = api;
  return convert_prepare() ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static void unload(void) { convert_finish(); }

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "exec",
    .version = "1.0.0",
    .load = load,
    .unload = unload,
    .driver = driver_at,
};
