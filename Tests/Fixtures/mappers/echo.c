/* SPDX-License-Identifier: Apache-2.0
 *
 * Behaves: what is written to a point is what it reads, in any type, arrays too. At first it is
 * 0, false or empty. Subscriptions are served by a thread of the device's own, which reports all
 * points, and then each one that is written.
 *
 * Device setting `line`: devices with the same one share a lane.
 */
#include "fixture.h"

#include <pthread.h>

#include "mapper/ext/subscribe.h"

typedef struct echo_point {
  mapper_type type;
  mapper_value value;
  uint8_t *bytes; /* what `value` points to */
  bool is_subscribed, is_new;
} echo_point;

typedef struct echo_device {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  echo_point *points;
  uint32_t count;
  uint64_t subscription;
  pthread_t thread;
  bool has_thread, is_stopping;
} echo_device;

static const char device_schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"line\": {\"type\": "
    "\"string\", \"description\": \"devices with the same one share a lane\"}}}";
static const char point_schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {}}";

/* The device behind the handle: the ABI never looks inside. */
static echo_device *own(mapper_device *device) { return (echo_device *)(void *)device; }

/* ---- values ------------------------------------------------------------------------------- */

/* Bytes that the value's data has, or 0 for a scalar. SIZE_MAX: no such type. */
static size_t data_size(const mapper_value *value) {
  static const uint8_t widths[] = {
      [MAPPER_TYPE_BOOL] = 1, [MAPPER_TYPE_I8] = 1,  [MAPPER_TYPE_U8] = 1,  [MAPPER_TYPE_I16] = 2,
      [MAPPER_TYPE_U16] = 2,  [MAPPER_TYPE_I32] = 4, [MAPPER_TYPE_U32] = 4, [MAPPER_TYPE_I64] = 8,
      [MAPPER_TYPE_U64] = 8,  [MAPPER_TYPE_F32] = 4, [MAPPER_TYPE_F64] = 8};
  mapper_type element = value->type & ~MAPPER_TYPE_ARRAY;
  if (value->type == MAPPER_TYPE_TEXT || value->type == MAPPER_TYPE_BYTES) return value->count;
  if (element < MAPPER_TYPE_BOOL || element > MAPPER_TYPE_F64) return SIZE_MAX;
  return value->type & MAPPER_TYPE_ARRAY ? (size_t)value->count * widths[element] : 0;
}

static bool has_data(const mapper_value *value) {
  return value->type == MAPPER_TYPE_TEXT || value->type == MAPPER_TYPE_BYTES ||
         value->type & MAPPER_TYPE_ARRAY;
}

static mapper_value first_value(mapper_type type) {
  mapper_value value = {.type = type == MAPPER_TYPE_NONE ? MAPPER_TYPE_I64 : type, .count = 1};
  return has_data(&value) ? mapper_data(type, "", 0) : value;
}

/* Makes the value the point's own. */
static mapper_status keep(echo_point *point, const mapper_value *value) {
  size_t size = data_size(value);
  uint8_t *bytes = malloc(size ? size : 1);
  if (!bytes) return MAPPER_NO_MEMORY;
  if (size) memcpy(bytes, value->data, size);
  free(point->bytes);
  point->bytes = bytes;
  point->value = *value;
  if (has_data(value)) point->value.data = bytes;
  return MAPPER_OK;
}

/* ---- life --------------------------------------------------------------------------------- */

static size_t lane(const mapper_settings *settings, char *key, size_t capacity) {
  const char *line = mapper_find_text(settings, "line", "");
  size_t size = strlen(line);
  if (size > capacity) return 0;
  memcpy(key, line, size);
  return size;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host, (void)token, (void)settings, (void)call;
  echo_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  pthread_mutex_init(&device->lock, NULL);
  pthread_cond_init(&device->wake, NULL);
  *out = (mapper_device *)(void *)device;
  return MAPPER_OK;
}

static void free_points(echo_device *device) {
  for (uint32_t i = 0; i < device->count; i++) free(device->points[i].bytes);
  free(device->points);
  device->points = NULL;
  device->count = 0;
}

static mapper_status bind(mapper_device *handle, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  (void)call;
  echo_device *device = own(handle);
  free_points(device);
  device->points = calloc(count ? count : 1, sizeof *device->points);
  if (!device->points) return MAPPER_NO_MEMORY;
  device->count = count;
  for (uint32_t i = 0; i < count; i++) {
    device->points[i].type = points[i].type;
    device->points[i].value = first_value(points[i].type);
    results[i] = MAPPER_OK;
  }
  return MAPPER_OK;
}

static void destroy(mapper_device *handle) {
  echo_device *device = own(handle);
  free_points(device);
  pthread_cond_destroy(&device->wake);
  pthread_mutex_destroy(&device->lock);
  free(device);
}

/* ---- reading and writing ------------------------------------------------------------------ */

/* Copies out of the point with memory of the call: the point may be written while the host reads.
 */
static mapper_status read_one(echo_device *device, const mapper_call *call, uint32_t id,
                              mapper_sample *sample) {
  *sample = (mapper_sample){.point = id, .status = MAPPER_NOT_FOUND};
  if (id >= device->count) return MAPPER_OK;
  const echo_point *point = &device->points[id];
  sample->status = MAPPER_OK;
  sample->value = point->value;
  size_t size = data_size(&point->value);
  if (!has_data(&point->value) || size == 0) return MAPPER_OK;
  void *copy = fixture_api->alloc(call, size, 8);
  if (!copy) return MAPPER_NO_MEMORY;
  memcpy(copy, point->value.data, size);
  sample->value.data = copy;
  return MAPPER_OK;
}

