/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a message: the last value of the points that wait for it.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

void message_excerpt(const struct mosquitto_message *message, char text[EXCERPT_MAX + 4]) {
  size_t size = (size_t)message->payloadlen;
  bool is_cut = size > EXCERPT_MAX;
  if (is_cut) size = EXCERPT_MAX;
  for (size_t i = 0; i < size; i++) {
    char c = ((const char *)message->payload)[i];
    text[i] = c >= ' ' && c <= '~' ? c : '.';
  }
  strcpy(text + size, is_cut ? "..." : "");
}

/* Says why the payload is no value of the point: topic, value, what was expected. */
static void explain(mqtt_point *point, const struct mosquitto_message *message, const char *why) {
  if (!point->why) point->why = malloc(TEXT_MAX);
  if (!point->why) return;
  char payload[EXCERPT_MAX + 4];
  message_excerpt(message, payload);
  const char *path = point->path ? point->path : "";
  const char *of = point->path ? " in " : "";
  if (point->status == MAPPER_NOT_FOUND)
    snprintf(point->why, TEXT_MAX, "%s: no %s in '%s'", message->topic, path, payload);
  else if (point->status == MAPPER_NO_MEMORY)
    snprintf(point->why, TEXT_MAX, "%s: no memory for the value", message->topic);
  else
    snprintf(point->why, TEXT_MAX, "%s: %s%s'%s': %s%sexpected %s", message->topic, path, of,
             payload, why ? why : "", why ? ", " : "", convert_expected(point->conversion.type));
}

/* A retained message comes again whenever any device subscribes. It counts only for points that
 * have had nothing newer since the connection. */
static bool is_repeated(const mqtt_point *point, const mqtt_arrival *arrival) {
  if (!arrival->message->retain) return false;
  uint32_t connection = arrival->broker->connection;
  if (point->live_connection == connection) return true;
  return point->seen_connection == connection && !point->has_wildcard;
}

void message_take(mqtt_watch *watch, const mqtt_arrival *arrival) {
  mqtt_point *point = (mqtt_point *)watch; /* its first member */
  const struct mosquitto_message *message = arrival->message;
  if (message->retain && point->retained == RETAINED_IGNORE) return;
  if (is_repeated(point, arrival)) return;
  point->seen_connection = arrival->broker->connection;
  if (!message->retain) point->live_connection = arrival->broker->connection;

  const char *why = NULL;
  mapper_value value = {0};
  mapper_status status = convert_payload(&point->conversion, message->payload,
                                         (size_t)message->payloadlen, &value, &point->room, &why);
  /* Devices that send only what has changed leave the other values as they were. */
  if (status == MAPPER_NOT_FOUND && point->has_message) return;

  point->status = status;
  point->value = status == MAPPER_OK ? value : (mapper_value){0};
  point->has_message = true;
  point->is_stale = false;
  point->is_doubtful = message->retain && point->retained == RETAINED_UNCERTAIN;
  point->arrived_ns = arrival->now;
  if (status != MAPPER_OK) explain(point, message, why);
  report_dirty(point);
  if (status == MAPPER_OK && !message->retain) publish_confirmed(point);
  mapper_device *device = watch->device;
  if (device->stale_after) report_at(device, arrival->now + device->stale_after);
}

static void found(mqtt_filter *filter, void *context) {
  for (mqtt_watch *watch = filter->watches; watch; watch = watch->next) watch->take(watch, context);
}

void message_arrived(mqtt_broker *broker, const struct mosquitto_message *message) {
  mqtt_arrival arrival = {.broker = broker, .message = message, .now = mqtt_now_ns()};
  pthread_mutex_lock(&broker->lock);
  topics_match(&broker->topics, message->topic, found, &arrival);
  pthread_mutex_unlock(&broker->lock);
  report_work(broker);
}

void message_was_set(mqtt_point *point, const mapper_value *value) {
  point->value = *value;
  if (convert_has_data(value)) {
    point->room.size = 0;
    if (!buffer_append(&point->room, value->data, value->count)) return;
    point->value.data = point->room.bytes;
  }
  point->status = MAPPER_OK;
  point->has_message = true;
  report_dirty(point);
}

mapper_sample message_sample(const mqtt_point *point) {
  mapper_sample sample = {.point = point->id, .status = point->status, .value = point->value};
  if (point->status != MAPPER_OK) {
    sample.quality = MAPPER_BAD;
    if (point->why)
      sample.value = mapper_data(MAPPER_TYPE_TEXT, point->why, (uint32_t)strlen(point->why));
  } else if (!point->watch.topic) {
    sample.quality = MAPPER_UNCERTAIN | MAPPER_WHY_MANUAL; /* set, but not confirmed */
  } else if (point->is_stale || point->is_doubtful) {
    sample.quality = MAPPER_UNCERTAIN | MAPPER_WHY_STALE;
  }
  return sample;
}
