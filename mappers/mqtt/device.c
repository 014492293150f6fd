/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver table, and the life of a device: create, bind, open, close, destroy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "device_schema.h"
#include "mqtt.h"
#include "point_schema.h"

/* An open that finds the broker down makes the next attempt come sooner, but not sooner than this
 * after the last: a thousand devices do not make a thousand attempts. */
#define ATTEMPT_GAP (500 * MS)

mapper_host *mqtt_host;
const mapper_host_api *mqtt_api;

/* ---- create, bind, destroy ---------------------------------------------------------------- */

static mapper_status copy_key(const mapper_settings *settings, const mapper_call *call,
                              broker_key *key) {
  const char *url = mapper_find_text(settings, "broker", "tcp://127.0.0.1:1883");
  if (!broker_parse(url, key))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting broker: '%.200s': expected tcp://HOST or tcp://HOST:PORT", url);
  const char *username = mapper_find_text(settings, "username", NULL);
  const char *password = mapper_find_text(settings, "password", NULL);
  const char *client_id = mapper_find_text(settings, "clientID", NULL);
  if (password && !username)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting password: expected username beside it");
  if (client_id && (!*client_id || mosquitto_validate_utf8(client_id, (int)strlen(client_id)) != 0))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting clientID: '%.200s': expected UTF-8 text that is not empty",
                        client_id);
  key->username = username ? strdup(username) : NULL;
  key->password = password ? strdup(password) : NULL;
  key->client_id = client_id ? strdup(client_id) : NULL;
  bool good = (!username || key->username) && (!password || key->password) &&
              (!client_id || key->client_id);
  return good ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host;
  int64_t stale_after = mapper_find_int(settings, "staleAfterMs", 0);
  int64_t qos = mapper_find_int(settings, "qos", 1);
  if (stale_after < 0 || stale_after > INT64_MAX / MS / 2)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting staleAfterMs: %lld: expected 0 or more milliseconds",
                        (long long)stale_after);
  if (qos < 0 || qos > 2)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID, "setting qos: %lld: expected 0, 1 or 2",
                        (long long)qos);
  broker_key key = {0};
  mapper_status status = copy_key(settings, call, &key);
  if (status != MAPPER_OK) {
    broker_key_free(&key);
    return status;
  }
  const char *prefix = mapper_find_text(settings, "topicPrefix", NULL);
  mapper_device *device = calloc(1, sizeof *device);
  char *prefix_copy = prefix ? strdup(prefix) : NULL;
  mqtt_broker *broker = device && (!prefix || prefix_copy) ? broker_take(&key) : NULL;
  if (!broker) {
    broker_key_free(&key);
    free(prefix_copy);
    free(device);
    return MAPPER_NO_MEMORY;
  }
  device->token = token;
  device->broker = broker;
  device->topic_prefix = prefix_copy;
  device->qos = (int)qos;
  device->stale_after = stale_after * MS;
  device->wake_fd = -1;
  device->dirty_end = &device->dirty;
  *out = device;
  return MAPPER_OK;
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
  free(device->topic_prefix);
  free(device);
}

/* ---- waiting ------------------------------------------------------------------------------ */

bool device_wait_begin(mapper_device *device, const mapper_call *call) {
  int file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (file < 0) {
    mapper_failf(mqtt_api, call, MAPPER_INTERNAL, "cannot wait: %s", strerror(errno));
    return false;
  }
  pthread_mutex_lock(&device->broker->lock);
  device->wake_fd = file;
  pthread_mutex_unlock(&device->broker->lock);
  return true;
}

mapper_status device_wait(mapper_device *device, const mapper_call *call) {
  for (;;) {
    if (mqtt_api->cancelled(call)) return MAPPER_CANCELLED;
    int timeout = mapper_timeout_ms(mqtt_api, call, mqtt_now_ns());
    if (timeout == 0) return MAPPER_TIMEOUT;
    struct pollfd files[2] = {{.fd = device->wake_fd, .events = POLLIN},
                              {.fd = mqtt_api->cancel_fd(call), .events = POLLIN}};
    poll(files, 2, timeout);
    eventfd_t count;
    if (files[0].revents && eventfd_read(device->wake_fd, &count) == 0) return MAPPER_OK;
  }
}

void device_wait_end(mapper_device *device) {
  pthread_mutex_lock(&device->broker->lock);
  int file = device->wake_fd;
  device->wake_fd = -1;
  pthread_mutex_unlock(&device->broker->lock);
  close(file);
}

void device_notify(mapper_device *device) {
  if (device->wake_fd >= 0) eventfd_write(device->wake_fd, 1);
}

/* ---- open and close ----------------------------------------------------------------------- */

