/* SPDX-License-Identifier: Apache-2.0
 *
 * What the network thread tells the host: samples and link states.
 *
 * Nothing is queued but the latest value of each point: when the host is busy, or the minimum
 * interval is not over, a newer one takes its place.
 */
#define _GNU_SOURCE
#include "mqtt.h"

#define BUSY_FIRST (20 * MS)
#define BUSY_LAST (1000 * MS)

void report_queue(mapper_device *device) {
  if (device->is_queued) return;
  mqtt_broker *broker = device->broker;
  device->is_queued = true;
  device->next_work = NULL;
  *broker->work_end = device;
  broker->work_end = &device->next_work;
}

void report_unqueue(mapper_device *device) {
  if (!device->is_queued) return;
  mqtt_broker *broker = device->broker;
  mapper_device **at = &broker->work;
  while (*at != device) at = &(*at)->next_work;
  *at = device->next_work;
  if (!*at) broker->work_end = at;
  device->is_queued = false;
}

void report_at(mapper_device *device, int64_t time_ns) {
  if (time_ns < device->due_ns) device->due_ns = time_ns;
  if (time_ns < device->broker->due_ns) device->broker->due_ns = time_ns;
}

static void append_dirty(mqtt_point *point) {
  mapper_device *device = point->watch.device;
  point->is_dirty = true;
  point->next_dirty = NULL;
  *device->dirty_end = point;
  device->dirty_end = &point->next_dirty;
}

void report_dirty(mqtt_point *point) {
  mapper_device *device = point->watch.device;
  if (!device->is_reporting || !point->is_subscribed) return;
  if (!point->is_dirty) append_dirty(point);
  report_queue(device);
}

void report_clean(mapper_device *device) {
  for (mqtt_point *point = device->dirty; point; point = point->next_dirty) point->is_dirty = false;
  device->dirty = NULL;
  device->dirty_end = &device->dirty;
}

void report_wait(mapper_device *device) {
  mqtt_broker *broker = device->broker;
  if (pthread_equal(pthread_self(), broker->thread)) return; /* the host calls from within */
  while (broker->current == device) pthread_cond_wait(&broker->idle, &broker->lock);
}

/* Takes the samples that may go out now off the list. What they point to stays as it is, since only
 * this thread changes it. */
static uint32_t gather(mapper_device *device, int64_t now) {
  uint32_t count = 0;
  if (!device->is_reporting) return 0;
  mqtt_point *next = device->dirty;
  report_clean(device);
  for (mqtt_point *point = next; point; point = next) {
    next = point->next_dirty;
    int64_t due = point->reported_ns + device->min_interval;
    if (due < device->busy_until_ns) due = device->busy_until_ns;
    if (due <= now) {
      device->samples[count++] = message_sample(point);
      point->reported_ns = now;
    } else {
      append_dirty(point);
      report_at(device, due);
    }
  }
  return count;
}

/* The host was busy: the samples are to be sent again, with what is the latest by then. */
static void put_back(mapper_device *device, uint32_t count, int64_t now) {
  device->busy_wait = device->busy_wait ? 2 * device->busy_wait : BUSY_FIRST;
  if (device->busy_wait > BUSY_LAST) device->busy_wait = BUSY_LAST;
  device->busy_until_ns = now + device->busy_wait;
  for (uint32_t i = 0; i < count; i++) {
    mqtt_point *point = &device->points[device->samples[i].point];
    point->reported_ns = 0;
    if (!point->is_dirty) append_dirty(point);
  }
  report_at(device, device->busy_until_ns);
}

