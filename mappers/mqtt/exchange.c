/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading, writing and subscribing: what lanes do with an open device.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

static mqtt_point *point_at(mapper_device *device, uint32_t id) {
  mqtt_point *point = id < device->count ? &device->points[id] : NULL;
  return point && point->is_bound ? point : NULL;
}

/* ---- read --------------------------------------------------------------------------------- */

/* Room for all that the answers point to: texts, bytes, and the reasons of bad values. */
static bool reserve_answers(mapper_device *device, const uint32_t *points, uint32_t count) {
  size_t size = 0;
  for (uint32_t i = 0; i < count; i++) {
    const mqtt_point *point = point_at(device, points[i]);
    if (!point) continue;
    size += convert_has_data(&point->value) ? point->value.count : 0;
    size += point->why ? TEXT_MAX : 0;
  }
  device->answers.size = 0;
  return buffer_reserve(&device->answers, size);
}

/* Copies to where the answers point. There is room. */
static const char *keep(mapper_device *device, const void *bytes, size_t size) {
  char *copy = device->answers.bytes + device->answers.size;
  buffer_append(&device->answers, bytes, size);
  return copy;
}

/* The last known value, or the status that says why there is none. */
static mapper_sample last_known(mapper_device *device, mqtt_point *point) {
  if (point->has_message) {
    mapper_sample sample = message_sample(point);
    mapper_value *value = &sample.value;
    if (convert_has_data(value) && value->count > 0)
      value->data = keep(device, value->data, value->count);
    return sample;
  }
  bool is_refused = filter_is_refused(&point->watch);
  mapper_status status = is_refused ? MAPPER_DENIED : MAPPER_UNAVAILABLE;
  return (mapper_sample){.point = point->id, .status = status, .quality = MAPPER_BAD};
}

static void explain(mapper_device *device, const mapper_call *call, uint32_t index,
                    const mapper_sample *sample) {
  const mqtt_point *point = point_at(device, sample->point);
  mapper_status status = sample->status;
  if (!point)
    mapper_fail_itemf(mqtt_api, call, index, status, "point %u is not bound",
                      (unsigned)sample->point);
  else if (sample->value.type == MAPPER_TYPE_TEXT)
    mqtt_api->fail_item(call, index, status, sample->value.data, sample->value.count);
  else if (!point->watch.topic)
    mapper_fail_itemf(mqtt_api, call, index, status, "%s has no topic and was not set yet",
                      point->name);
  else if (status == MAPPER_DENIED)
    mapper_fail_itemf(mqtt_api, call, index, status, "broker %s refused the topic %s",
                      device->broker->address, point->watch.topic);
  else if (status == MAPPER_UNAVAILABLE)
    mapper_fail_itemf(mqtt_api, call, index, status, "no message on %s yet", point->watch.topic);
}

/* Called with the lock held. */
static void answer(mapper_device *device, const uint32_t *points, uint32_t count,
                   mapper_sample *out) {
  for (uint32_t i = 0; i < count; i++) {
    mqtt_point *point = point_at(device, points[i]);
    out[i] = point ? last_known(device, point)
                   : (mapper_sample){.point = points[i], .status = MAPPER_NOT_FOUND};
  }
}

/* Whether the device is said to be away, with who says so in `text`. The connection is good then,
 * so calls end with TIMEOUT: the host keeps the device open. Called with the lock held. */
static bool note_away(const mapper_device *device, char text[TEXT_MAX]) {
  if (!availability_is_away(device)) return false;
  snprintf(text, TEXT_MAX, "%s", availability_text(device));
  return true;
}

mapper_status exchange_read(mapper_device *device, const mapper_call *call, const uint32_t *points,
                            uint32_t count, mapper_sample *out) {
  mqtt_broker *broker = device->broker;
  char text[TEXT_MAX];
  pthread_mutex_lock(&broker->lock);
  bool is_up = broker->state == BROKER_UP;
  bool has_room = is_up && reserve_answers(device, points, count);
  if (has_room) answer(device, points, count, out);
  memcpy(text, broker->failure_text, sizeof text);
  bool is_away = is_up && note_away(device, text);
  pthread_mutex_unlock(&broker->lock);
  if (!is_up) return mapper_failf(mqtt_api, call, MAPPER_UNAVAILABLE, "%s", text);
  if (is_away) return mapper_failf(mqtt_api, call, MAPPER_TIMEOUT, "%s", text);
  if (!has_room) return mapper_failf(mqtt_api, call, MAPPER_NO_MEMORY, "no memory for the values");
  for (uint32_t i = 0; i < count; i++)
    if (out[i].status != MAPPER_OK) explain(device, call, i, &out[i]);
  return MAPPER_OK;
}

