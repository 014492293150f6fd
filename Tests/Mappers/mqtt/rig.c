/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "rig.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void join_settings(char *text, size_t size, const char *url, const char *settings) {
  snprintf(text, size, "broker: \"%s\", %s", url, settings);
}

mapper_status rig_bind(rig *rig, const char *url, const char *settings) {
  char all[512];
  join_settings(all, sizeof all, url, settings);
  if (!rig->host) rig->host = fake_host_load(MAPPER_LIBRARY);
  if (!rig->host) return MAPPER_INTERNAL;
  return fake_device_bind(&rig->device, rig->host, fake_host_driver(rig->host, "mqtt"), all,
                          &rig->points);
}

bool rig_open(rig *rig, const char *url, const char *settings) {
  return rig_bind(rig, url, settings) == MAPPER_OK &&
         fake_device_open(&rig->device, 20000) == MAPPER_OK;
}

bool rig_add(rig *rig, fake_device *device, const fake_points *points, const char *url,
             const char *settings) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the fake host counts tokens */
  char all[512];
  join_settings(all, sizeof all, url, settings);
  pthread_mutex_lock(&lock);
  mapper_status status =
      fake_device_bind(device, rig->host, fake_host_driver(rig->host, "mqtt"), all, points);
  pthread_mutex_unlock(&lock);
  return status == MAPPER_OK && fake_device_open(device, 20000) == MAPPER_OK;
}

void rig_close(rig *rig) {
  if (rig->host) fake_device_free(&rig->device);
  if (rig->host) fake_host_unload(rig->host);
  fake_points_free(&rig->points);
}

mapper_sample rig_read(rig *rig, uint32_t id) {
  mapper_status status = fake_device_read(&rig->device, &id, 1, 20000);
  CHECK_INT(status, MAPPER_OK);
  return rig->device.samples[0];
}

mapper_status rig_write(rig *rig, uint32_t id, mapper_value value, int timeout_ms) {
  mapper_write write = {.point = id, .value = value};
  mapper_status status = fake_device_write(&rig->device, &write, 1, timeout_ms);
  return status == MAPPER_OK ? rig->device.results[0] : status;
}

static const mapper_subscribe *subscribe_of(const rig *rig) {
  return rig->device.driver->query(MAPPER_EXT_SUBSCRIBE);
}

mapper_status rig_subscribe(rig *rig, uint32_t min_interval_ms) {
  fake_call_again(rig->device.call, 60000);
  return subscribe_of(rig)->start(rig->device.device, rig->device.call, 77, rig->device.ids,
                                  rig->device.count, min_interval_ms, rig->device.results);
}

void rig_unsubscribe(rig *rig) { subscribe_of(rig)->stop(rig->device.device, 77); }

bool rig_wait_status(rig *rig, uint32_t id, mapper_status status, int timeout_ms) {
  for (double end = now_ms() + timeout_ms; now_ms() < end; usleep(2000))
    if (rig_read(rig, id).status == status) return true;
  return false;
}

bool rig_wait_int(rig *rig, uint32_t id, int64_t value, int timeout_ms) {
  for (double end = now_ms() + timeout_ms; now_ms() < end; usleep(2000))
    if (rig_read(rig, id).value.i64 == value) return true;
  return false;
}

bool rig_wait_log(rig *rig, const char *text, int timeout_ms) {
  for (double end = now_ms() + timeout_ms; now_ms() < end; usleep(2000))
    if (fake_host_logged(rig->host, text)) return true;
  return false;
}

bool rig_wait_read(rig *rig, mapper_status status, const char *text, int timeout_ms) {
  for (double end = now_ms() + timeout_ms; now_ms() < end; usleep(2000))
    if (fake_device_read_all(&rig->device, 1000) == status) break;
  return CHECK_INT(fake_device_read_all(&rig->device, 1000), status) &&
         CHECK_TEXT(fake_call_text(rig->device.call), text);
}

mapper_value text_value(const char *text) {
  return mapper_data(MAPPER_TYPE_TEXT, text, (uint32_t)strlen(text));
}
