/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "fakehost.h"

enum { STEP_MS = 20000 };

mapper_status fake_device_bind_settings(fake_device *device, mapper_host *host,
                                        const mapper_driver *driver,
                                        const mapper_settings *settings,
                                        const fake_points *points) {
  static _Atomic uint64_t last_token; /* tests may bind on several threads */
  memset(device, 0, sizeof *device);
  device->token = ++last_token;
  device->driver = driver;
  device->count = points->count;
  device->call = fake_call_new(STEP_MS);
  device->results = calloc(points->count + 1, sizeof *device->results);
  device->samples = calloc(points->count + 1, sizeof *device->samples);
  device->ids = calloc(points->count + 1, sizeof *device->ids);
  if (!device->results || !device->samples || !device->ids) abort();
  for (uint32_t i = 0; i < points->count; i++) {
    device->ids[i] = i;
    device->results[i] = MAPPER_NOT_FILLED;
  }

  mapper_status status =
      driver->create(host, device->token, settings, device->call, &device->device);
  if (status != MAPPER_OK) return status;
  fake_call_again(device->call, STEP_MS);
  return driver->bind(device->device, device->call, points->items, points->count, device->results);
}

mapper_status fake_device_bind(fake_device *device, mapper_host *host, const mapper_driver *driver,
                               const char *settings, const fake_points *points) {
  mapper_settings given = fake_settings(settings);
  mapper_status status = fake_device_bind_settings(device, host, driver, &given, points);
  fake_settings_free(&given);
  return status;
}

mapper_status fake_device_open(fake_device *device, int timeout_ms) {
  fake_call_again(device->call, timeout_ms);
  mapper_status status = device->driver->open(device->device, device->call);
  device->is_open = status == MAPPER_OK;
  return status;
}

mapper_status fake_device_read(fake_device *device, const uint32_t *ids, uint32_t count,
                               int timeout_ms) {
  device->samples = realloc(device->samples, (count + 1) * sizeof *device->samples);
  if (!device->samples) abort();
  for (uint32_t i = 0; i < count; i++)
    device->samples[i] = (mapper_sample){.point = ids[i], .status = MAPPER_NOT_FILLED};
  fake_call_again(device->call, timeout_ms);
  return device->driver->read(device->device, device->call, ids, count, device->samples);
}

mapper_status fake_device_read_all(fake_device *device, int timeout_ms) {
  return fake_device_read(device, device->ids, device->count, timeout_ms);
}

mapper_status fake_device_write(fake_device *device, const mapper_write *writes, uint32_t count,
                                int timeout_ms) {
  device->results = realloc(device->results, (count + 1) * sizeof *device->results);
  if (!device->results) abort();
  for (uint32_t i = 0; i < count; i++) device->results[i] = MAPPER_NOT_FILLED;
  fake_call_again(device->call, timeout_ms);
  return device->driver->write(device->device, device->call, writes, count, device->results);
}

void fake_device_free(fake_device *device) {
  if (device->is_open) device->driver->close(device->device);
  if (device->device) device->driver->destroy(device->device);
  if (device->call) fake_call_free(device->call);
  free(device->results);
  free(device->samples);
  free(device->ids);
  memset(device, 0, sizeof *device);
}

bool is_text(mapper_value value, const char *text) {
  return value.type == MAPPER_TYPE_TEXT && value.count == strlen(text) &&
         memcmp(value.data, text, value.count) == 0;
}
