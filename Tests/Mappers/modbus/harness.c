/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "harness.h"

#include <stdlib.h>

mapper_host *the_host(void) {
  static mapper_host *loaded;
  if (!loaded) loaded = fake_host_load(MAPPER_LIBRARY);
  if (!loaded) exit(1);
  return loaded;
}

const mapper_driver *the_driver(void) {
  const mapper_driver *driver = fake_host_driver(the_host(), "modbus");
  if (!driver) exit(1);
  return driver;
}

mapper_sample read_one(fake_device *device, uint32_t id) {
  mapper_status status = fake_device_read(device, &id, 1, 20000);
  mapper_sample sample = device->samples[0];
  if (status != MAPPER_OK) sample.status = MAPPER_INTERNAL;
  return sample;
}

mapper_status write_one(fake_device *device, uint32_t id, mapper_value value) {
  mapper_write write = {id, 0, value};
  mapper_status status = fake_device_write(device, &write, 1, 20000);
  return status == MAPPER_OK ? device->results[0] : status;
}

bool start_device(fake_device *device, const char *settings, const fake_points *points) {
  mapper_status status = fake_device_bind(device, the_host(), the_driver(), settings, points);
  if (!CHECK_INT(status, MAPPER_OK)) {
    CHECK_TEXT(fake_call_text(device->call), "");
    return false;
  }
  for (uint32_t i = 0; i < points->count; i++)
    if (!CHECK_INT(device->results[i], MAPPER_OK)) CHECK_TEXT(fake_call_item(device->call, i), "");
  return CHECK_INT(fake_device_open(device, 20000), MAPPER_OK);
}

void set_float(slave *slave, frame_space space, unsigned address, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  slave_set(slave, space, address, (uint16_t)(bits >> 16));
  slave_set(slave, space, address + 1, (uint16_t)bits);
}

const char *seen_text(slave *slave) {
  static char text[4096];
  size_t size = 0;
  text[0] = 0;
  for (int i = 0; i < slave_seen(slave) && size < sizeof text - 32; i++) {
    slave_request request = slave_request_at(slave, i);
    size += (size_t)snprintf(text + size, sizeof text - size, "%s%u %u %u", i ? ", " : "",
                             request.function, request.address, request.quantity);
  }
  return text;
}