/* Called with the lock held. */
static void attach(mapper_device *device) {
  mqtt_broker *broker = device->broker;
  device->previous = NULL;
  device->next = broker->devices;
  if (device->next) device->next->previous = device;
  broker->devices = device;
  device->is_attached = true;
  device->due_ns = INT64_MAX;
  device->link_told = device->link_now = MAPPER_LINK_UP;
  int64_t soonest = broker->attempted_ns + ATTEMPT_GAP;
  if (broker->attempt_ns > soonest) broker->attempt_ns = soonest;
}

/* Each open begins without values, and waits on its topics. Called with the lock held. */
static bool join_filters(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) {
    mqtt_point *point = &device->points[i];
    point->has_message = point->is_stale = false;
    point->seen_connection = point->live_connection = 0;
    point->is_subscribed = false;
    point->reported_ns = 0;
    if (point->is_bound && point->topic && !filter_join(device->broker, point)) return false;
  }
  return true;
}

static void detach(mapper_device *device) {
  mqtt_broker *broker = device->broker;
  pthread_mutex_lock(&broker->lock);
  if (device->is_attached) {
    device->is_attached = device->is_open = device->is_reporting = false;
    report_wait(device);
    report_unqueue(device);
    report_clean(device);
    for (uint32_t i = 0; i < device->count; i++) filter_leave(broker, &device->points[i]);
    if (device->previous)
      device->previous->next = device->next;
    else
      broker->devices = device->next;
    if (device->next) device->next->previous = device->previous;
  }
  pthread_mutex_unlock(&broker->lock);
  broker_wake(broker);
}

/* Points whose topics the broker refused, all of them, or none of them. */
static uint32_t count_refused(const mapper_device *device, uint32_t *wanted) {
  uint32_t refused = 0;
  *wanted = 0;
  for (uint32_t i = 0; i < device->count; i++) {
    const mqtt_filter *filter = device->points[i].filter;
    if (!filter) continue;
    ++*wanted;
    if (filter->state == FILTER_REFUSED) refused++;
  }
  return refused;
}

/* Whether open has come to its end, and how. Called with the lock held. */
static bool is_decided(mapper_device *device, uint32_t failures, mapper_status *status) {
  mqtt_broker *broker = device->broker;
  *status = MAPPER_OK;
  if (broker->state == BROKER_UP && filter_settled(device)) {
    uint32_t wanted;
    if (count_refused(device, &wanted) == wanted && wanted > 0) *status = MAPPER_DENIED;
    device->is_open = *status == MAPPER_OK;
    return true;
  }
  if (broker->failures == failures) return false;
  *status = broker->failure;
  return true;
}

/* Waits until the device is connected and subscribed, or an attempt has failed. */
static mapper_status wait_open(mapper_device *device, const mapper_call *call, uint32_t failures) {
  mqtt_broker *broker = device->broker;
  mapper_status waited = MAPPER_OK, status;
  for (;;) {
    char text[TEXT_MAX];
    pthread_mutex_lock(&broker->lock);
    bool decided = is_decided(device, failures, &status);
    bool is_up = broker->state == BROKER_UP;
    memcpy(text, broker->failure_text, sizeof text);
    pthread_mutex_unlock(&broker->lock);
    if (decided && status == MAPPER_OK) return MAPPER_OK;
    if (decided && is_up && status == MAPPER_DENIED)
      return mapper_failf(mqtt_api, call, status, "broker %s refused all topics of the device",
                          broker->address);
    if (decided) return mapper_failf(mqtt_api, call, status, "%s", text);
    if (waited == MAPPER_CANCELLED)
      return mapper_failf(mqtt_api, call, waited, "cancelled while connecting to broker %s",
                          broker->address);
    if (waited == MAPPER_TIMEOUT)
      return mapper_failf(mqtt_api, call, waited, "broker %s has not %s in time", broker->address,
                          is_up ? "acknowledged the subscriptions" : "accepted the connection");
    waited = device_wait(device, call);
  }
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  mqtt_broker *broker = device->broker;
  mapper_status status = broker_start(broker, call);
  if (status != MAPPER_OK) return status;
  if (!device_wait_begin(device, call)) return MAPPER_INTERNAL;
  pthread_mutex_lock(&broker->lock);
  uint32_t failures = broker->failures;
  attach(device);
  bool joined = join_filters(device);
  pthread_mutex_unlock(&broker->lock);
  broker_wake(broker);
  status = joined ? wait_open(device, call, failures)
                  : mapper_failf(mqtt_api, call, MAPPER_NO_MEMORY, "no memory for topics");
  device_wait_end(device);
  if (status != MAPPER_OK) detach(device);
  return status;
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
    .open = open_device,
    .read = exchange_read,
    .write = exchange_write,
    .close = detach,
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
