/* SPDX-License-Identifier: Apache-2.0
 *
 * mapper.subscribe/1: what the program prints by itself goes to the host. On the program's thread.
 */
#define _POSIX_C_SOURCE 200809L
#include "exec.h"

/* How long to wait after the host was busy. */
#define BUSY_WAIT (50 * MS)

static void append_dirty(mapper_device *device, exec_point *point) {
  point->is_dirty = true;
  device->dirty[device->dirty_count++] = (uint32_t)(point - device->points);
}

void report_mark(mapper_device *device, exec_point *point) {
  point->has_reading = point->is_fresh = true;
  if (!device->has_subscription || !point->is_subscribed) return;
  if (point->is_dirty)
    device->replaced++;
  else
    append_dirty(device, point);
}

/* Takes the readings that may go out now off the list. What the samples point to stays as it is,
 * since only this thread changes it. */
static uint32_t gather(mapper_device *device, int64_t now, int64_t *next) {
  uint32_t count = 0, kept = 0;
  for (uint32_t i = 0; i < device->dirty_count; i++) {
    uint32_t id = device->dirty[i];
    exec_point *point = &device->points[id];
    int64_t due = point->reported_ns ? point->reported_ns + device->interval_ns : 0;
    if (due < device->busy_until_ns) due = device->busy_until_ns;
    if (due > now) {
      device->dirty[kept++] = id;
      if (due < *next) *next = due;
      continue;
    }
    point->is_dirty = false;
    point->reported_ns = now;
    device->samples[count++] = (mapper_sample){.point = id,
                                               .status = point->status,
                                               .quality = point->quality,
                                               .source_ns = point->source_ns,
                                               .value = point->value};
  }
  device->dirty_count = kept;
  return count;
}

static void clear_dirty(mapper_device *device) {
  for (uint32_t i = 0; i < device->dirty_count; i++)
    device->points[device->dirty[i]].is_dirty = false;
  device->dirty_count = 0;
}

/* The host was busy: the points are to be sent again, with what is the latest by then. */
static void put_back(mapper_device *device, uint32_t count, int64_t now) {
  device->busy_until_ns = now + BUSY_WAIT;
  for (uint32_t i = 0; i < count; i++) {
    exec_point *point = &device->points[device->samples[i].point];
    point->reported_ns = 0;
    if (!point->is_dirty) append_dirty(device, point);
  }
}

int64_t report_flush(mapper_device *device) {
  int64_t now = exec_now_ns(), next = INT64_MAX;
  pthread_mutex_lock(&device->lock);
  uint32_t count = device->has_subscription ? gather(device, now, &next) : 0;
  if (count > 0) {
    uint64_t subscription = device->subscription;
    device->is_reporting = true;
    pthread_mutex_unlock(&device->lock);
    mapper_status answer = exec_api->report(exec_host, subscription, device->samples, count);
    pthread_mutex_lock(&device->lock);
    device->is_reporting = false;
    pthread_cond_broadcast(&device->idle);
    bool is_same = device->has_subscription && device->subscription == subscription;
    if (is_same && answer == MAPPER_BUSY) {
      put_back(device, count, now);
      next = device->busy_until_ns;
    } else if (is_same && answer == MAPPER_CLOSED) {
      device->has_subscription = false;
      clear_dirty(device);
    }
  }
  pthread_mutex_unlock(&device->lock);
  return next;
}

/* ---- the extension ------------------------------------------------------------------------ */

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  mapper_status status = MAPPER_OK;
  char text[REASON_MAX];
  pthread_mutex_lock(&device->lock);
  bool is_push = device->settings.mode == MODE_PUSH;
  if (is_push && device->has_subscription) {
    status = MAPPER_INVALID;
    snprintf(text, sizeof text, "there is a subscription already");
  } else if (is_push && device->state != STREAM_RUNNING) {
    status = MAPPER_UNAVAILABLE;
    memcpy(text, device->failure_text, sizeof text);
  } else if (is_push) {
    device->subscription = subscription;
    device->has_subscription = true;
    device->interval_ns = min_interval_ms * MS;
    device->busy_until_ns = 0;
    for (uint32_t i = 0; i < device->count; i++) device->points[i].is_subscribed = false;
  }
  for (uint32_t i = 0; i < count && status == MAPPER_OK; i++) {
    exec_point *point = points[i] < device->count ? &device->points[points[i]] : NULL;
    bool is_bound = point && point->is_bound;
    results[i] = !is_push ? MAPPER_UNSUPPORTED : is_bound ? MAPPER_OK : MAPPER_NOT_FOUND;
    if (results[i] != MAPPER_OK) continue;
    point->is_subscribed = true;
    point->reported_ns = 0;
    if (point->has_reading && !point->is_dirty) append_dirty(device, point);
  }
  pthread_mutex_unlock(&device->lock);
  if (status != MAPPER_OK) return mapper_failf(exec_api, call, status, "%s", text);
  if (is_push) stream_wake(device);
  return MAPPER_OK;
}

static void stop(mapper_device *device, uint64_t subscription) {
  pthread_mutex_lock(&device->lock);
  if (device->has_subscription && device->subscription == subscription) {
    device->has_subscription = false;
    clear_dirty(device);
  }
  bool is_own = device->is_reporting && pthread_equal(pthread_self(), device->thread);
  while (device->is_reporting && !is_own && device->subscription == subscription)
    pthread_cond_wait(&device->idle, &device->lock);
  pthread_mutex_unlock(&device->lock);
}

const mapper_subscribe exec_subscribe = {
    .size = sizeof(mapper_subscribe),
    .start = start,
    .stop = stop,
};