/* ---- write -------------------------------------------------------------------------------- */

/* The broker has it, but the device has not told the value. */
#define UNCONFIRMED MAPPER_STATUS(MAPPER_TIMEOUT, 1)

/* Makes what is to be published for one write. */
static mapper_status prepare(mapper_device *device, const mapper_call *call,
                             const mapper_write *write, uint32_t index, mqtt_publish **publish) {
  mqtt_point *point = point_at(device, write->point);
  if (!point)
    return mapper_fail_itemf(mqtt_api, call, index, MAPPER_NOT_FOUND, "point %u is not bound",
                             (unsigned)write->point);
  if (!point->set_topic)
    return mapper_fail_itemf(mqtt_api, call, index, MAPPER_UNSUPPORTED,
                             "%s has no setTopic: it cannot be set", point->name);
  mapper_type type = point->conversion.type;
  buffer payload = {0};
  mapper_status status = type != MAPPER_TYPE_NONE && write->value.type != type
                             ? MAPPER_TYPE
                             : convert_value(&point->conversion, &write->value, &payload);
  if (status == MAPPER_OK) {
    *publish = publish_new(point, &write->value, &payload, index);
    if (!*publish) status = MAPPER_NO_MEMORY;
  }
  buffer_free(&payload);
  if (status == MAPPER_TYPE)
    return mapper_fail_itemf(mqtt_api, call, index, status,
                             "%s: the value cannot be published: expected %s", point->name,
                             convert_expected(type));
  return status;
}

/* Called with the lock held. */
static uint32_t count_done(mqtt_publish *const *publishes, uint32_t count) {
  uint32_t done = 0;
  for (uint32_t i = 0; i < count; i++) done += publishes[i]->state == PUBLISH_DONE;
  return done;
}

/* Lets go of all and notes how they ended; those that have not, as `waited`. Returns how many
 * were acknowledged, confirmed or not. Called with the lock held. */
static uint32_t collect(mqtt_broker *broker, mqtt_publish **publishes, uint32_t count,
                        mapper_status waited, mapper_status *results) {
  uint32_t acknowledged = 0;
  for (uint32_t i = 0; i < count; i++) {
    const mqtt_publish *publish = publishes[i];
    bool is_unconfirmed = publish->state == PUBLISH_AWAITED;
    mapper_status status = publish->state == PUBLISH_DONE ? publish->status : waited;
    if (is_unconfirmed && waited == MAPPER_TIMEOUT) status = UNCONFIRMED;
    results[publish->index] = status;
    acknowledged += status == MAPPER_OK || is_unconfirmed;
    publish_release(broker, publishes[i]);
  }
  return acknowledged;
}

/* Publishes all in order and waits until the broker has acknowledged them. */
static mapper_status publish_all(mapper_device *device, const mapper_call *call,
                                 mqtt_publish **publishes, uint32_t count, mapper_status *results) {
  mqtt_broker *broker = device->broker;
  pthread_mutex_lock(&broker->lock);
  uint32_t failures = broker->failures;
  bool is_up = broker->state == BROKER_UP;
  for (uint32_t i = 0; i < count; i++) {
    if (!is_up) publishes[i]->state = PUBLISH_DONE;
    if (!is_up) publishes[i]->status = MAPPER_UNAVAILABLE;
    if (is_up) publish_queue(broker, publishes[i]);
  }
  pthread_mutex_unlock(&broker->lock);
  broker_wake(broker);

  mapper_status waited = MAPPER_OK;
  uint32_t acknowledged;
  char text[TEXT_MAX];
  for (;;) {
    pthread_mutex_lock(&broker->lock);
    if (waited != MAPPER_OK || count_done(publishes, count) == count) break;
    pthread_mutex_unlock(&broker->lock);
    waited = device_wait(device, call);
  }
  bool is_lost = !is_up || broker->failures != failures;
  memcpy(text, broker->failure_text, sizeof text);
  acknowledged = collect(broker, publishes, count, waited, results);
  pthread_mutex_unlock(&broker->lock);

  if (waited == MAPPER_CANCELLED)
    return mapper_failf(mqtt_api, call, waited, "cancelled while waiting for broker %s",
                        broker->address);
  if (acknowledged == count) return MAPPER_OK;
  if (is_lost) return mapper_failf(mqtt_api, call, MAPPER_UNAVAILABLE, "%s", text);
  if (waited == MAPPER_TIMEOUT && acknowledged == 0)
    return mapper_failf(mqtt_api, call, waited, "broker %s has not acknowledged in time",
                        broker->address);
  return MAPPER_OK;
}

