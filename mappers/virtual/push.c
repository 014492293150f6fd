/* SPDX-License-Identifier: Apache-2.0
 *
 * mapper.subscribe/1 for devices with `push: true`: a thread of their own reports.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "virtual.h"

/* How long a point waits after the host was busy. */
#define BUSY_NS ((int64_t)50000000)

/* Sleeps until `time_ns` or until stop. Called with the lock held. */
static void wait_until(mapper_device *device, int64_t time_ns) {
  struct timespec time = {.tv_sec = time_ns / 1000000000, .tv_nsec = time_ns % 1000000000};
  while (!device->stopping && virtual_now_ns() < time_ns)
    if (pthread_cond_timedwait(&device->wake, &device->lock, &time) == ETIMEDOUT) break;
}

/* Puts the points that are due into `points` and sets their next time. Called with the lock held.
 */
static uint32_t take_due(mapper_device *device, uint32_t *points, int64_t *next_ns) {
  int64_t now = virtual_now_ns();
  uint32_t count = 0;
  *next_ns = INT64_MAX;
  for (uint32_t i = 0; i < device->count; i++) {
    virtual_point *point = &device->points[i];
    if (!point->pushed) continue;
    if (point->due_ns <= now) {
      int64_t cycle =
          point->cycle_ns > device->min_interval_ns ? point->cycle_ns : device->min_interval_ns;
      points[count++] = i;
      point->due_ns += cycle * ((now - point->due_ns) / cycle + 1); /* missed ones are skipped */
    }
    if (point->due_ns < *next_ns) *next_ns = point->due_ns;
  }
  return count;
}

/* A fault that is armed for reads strikes reports too. Called with the lock held, which it lets go
 * meanwhile. */
static void strike(mapper_device *device, uint32_t count) {
  virtual_fault fault = device->faults[ON_READ];
  if (fault.kind == FAULT_DELAY)
    wait_until(device, virtual_now_ns() + (int64_t)fault.amount * 1000000);
  pthread_mutex_unlock(&device->lock);
  virtual_fault_strike_process(&fault);
  pthread_mutex_lock(&device->lock);
  if (fault.kind != FAULT_ERROR) return;
  uint32_t size = (uint32_t)virtual_fault_print(&fault, device->fault_text);
  for (uint32_t i = 0; i < count; i++) {
    device->samples[i].status = fault.status;
    device->samples[i].value = mapper_data(MAPPER_TYPE_TEXT, device->fault_text, size);
  }
}

static void *push(void *argument) {
  mapper_device *device = argument;
  uint32_t *points = calloc(device->count, sizeof *points);
  if (!points) {
    mapper_logf(virtual_api, virtual_host, MAPPER_LOG_ERROR, "no memory to push values");
    return NULL;
  }
  pthread_mutex_lock(&device->lock);
  while (!device->stopping) {
    int64_t next;
    uint32_t count = take_due(device, points, &next);
    mapper_status status = MAPPER_OK;
    if (count) {
      status = virtual_collect(device, points, count, device->samples, &device->push_scratch);
      if (status == MAPPER_OK) strike(device, count);
      if (device->stopping) break;
    }
    if (count && status == MAPPER_OK) {
      pthread_mutex_unlock(&device->lock);
      status = virtual_api->report(virtual_host, device->subscription, device->samples, count);
      pthread_mutex_lock(&device->lock);
    }
    if (status == MAPPER_CLOSED) break;
    if (status == MAPPER_BUSY) {
      int64_t again = virtual_now_ns() + BUSY_NS;
      for (uint32_t i = 0; i < count; i++) {
        virtual_point *point = &device->points[points[i]];
        if (again < point->due_ns) point->due_ns = again;
        if (again < next) next = again;
      }
    }
    wait_until(device, next);
  }
  pthread_mutex_unlock(&device->lock);
  free(points);
  return NULL;
}

/* A thread inherits the mask of signals, so they are blocked while it is made. */
static int start_thread(mapper_device *device) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&device->thread, NULL, push, device);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* Says who is pushed, from now on. Called with the lock held. */
static void choose(mapper_device *device, const uint32_t *points, uint32_t count,
                   const mapper_status *results) {
  int64_t now = virtual_now_ns();
  for (uint32_t i = 0; i < device->count; i++) device->points[i].pushed = false;
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] != MAPPER_OK) continue;
    device->points[points[i]].pushed = true;
    device->points[points[i]].due_ns = now;
  }
}

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  bool any = false;
  for (uint32_t i = 0; i < count; i++) {
    bool known = points[i] < device->count && device->points[points[i]].kind != KIND_NONE;
    results[i] = !device->push ? MAPPER_UNSUPPORTED : known ? MAPPER_OK : MAPPER_NOT_FOUND;
    any = any || results[i] == MAPPER_OK;
  }
  if (!any) return MAPPER_OK; /* every point is left to read */

  pthread_mutex_lock(&device->lock);
  bool running = device->running;
  if (!running) {
    choose(device, points, count, results);
    device->subscription = subscription;
    device->min_interval_ns = min_interval_ms * (int64_t)1000000;
    device->stopping = false;
  }
  pthread_mutex_unlock(&device->lock);
  if (running)
    return mapper_failf(virtual_api, call, MAPPER_INVALID, "there is a subscription already");

  int error = start_thread(device);
  if (error)
    return mapper_failf(virtual_api, call, MAPPER_NO_MEMORY, "cannot start a thread: error %d",
                        error);
  pthread_mutex_lock(&device->lock);
  device->running = true;
  pthread_mutex_unlock(&device->lock);
  return MAPPER_OK;
}

static void stop(mapper_device *device, uint64_t subscription) {
  pthread_mutex_lock(&device->lock);
  bool join = device->running && device->subscription == subscription;
  if (join) {
    device->running = false;
    device->stopping = true;
    pthread_cond_signal(&device->wake);
  }
  pthread_mutex_unlock(&device->lock);
  if (join) pthread_join(device->thread, NULL);
}

const mapper_subscribe virtual_subscribe = {
    .size = sizeof(mapper_subscribe),
    .start = start,
    .stop = stop,
};
