/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a device, which is to wait until it is connected and subscribed, and closing it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mqtt.h"

/* An open that finds the broker down makes the next attempt come sooner, but not sooner than this
 * after the last: a thousand devices do not make a thousand attempts. */
#define ATTEMPT_GAP (500 * MS)

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
  device->link_told = device->link_now = LINK_UP;
  int64_t soonest = broker->attempted_ns + ATTEMPT_GAP;
  if (broker->attempt_ns > soonest) broker->attempt_ns = soonest;
}

/* Each open begins without values, and waits on its topics. Called with the lock held. */
static bool join_filters(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) {
    mqtt_point *point = &device->points[i];
    point->has_message = point->is_stale = point->is_doubtful = false;
    point->seen_connection = point->live_connection = 0;
    point->is_subscribed = false;
    point->reported_ns = 0;
    bool is_read = point->is_bound && point->watch.topic;
    if (is_read && !filter_join(device->broker, &point->watch)) return false;
  }
  return availability_join(device);
}

void device_close(mapper_device *device) {
  mqtt_broker *broker = device->broker;
  pthread_mutex_lock(&broker->lock);
  if (device->is_attached) {
    device->is_attached = device->is_open = device->is_reporting = false;
    report_wait(device);
    report_unqueue(device);
    report_clean(device);
    for (uint32_t i = 0; i < device->count; i++) filter_leave(broker, &device->points[i].watch);
    availability_leave(device);
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
    const mqtt_watch *watch = &device->points[i].watch;
    *wanted += watch->filter != NULL;
    refused += filter_is_refused(watch);
  }
  return refused;
}

/* Whether open has come to its end, and how. Called with the lock held. */
static bool is_decided(mapper_device *device, uint32_t failures, mapper_status *status) {
  mqtt_broker *broker = device->broker;
  *status = MAPPER_OK;
  if (broker->state == BROKER_UP && device->unsettled == 0) {
    uint32_t wanted;
    if (count_refused(device, &wanted) == wanted && wanted > 0) *status = MAPPER_DENIED;
    device->is_open = *status == MAPPER_OK;
    device_update_link(device); /* it may be away already */
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

mapper_status device_open(mapper_device *device, const mapper_call *call) {
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
  if (status != MAPPER_OK) device_close(device);
  return status;
}