static void explain_unconfirmed(mapper_device *device, const mapper_call *call,
                                const mapper_write *writes, uint32_t count,
                                const mapper_status *results) {
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] != UNCONFIRMED) continue;
    const mqtt_point *point = point_at(device, writes[i].point);
    mapper_fail_itemf(mqtt_api, call, i, results[i],
                      "%s: %.300s has not confirmed the value in time", point->name,
                      point->watch.topic);
  }
}

mapper_status exchange_write(mapper_device *device, const mapper_call *call,
                             const mapper_write *writes, uint32_t count, mapper_status *results) {
  char away[TEXT_MAX];
  pthread_mutex_lock(&device->broker->lock);
  bool is_away = note_away(device, away);
  pthread_mutex_unlock(&device->broker->lock);
  if (is_away) return mapper_failf(mqtt_api, call, MAPPER_TIMEOUT, "%s", away);
  mqtt_publish **publishes = calloc(count ? count : 1, sizeof(mqtt_publish *));
  if (!publishes) return mapper_failf(mqtt_api, call, MAPPER_NO_MEMORY, "no memory to write");
  uint32_t prepared = 0;
  for (uint32_t i = 0; i < count; i++) {
    results[i] = prepare(device, call, &writes[i], i, &publishes[prepared]);
    prepared += results[i] == MAPPER_OK;
  }
  mapper_status status = MAPPER_OK;
  if (prepared > 0 && device_wait_begin(device, call)) {
    status = publish_all(device, call, publishes, prepared, results);
    device_wait_end(device);
    explain_unconfirmed(device, call, writes, count, results);
  } else if (prepared > 0) {
    for (uint32_t i = 0; i < prepared; i++) free(publishes[i]);
    status = MAPPER_INTERNAL;
  }
  free(publishes);
  return status;
}

/* ---- subscribe ---------------------------------------------------------------------------- */

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  mqtt_broker *broker = device->broker;
  pthread_mutex_lock(&broker->lock);
  bool is_taken = device->is_reporting;
  if (!is_taken) {
    device->subscription = subscription;
    device->is_reporting = true;
    device->min_interval = min_interval_ms * MS;
    device->busy_wait = device->busy_until_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
      mqtt_point *point = point_at(device, points[i]);
      bool is_refused = point && filter_is_refused(&point->watch);
      results[i] = !point ? MAPPER_NOT_FOUND : is_refused ? MAPPER_DENIED : MAPPER_OK;
      if (results[i] != MAPPER_OK) continue;
      point->is_subscribed = true;
      if (point->has_message) report_dirty(point); /* what came since open */
    }
  }
  pthread_mutex_unlock(&broker->lock);
  if (is_taken)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID, "there is a subscription already");
  broker_wake(broker);
  return MAPPER_OK;
}

static void stop(mapper_device *device, uint64_t subscription) {
  mqtt_broker *broker = device->broker;
  pthread_mutex_lock(&broker->lock);
  if (device->subscription == subscription) {
    device->is_reporting = false;
    report_wait(device);
    report_clean(device);
    for (uint32_t i = 0; i < device->count; i++) device->points[i].is_subscribed = false;
  }
  pthread_mutex_unlock(&broker->lock);
}

const mapper_subscribe exchange_subscribe = {
    .size = sizeof(mapper_subscribe),
    .start = start,
    .stop = stop,
};