/* Lane calls never run at the same time on a device, and only they change points: no lock. */
static mapper_status read_points(mapper_device *handle, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  mapper_status status = MAPPER_OK;
  for (uint32_t i = 0; i < count && status == MAPPER_OK; i++)
    status = read_one(own(handle), call, points[i], &out[i]);
  if (status == MAPPER_OK) return status;
  return mapper_failf(fixture_api, call, status, "no memory for %u values", (unsigned)count);
}

static mapper_status write_one(echo_device *device, const mapper_call *call,
                               const mapper_write *write, uint32_t index) {
  if (write->point >= device->count)
    return mapper_fail_itemf(fixture_api, call, index, MAPPER_NOT_FOUND, "no point %u",
                             (unsigned)write->point);
  echo_point *point = &device->points[write->point];
  bool fits = point->type == MAPPER_TYPE_NONE || point->type == write->value.type;
  if (!fits || data_size(&write->value) == SIZE_MAX)
    return mapper_fail_itemf(fixture_api, call, index, MAPPER_TYPE, "type %u, expected %u",
                             (unsigned)write->value.type, (unsigned)point->type);
  pthread_mutex_lock(&device->lock);
  mapper_status status = keep(point, &write->value);
  point->is_new = point->is_subscribed;
  pthread_cond_signal(&device->wake);
  pthread_mutex_unlock(&device->lock);
  return status;
}

static mapper_status write_points(mapper_device *handle, const mapper_call *call,
                                  const mapper_write *writes, uint32_t count,
                                  mapper_status *results) {
  for (uint32_t i = 0; i < count; i++) results[i] = write_one(own(handle), call, &writes[i], i);
  return MAPPER_OK;
}

/* ---- reporting ---------------------------------------------------------------------------- */

/* A sample of a point that is new, with a copy of its data, or false when none is. Called with the
 * lock held. */
static bool take_new(echo_device *device, mapper_sample *sample, uint8_t **copy) {
  for (uint32_t i = 0; i < device->count; i++) {
    echo_point *point = &device->points[i];
    if (!point->is_new) continue;
    size_t size = data_size(&point->value);
    *copy = malloc(size ? size : 1);
    if (!*copy) return false;
    point->is_new = false;
    *sample = (mapper_sample){.point = i, .status = MAPPER_OK, .value = point->value};
    if (!has_data(&point->value)) return true;
    if (size) memcpy(*copy, point->value.data, size);
    sample->value.data = *copy;
    return true;
  }
  return false;
}

static void *report(void *argument) {
  echo_device *device = argument;
  pthread_mutex_lock(&device->lock);
  while (!device->is_stopping) {
    mapper_sample sample;
    uint8_t *copy = NULL;
    if (!take_new(device, &sample, &copy)) {
      pthread_cond_wait(&device->wake, &device->lock);
      continue;
    }
    uint64_t subscription = device->subscription;
    pthread_mutex_unlock(&device->lock);
    mapper_status answer = fixture_api->report(fixture_host, subscription, &sample, 1);
    free(copy);
    if (answer == MAPPER_BUSY) fixture_sleep(5);
    pthread_mutex_lock(&device->lock);
    if (answer == MAPPER_BUSY) device->points[sample.point].is_new = true;
    if (answer == MAPPER_CLOSED) device->is_stopping = true;
  }
  pthread_mutex_unlock(&device->lock);
  return NULL;
}

static mapper_status start(mapper_device *handle, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  (void)min_interval_ms;
  echo_device *device = own(handle);
  pthread_mutex_lock(&device->lock);
  device->subscription = subscription;
  device->is_stopping = false;
  for (uint32_t i = 0; i < count; i++) {
    results[i] = points[i] < device->count ? MAPPER_OK : MAPPER_NOT_FOUND;
    if (results[i] != MAPPER_OK) continue;
    echo_point *point = &device->points[points[i]];
    point->is_subscribed = true;
    point->is_new = true;
  }
  pthread_mutex_unlock(&device->lock);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  device->has_thread = pthread_create(&device->thread, NULL, report, device) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (device->has_thread) return MAPPER_OK;
  return mapper_failf(fixture_api, call, MAPPER_NO_MEMORY, "no thread");
}

static void stop(mapper_device *handle, uint64_t subscription) {
  echo_device *device = own(handle);
  if (!device->has_thread || device->subscription != subscription) return;
  pthread_mutex_lock(&device->lock);
  device->is_stopping = true;
  pthread_cond_signal(&device->wake);
  pthread_mutex_unlock(&device->lock);
  pthread_join(device->thread, NULL);
  device->has_thread = false;
}

static const mapper_subscribe subscribe = {
    .size = sizeof(mapper_subscribe), .start = start, .stop = stop};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &subscribe : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "echo",
    .title = "Test mapper echo",
    .device_schema = device_schema,
    .point_schema = point_schema,
    .lane = lane,
    .create = create,
    .bind = bind,
    .open = fixture_open,
    .read = read_points,
    .write = write_points,
    .close = fixture_close,
    .destroy = destroy,
    .query = query,
};

FIXTURE_ENTRY("echo", driver)
