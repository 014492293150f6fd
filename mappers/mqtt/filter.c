/* SPDX-License-Identifier: Apache-2.0
 *
 * Topic filters: which points a message is for, and what the broker is asked for.
 *
 * Only the network thread frees a filter, so that it may use its topic without the lock.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

/* Topics in one SUBSCRIBE. */
#define SUBSCRIBE_MAX 32

static uint32_t bucket_of(const char *topic) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (; *topic; topic++) hash = (hash ^ (uint8_t)*topic) * 16777619u;
  return hash % FILTER_BUCKETS;
}

static mqtt_filter *find(mqtt_broker *broker, const char *topic) {
  mqtt_filter *filter = broker->buckets[bucket_of(topic)];
  while (filter && strcmp(filter->topic, topic) != 0) filter = filter->next;
  return filter;
}

static mqtt_filter *add(mqtt_broker *broker, const mqtt_point *point) {
  mqtt_filter *filter = calloc(1, sizeof *filter);
  if (!filter) return NULL;
  filter->topic = strdup(point->topic);
  if (!filter->topic) {
    free(filter);
    return NULL;
  }
  mqtt_filter **bucket = &broker->buckets[bucket_of(filter->topic)];
  filter->next = *bucket;
  *bucket = filter;
  if (point->has_wildcard) {
    filter->next_wildcard = broker->wildcards;
    broker->wildcards = filter;
  }
  return filter;
}

bool filter_join(mqtt_broker *broker, mqtt_point *point) {
  mqtt_filter *filter = find(broker, point->topic);
  if (!filter) filter = add(broker, point);
  if (!filter) return false;
  point->filter = filter;
  point->next_of_filter = filter->points;
  filter->points = point;
  if (point->qos > filter->qos) filter->qos = point->qos;
  /* Even if it is subscribed already: the broker sends retained messages again. */
  filter->state = FILTER_WANTED;
  broker->filters_changed = true;
  return true;
}

void filter_leave(mqtt_broker *broker, mqtt_point *point) {
  if (!point->filter) return;
  mqtt_point **at = &point->filter->points;
  while (*at != point) at = &(*at)->next_of_filter;
  *at = point->next_of_filter;
  if (!point->filter->points) broker->filters_changed = true;
  point->filter = NULL;
}

static void take_all(mqtt_filter *filter, void (*take)(mqtt_point *, void *), void *context) {
  for (mqtt_point *point = filter->points; point; point = point->next_of_filter)
    take(point, context);
}

void filter_match(mqtt_broker *broker, const char *topic, void (*take)(mqtt_point *, void *),
                  void *context) {
  mqtt_filter *exact = find(broker, topic);
  if (exact) take_all(exact, take, context);
  for (mqtt_filter *filter = broker->wildcards; filter; filter = filter->next_wildcard) {
    bool matches = false;
    if (mosquitto_topic_matches_sub(filter->topic, topic, &matches) == MOSQ_ERR_SUCCESS && matches)
      take_all(filter, take, context);
  }
}

void filter_forget(mqtt_broker *broker) {
  for (uint32_t i = 0; i < FILTER_BUCKETS; i++)
    for (mqtt_filter *filter = broker->buckets[i]; filter; filter = filter->next) {
      filter->state = FILTER_WANTED;
      filter->is_sent = false;
    }
  broker->filters_changed = true;
}

static void unlink_wildcard(mqtt_broker *broker, mqtt_filter *filter) {
  for (mqtt_filter **at = &broker->wildcards; *at; at = &(*at)->next_wildcard) {
    if (*at != filter) continue;
    *at = filter->next_wildcard;
    return;
  }
}

static void filter_free(mqtt_filter *filter) {
  free(filter->topic);
  free(filter);
}

