/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishing: lanes queue, the network thread sends and hears of acknowledgements.
 *
 * The queue is bounded by what lane calls that wait have in it: a call that leaves takes what was
 * not sent with it, so that nothing is set after the host was told that it failed. For the same
 * reason no more is handed to libmosquitto than it sends at once.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

/* libmosquitto's own limit of messages that wait for an acknowledgement. */
#define IN_FLIGHT_MAX 20

mqtt_publish *publish_new(mqtt_point *point, const mapper_value *value, const buffer *payload,
                          uint32_t index) {
  size_t topic_size = strlen(point->set_topic) + 1;
  bool keeps_value = !point->watch.topic || point->is_confirmed;
  size_t data_size = keeps_value && convert_has_data(value) ? value->count : 0;
  mqtt_publish *publish = malloc(sizeof *publish + payload->size + topic_size + data_size);
  if (!publish) return NULL;
  *publish = (mqtt_publish){.device = point->watch.device, .state = PUBLISH_QUEUED, .index = index};
  publish->point = point;
  publish->qos = point->qos;
  publish->retain = point->retain;
  publish->size = payload->size;
  if (payload->size) memcpy(publish->payload, payload->bytes, payload->size);
  publish->topic = publish->payload + payload->size;
  memcpy(publish->topic, point->set_topic, topic_size);
  if (keeps_value) publish->value = *value;
  if (data_size) {
    publish->value.data = publish->topic + topic_size;
    memcpy(publish->topic + topic_size, value->data, data_size);
  }
  return publish;
}

void publish_queue(mqtt_broker *broker, mqtt_publish *publish) {
  publish->next = NULL;
  *broker->queue_end = publish;
  broker->queue_end = &publish->next;
}

static void unlink_queued(mqtt_broker *broker, mqtt_publish *publish) {
  mqtt_publish **at = &broker->queue;
  while (*at != publish) at = &(*at)->next;
  *at = publish->next;
  if (!*at) broker->queue_end = at;
}

static void unlink_from(mqtt_publish **list, mqtt_publish *publish) {
  while (*list != publish) list = &(*list)->next;
  *list = publish->next;
}

static void unlink_in_flight(mqtt_broker *broker, mqtt_publish *publish) {
  unlink_from(&broker->in_flight, publish);
  broker->in_flight_count--;
}

void publish_release(mqtt_broker *broker, mqtt_publish *publish) {
  bool is_with_library = publish->state == PUBLISH_SENDING || publish->state == PUBLISH_SENT;
  if (publish->state == PUBLISH_QUEUED) unlink_queued(broker, publish);
  if (publish->state == PUBLISH_AWAITED) unlink_from(&broker->awaited, publish);
  if (is_with_library)
    publish->device = NULL;
  else
    free(publish);
}

/* It is off all lists by now. */
static void finish(mqtt_publish *publish, mapper_status status) {
  publish->state = PUBLISH_DONE;
  publish->status = status;
  bool is_known = publish->device && status == MAPPER_OK && !publish->point->watch.topic;
  if (is_known) message_was_set(publish->point, &publish->value);
  if (publish->device)
    device_notify(publish->device);
  else
    free(publish);
}

void publish_fail_all(mqtt_broker *broker, mapper_status status) {
  while (broker->queue) {
    mqtt_publish *publish = broker->queue;
    unlink_queued(broker, publish);
    finish(publish, status);
  }
  while (broker->in_flight) {
    mqtt_publish *publish = broker->in_flight;
    unlink_in_flight(broker, publish);
    finish(publish, status);
  }
  while (broker->awaited) {
    mqtt_publish *publish = broker->awaited;
    unlink_from(&broker->awaited, publish);
    finish(publish, status);
  }
}

static mqtt_publish *take_queued(mqtt_broker *broker) {
  mqtt_publish *publish = broker->queue;
  if (!publish || broker->in_flight_count == IN_FLIGHT_MAX) return NULL;
  unlink_queued(broker, publish);
  publish->state = PUBLISH_SENDING;
  publish->next = broker->in_flight;
  broker->in_flight = publish;
  broker->in_flight_count++;
  return publish;
}

/* Errors of one message, which say nothing about the connection. */
static bool is_of_message(int error) {
  return error == MOSQ_ERR_INVAL || error == MOSQ_ERR_PAYLOAD_SIZE ||
         error == MOSQ_ERR_MALFORMED_UTF8 || error == MOSQ_ERR_OVERSIZE_PACKET ||
         error == MOSQ_ERR_QOS_NOT_SUPPORTED || error == MOSQ_ERR_NOMEM;
}

int publish_send(mqtt_broker *broker) {
  for (;;) {
    pthread_mutex_lock(&broker->lock);
    mqtt_publish *publish = take_queued(broker);
    pthread_mutex_unlock(&broker->lock);
    if (!publish) return MOSQ_ERR_SUCCESS;
    int mid = 0;
    int error = mosquitto_publish(broker->client, &mid, publish->topic, (int)publish->size,
                                  publish->payload, publish->qos, publish->retain);
    pthread_mutex_lock(&broker->lock);
    publish->mid = mid;
    publish->state = PUBLISH_SENT;
    if (is_of_message(error)) {
      unlink_in_flight(broker, publish);
      finish(publish, error == MOSQ_ERR_NOMEM ? MAPPER_NO_MEMORY : MAPPER_INVALID);
      error = MOSQ_ERR_SUCCESS;
    }
    pthread_mutex_unlock(&broker->lock);
    if (error) return error;
  }
}

/* The broker has it; where the topic has to confirm it too, that is waited for. */
static void acknowledge(mqtt_broker *broker, mqtt_publish *publish) {
  bool is_through = !publish->device || !publish->point->is_confirmed || publish->is_confirmed;
  if (is_through) {
    finish(publish, MAPPER_OK);
    return;
  }
  publish->state = PUBLISH_AWAITED;
  publish->next = broker->awaited;
  broker->awaited = publish;
}

void publish_acknowledged(mqtt_broker *broker, int mid) {
  for (mqtt_publish *publish = broker->in_flight; publish; publish = publish->next) {
    if (publish->state != PUBLISH_SENT || publish->mid != mid) continue;
    unlink_in_flight(broker, publish);
    acknowledge(broker, publish);
    return;
  }
}

/* ---- confirmation ------------------------------------------------------------------------- */

static bool is_same_value(const mapper_value *a, const mapper_value *b) {
  if (a->type != b->type) return false;
  if (convert_has_data(a))
    return a->count == b->count && (a->count == 0 || memcmp(a->data, b->data, a->count) == 0);
  if (a->type == MAPPER_TYPE_F32) return (float)a->f64 == (float)b->f64;
  if (a->type == MAPPER_TYPE_F64) return a->f64 == b->f64;
  return a->u64 == b->u64;
}

void publish_confirmed(mqtt_point *point) {
  mqtt_broker *broker = point->watch.device->broker;
  if (!point->is_confirmed) return;
  /* The device may be quicker than the broker's acknowledgement. */
  for (mqtt_publish *publish = broker->in_flight; publish; publish = publish->next)
    if (publish->point == point && publish->device && publish->state == PUBLISH_SENT &&
        is_same_value(&publish->value, &point->value))
      publish->is_confirmed = true;
  for (mqtt_publish **at = &broker->awaited; *at;) {
    mqtt_publish *publish = *at;
    if (publish->point != point || !is_same_value(&publish->value, &point->value)) {
      at = &publish->next;
      continue;
    }
    *at = publish->next;
    finish(publish, MAPPER_OK);
  }
}
