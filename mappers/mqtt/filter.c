/* SPDX-License-Identifier: Apache-2.0
 *
 * What the broker is asked for: filters that watches wait on are subscribed, many in one packet,
 * and given up when nobody waits any more.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

/* Topics in one packet. */
#define BATCH_MAX 32

/* A SUBSCRIBE that is not answered yet; an UNSUBSCRIBE only until it is sent. */
struct mqtt_batch {
  mqtt_batch *next;
  bool is_wanted;
  int mid, qos, count;
  mqtt_filter *filters[BATCH_MAX];
};

/* ---- watches come and go ------------------------------------------------------------------ */

static void note_change(mqtt_broker *broker, mqtt_filter *filter) {
  if (filter->is_changed) return;
  filter->is_changed = true;
  filter->next_changed = NULL;
  *broker->changed_end = filter;
  broker->changed_end = &filter->next_changed;
}

bool filter_join(mqtt_broker *broker, mqtt_watch *watch) {
  mqtt_filter *filter = topics_add(&broker->topics, watch->topic);
  if (!filter) return false;
  /* The first to come back to it waits for a new answer; others take the one that is there. */
  if (!filter->watches) filter->is_answered = false;
  watch->filter = filter;
  watch->previous = NULL;
  watch->next = filter->watches;
  if (watch->next) watch->next->previous = watch;
  filter->watches = watch;
  if (watch->qos > filter->qos) filter->qos = watch->qos;
  if (!filter->is_answered) watch->device->unsettled++;
  /* Even if it is subscribed already: the broker sends retained messages again. */
  note_change(broker, filter);
  return true;
}

void filter_leave(mqtt_broker *broker, mqtt_watch *watch) {
  mqtt_filter *filter = watch->filter;
  if (!filter) return;
  if (watch->previous)
    watch->previous->next = watch->next;
  else
    filter->watches = watch->next;
  if (watch->next) watch->next->previous = watch->previous;
  if (!filter->is_answered) watch->device->unsettled--;
  watch->filter = NULL;
  if (!filter->watches) note_change(broker, filter);
}

bool filter_is_refused(const mqtt_watch *watch) {
  return watch->filter && watch->filter->is_answered && watch->filter->is_refused;
}

/* ---- a connection begins and ends --------------------------------------------------------- */

static void free_batches(mqtt_broker *broker) {
  while (broker->batches) {
    mqtt_batch *batch = broker->batches;
    broker->batches = batch->next;
    free(batch);
  }
}

static void forget(mqtt_filter *filter, void *context) {
  if (filter->is_answered)
    for (mqtt_watch *watch = filter->watches; watch; watch = watch->next)
      watch->device->unsettled++;
  bool is_needed = filter->watches || filter->asked;
  filter->is_answered = filter->is_sent = false;
  filter->asked = 0;
  if (is_needed) note_change(context, filter);
}

void filter_forget(mqtt_broker *broker) {
  free_batches(broker);
  topics_each(&broker->topics, forget, broker);
}

void filter_free_all(mqtt_broker *broker) {
  free_batches(broker);
  topics_free(&broker->topics);
}

/* ---- subscribing -------------------------------------------------------------------------- */

static mqtt_filter *take_changed(mqtt_broker *broker) {
  mqtt_filter *filter = broker->changed;
  broker->changed = filter->next_changed;
  if (!broker->changed) broker->changed_end = &broker->changed;
  filter->is_changed = false;
  return filter;
}

/* Fills a packet with filters that are all wanted, with the same QoS, or all given up. */
static void fill(mqtt_broker *broker, mqtt_batch *batch) {
  while (broker->changed && batch->count < BATCH_MAX) {
    const mqtt_filter *next = broker->changed;
    bool is_wanted = next->watches != NULL;
    if (batch->count == 0) {
      batch->is_wanted = is_wanted;
      batch->qos = next->qos;
    }
    if (is_wanted != batch->is_wanted || (is_wanted && next->qos != batch->qos)) return;
    batch->filters[batch->count++] = take_changed(broker);
  }
}

/* Returns a MOSQ_ERR_. libmosquitto only queues here (see client_prepare). */
static int send_batch(mqtt_broker *broker, mqtt_batch *batch) {
  char *topics[BATCH_MAX];
  int count = 0, error = MOSQ_ERR_SUCCESS;
  for (int i = 0; i < batch->count && !error; i++) {
    if (!batch->is_wanted && !batch->filters[i]->is_sent) continue;
    topics[count] = topics_text(batch->filters[i]);
    if (topics[count])
      count++;
    else
      error = MOSQ_ERR_NOMEM;
  }
  if (!error && batch->is_wanted)
    error = mosquitto_subscribe_multiple(broker->client, &batch->mid, count, topics, batch->qos, 0,
                                         NULL);
  else if (!error && count > 0)
    error = mosquitto_unsubscribe_multiple(broker->client, NULL, count, topics, NULL);
  while (count > 0) free(topics[--count]);
  return error;
}

/* It was sent: what is wanted has an answer to come, the rest is gone. */
static void keep_batch(mqtt_broker *broker, mqtt_batch *batch) {
  for (int i = 0; i < batch->count; i++) {
    mqtt_filter *filter = batch->filters[i];
    filter->is_sent = batch->is_wanted;
    if (batch->is_wanted) {
      filter->asked++;
    } else {
      filter->is_answered = false;
      filter->qos = 0;
      topics_prune(&broker->topics, filter);
    }
  }
  if (batch->is_wanted) {
    batch->next = broker->batches;
    broker->batches = batch;
  } else {
    free(batch);
  }
}

/* The connection is about to end, after which all is asked for again. */
static void put_back(mqtt_broker *broker, mqtt_batch *batch) {
  for (int i = 0; i < batch->count; i++) note_change(broker, batch->filters[i]);
  free(batch);
}

int filter_sync(mqtt_broker *broker) {
  int error = MOSQ_ERR_SUCCESS;
  pthread_mutex_lock(&broker->lock);
  while (!error && broker->changed) {
    mqtt_batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
      error = MOSQ_ERR_NOMEM;
      break;
    }
    fill(broker, batch);
    error = send_batch(broker, batch);
    if (!error)
      keep_batch(broker, batch);
    else
      put_back(broker, batch);
  }
  pthread_mutex_unlock(&broker->lock);
  return error;
}

/* ---- answers ------------------------------------------------------------------------------ */

static void answer(mqtt_filter *filter, bool is_refused) {
  filter->asked--;
  if (!filter->is_sent) return; /* given up meanwhile */
  filter->is_refused = is_refused;
  if (filter->is_answered) return;
  filter->is_answered = true;
  for (mqtt_watch *watch = filter->watches; watch; watch = watch->next) {
    mapper_device *device = watch->device;
    if (--device->unsettled > 0) continue;
    device_notify(device);
    device_update_link(device);
  }
}

void filter_answered(mqtt_broker *broker, int mid, int count, const int *granted) {
  mqtt_batch **at = &broker->batches;
  while (*at && (*at)->mid != mid) at = &(*at)->next;
  mqtt_batch *batch = *at;
  if (!batch) return;
  *at = batch->next;
  for (int i = 0; i < batch->count; i++) {
    mqtt_filter *filter = batch->filters[i];
    answer(filter, i >= count || granted[i] > 2);
    topics_prune(&broker->topics, filter);
  }
  free(batch);
}