void filter_free_all(mqtt_broker *broker) {
  for (uint32_t i = 0; i < FILTER_BUCKETS; i++) {
    while (broker->buckets[i]) {
      mqtt_filter *filter = broker->buckets[i];
      broker->buckets[i] = filter->next;
      filter_free(filter);
    }
  }
  broker->wildcards = NULL;
}

bool filter_settled(const mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) {
    const mqtt_filter *filter = device->points[i].filter;
    if (filter && filter->state != FILTER_GRANTED && filter->state != FILTER_REFUSED) return false;
  }
  return true;
}

/* Takes the filters that no point waits on out of the tables, as a list. */
static mqtt_filter *take_unused(mqtt_broker *broker) {
  mqtt_filter *unused = NULL;
  for (uint32_t i = 0; i < FILTER_BUCKETS; i++) {
    for (mqtt_filter **at = &broker->buckets[i]; *at;) {
      mqtt_filter *filter = *at;
      if (filter->points) {
        at = &filter->next;
        continue;
      }
      *at = filter->next;
      unlink_wildcard(broker, filter);
      filter->next = unused;
      unused = filter;
    }
  }
  return unused;
}

/* Fills one packet with filters that want the same QoS. */
static int take_wanted(mqtt_broker *broker, mqtt_filter *batch[SUBSCRIBE_MAX], int *qos) {
  int count = 0;
  for (uint32_t i = 0; i < FILTER_BUCKETS && count < SUBSCRIBE_MAX; i++) {
    mqtt_filter *filter = broker->buckets[i];
    for (; filter && count < SUBSCRIBE_MAX; filter = filter->next) {
      if (filter->state != FILTER_WANTED || (count > 0 && filter->qos != *qos)) continue;
      *qos = filter->qos;
      filter->state = FILTER_ASKED;
      filter->is_sent = true;
      filter->mid = 0;
      filter->slot = count;
      batch[count++] = filter;
    }
  }
  return count;
}

static int subscribe(mqtt_broker *broker, mqtt_filter **batch, int count, int qos) {
  char *topics[SUBSCRIBE_MAX];
  for (int i = 0; i < count; i++) topics[i] = batch[i]->topic;
  int mid = 0;
  int error = mosquitto_subscribe_multiple(broker->client, &mid, count, topics, qos, 0, NULL);
  pthread_mutex_lock(&broker->lock);
  for (int i = 0; i < count; i++)
    if (batch[i]->state == FILTER_ASKED) batch[i]->mid = mid;
  pthread_mutex_unlock(&broker->lock);
  return error;
}

int filter_sync(mqtt_broker *broker) {
  pthread_mutex_lock(&broker->lock);
  bool changed = broker->filters_changed;
  broker->filters_changed = false;
  mqtt_filter *unused = changed ? take_unused(broker) : NULL;
  pthread_mutex_unlock(&broker->lock);

  int error = MOSQ_ERR_SUCCESS;
  while (unused) {
    mqtt_filter *filter = unused;
    unused = filter->next;
    if (!error && filter->is_sent)
      error = mosquitto_unsubscribe(broker->client, NULL, filter->topic);
    filter_free(filter);
  }
  while (changed && !error) {
    mqtt_filter *batch[SUBSCRIBE_MAX];
    int qos = 0;
    pthread_mutex_lock(&broker->lock);
    int count = take_wanted(broker, batch, &qos);
    pthread_mutex_unlock(&broker->lock);
    if (count == 0) break;
    error = subscribe(broker, batch, count, qos);
  }
  return error;
}

void filter_answered(mqtt_broker *broker, int mid, int count, const int *granted) {
  for (uint32_t i = 0; i < FILTER_BUCKETS; i++) {
    for (mqtt_filter *filter = broker->buckets[i]; filter; filter = filter->next) {
      if (filter->state != FILTER_ASKED || filter->mid != mid || filter->slot >= count) continue;
      filter->state = granted[filter->slot] > 2 ? FILTER_REFUSED : FILTER_GRANTED;
    }
  }
}