/* Reports what is due. Called with the lock held, which it lets go for the calls to the host. */
static void report_samples(mapper_device *device) {
  mqtt_broker *broker = device->broker;
  int64_t now = mqtt_now_ns();
  uint32_t count = gather(device, now);
  uint64_t subscription = device->subscription;
  if (count == 0) return;
  pthread_mutex_unlock(&broker->lock);
  mapper_status answer = mqtt_api->report(mqtt_host, subscription, device->samples, count);
  if (answer != MAPPER_OK && answer != MAPPER_BUSY && answer != MAPPER_CLOSED)
    mapper_logf(mqtt_api, mqtt_host, MAPPER_LOG_ERROR, "the host refused a report: status %d",
                (int)answer);
  pthread_mutex_lock(&broker->lock);
  if (!device->is_reporting || device->subscription != subscription) return;
  if (answer == MAPPER_CLOSED)
    device->is_reporting = false;
  else if (answer == MAPPER_BUSY)
    put_back(device, count, now);
  else
    device->busy_wait = 0;
}

void device_update_link(mapper_device *device) {
  bool is_lost = device->broker->state != BROKER_UP || device->unsettled > 0;
  device_link now = is_lost ? LINK_LOST : availability_is_away(device) ? LINK_AWAY : LINK_UP;
  bool is_back = device->link_now == LINK_AWAY && now == LINK_UP;
  device->link_now = now;
  if (!device->is_open) return;
  /* The host holds the values for old since it was told that the device is away. */
  for (uint32_t i = 0; is_back && i < device->count; i++)
    if (device->points[i].has_message) report_dirty(&device->points[i]);
  if (now != device->link_told) report_queue(device);
}

/* Tells a change of the link. Called with the lock held, which it lets go for the call. */
static void report_link(mapper_device *device) {
  mqtt_broker *broker = device->broker;
  if (!device->is_open || device->link_now == device->link_told) return;
  device->link_told = device->link_now;
  char text[TEXT_MAX] = "";
  mapper_status why = MAPPER_OK;
  if (device->link_now == LINK_LOST) {
    why = broker->failure;
    memcpy(text, broker->failure_text, sizeof text);
  } else if (device->link_now == LINK_AWAY) {
    why = MAPPER_UNAVAILABLE;
    snprintf(text, sizeof text, "%s", availability_text(device));
  }
  int32_t state = device->link_now == LINK_UP ? MAPPER_LINK_UP : MAPPER_LINK_DOWN;
  pthread_mutex_unlock(&broker->lock);
  mqtt_api->link(mqtt_host, device->token, state, why, text, strlen(text));
  pthread_mutex_lock(&broker->lock);
}

void report_work(mqtt_broker *broker) {
  pthread_mutex_lock(&broker->lock);
  while (broker->work) {
    mapper_device *device = broker->work;
    report_unqueue(device);
    broker->current = device;
    report_link(device);
    report_samples(device);
    broker->current = NULL;
    pthread_cond_broadcast(&broker->idle);
  }
  pthread_mutex_unlock(&broker->lock);
}

/* Marks the values that are too old. */
static void look_for_stale(mapper_device *device, int64_t now) {
  if (!device->stale_after) return;
  for (uint32_t i = 0; i < device->count; i++) {
    mqtt_point *point = &device->points[i];
    if (!point->watch.topic || !point->has_message || point->is_stale) continue;
    int64_t end = point->arrived_ns + device->stale_after;
    if (end > now) {
      report_at(device, end);
      continue;
    }
    point->is_stale = true;
    report_dirty(point);
  }
}

void report_timers(mqtt_broker *broker, int64_t now) {
  pthread_mutex_lock(&broker->lock);
  bool is_due = broker->due_ns <= now;
  if (is_due) {
    broker->due_ns = INT64_MAX;
    for (mapper_device *device = broker->devices; device; device = device->next) {
      if (device->due_ns <= now) {
        device->due_ns = INT64_MAX;
        look_for_stale(device, now);
        if (device->dirty) report_queue(device);
      }
      if (device->due_ns < broker->due_ns) broker->due_ns = device->due_ns;
    }
  }
  pthread_mutex_unlock(&broker->lock);
  if (is_due) report_work(broker);
}
