/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver table, and the life of a device without a connection: create, bind, destroy.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "device_schema.h"
#include "mqtt.h"
#include "point_schema.h"

mapper_host *mqtt_host;
const mapper_host_api *mqtt_api;

/* ---- create, bind, destroy ---------------------------------------------------------------- */

bool retained_parse(const char *text, retained_use *use) {
  static const char *const words[] = {"use", "uncertain", "ignore"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(text, words[i]) != 0) continue;
    *use = (retained_use)i;
    return true;
  }
  return false;
}

/* The name becomes part of topics, where a wildcard would make it many. */
static mapper_status take_name(mapper_device *device, const mapper_settings *settings,
                               const mapper_call *call) {
  const char *name = mapper_find_text(settings, "name", NULL);
  if (!name) return MAPPER_OK;
  if (!is_topic(name))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting name: '%.200s': expected a part of a topic without wildcards",
                        name);
  device->name = strdup(name);
  return device->name ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static mapper_status take_prefix(mapper_device *device, const mapper_settings *settings,
                                 const mapper_call *call) {
  const char *prefix = mapper_find_text(settings, "topicPrefix", NULL);
  if (!prefix) return MAPPER_OK;
  if (device_lacks_name(device, prefix))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting topicPrefix: '%.200s': expected setting name for {name}", prefix);
  device->topic_prefix = strdup(prefix);
  return device->topic_prefix ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static mapper_status take_numbers(mapper_device *device, const mapper_settings *settings,
                                  const mapper_call *call) {
  int64_t stale_after = mapper_find_int(settings, "staleAfterMs", 0);
  int64_t qos = mapper_find_int(settings, "qos", 1);
  const char *retained = mapper_find_text(settings, "retained", "use");
  if (stale_after < 0 || stale_after > INT64_MAX / MS / 2)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting staleAfterMs: %lld: expected 0 or more milliseconds",
                        (long long)stale_after);
  if (qos < 0 || qos > 2)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID, "setting qos: %lld: expected 0, 1 or 2",
                        (long long)qos);
  if (!retained_parse(retained, &device->retained))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting retained: '%.20s': expected " RETAINED_EXPECTED, retained);
  device->stale_after = stale_after * MS;
  device->qos = (int)qos;
  return MAPPER_OK;
}

static mapper_status take_broker(mapper_device *device, const mapper_settings *settings,
                                 const mapper_call *call) {
  broker_key key;
  mapper_status status = key_take(settings, call, &key);
  if (status != MAPPER_OK) return status;
  device->broker = broker_take(&key);
  return device->broker ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static void free_device(mapper_device *device) {
  availability_free(device);
  free(device->name);
  free(device->topic_prefix);
  free(device);
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host;
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  device->token = token;
  device->wake_fd = -1;
  device->dirty_end = &device->dirty;
  mapper_status status = take_numbers(device, settings, call);
  if (status == MAPPER_OK) status = take_name(device, settings, call);
  if (status == MAPPER_OK) status = take_prefix(device, settings, call);
  if (status == MAPPER_OK) status = availability_take(device, settings, call);
  if (status == MAPPER_OK)
    status = take_broker(device, settings, call); /* the last: it is counted */
  if (status == MAPPER_OK)
    *out = device;
  else
    free_device(device);
  return status;
}

static void free_points(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) point_free(&device->points[i]);
  free(device->points);
  free(device->samples);
  device->points = NULL;
  device->samples = NULL;
  device->count = 0;
}

static mapper_status bind_points(mapper_device *device, const mapper_call *call,
                                 const mapper_point *points, uint32_t count,
                                 mapper_status *results) {
  free_points(device);
  if (count == 0) return MAPPER_OK;
  device->points = calloc(count, sizeof *device->points);
  device->samples = calloc(count, sizeof *device->samples);
  if (!device->points || !device->samples) {
    free_points(device);
    return mapper_failf(mqtt_api, call, MAPPER_NO_MEMORY, "no memory for %u points",
                        (unsigned)count);
  }
  device->count = count;
  for (uint32_t i = 0; i < count; i++)
    results[i] = point_bind(&device->points[i], device, &points[i], call);
  return MAPPER_OK;
}

static void destroy(mapper_device *device) {
  broker_release(device->broker);
  free_points(device);
  buffer_free(&device->answers);
  free_device(device);
}

/* ---- the tables --------------------------------------------------------------------------- */

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &exchange_subscribe : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "mqtt",
    .title = "MQTT devices",
    .device_schema = device_schema,
    .point_schema = point_schema,
    .create = create,
    .bind = bind_points,
    .open = device_open,
    .read = exchange_read,
    .write = exchange_write,
    .close = device_close,
    .destroy = destroy,
    .query = query,
};

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  mqtt_host = host;
  mqtt_api = api;
  if (!convert_prepare()) return MAPPER_NO_MEMORY;
  return mosquitto_lib_init() == MOSQ_ERR_SUCCESS ? MAPPER_OK : MAPPER_INTERNAL;
}

static void unload(void) {
  broker_reap(true);
  mosquitto_lib_cleanup();
  convert_finish();
}

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "mqtt",
    .version = "1.0.0",
    .load = load,
    .unload = unload,
    .driver = driver_at,
};
