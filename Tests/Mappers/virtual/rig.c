/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "rig.h"

bool rig_open(rig *rig, const char *settings) {
  rig->host = fake_host_load(MAPPER_LIBRARY);
  if (!rig->host) return false;
  const mapper_driver *driver = fake_host_driver(rig->host, "virtual");
  if (!driver) return false;
  if (fake_device_bind(&rig->device, rig->host, driver, settings, &rig->points) != MAPPER_OK)
    return false;
  return fake_device_open(&rig->device, 20000) == MAPPER_OK;
}

void rig_close(rig *rig) {
  if (rig->host) fake_device_free(&rig->device);
  if (rig->host) fake_host_unload(rig->host);
  fake_points_free(&rig->points);
}

mapper_value read_value(rig *rig, uint32_t id) {
  mapper_status status = fake_device_read(&rig->device, &id, 1, 20000);
  CHECK_INT(status, MAPPER_OK);
  CHECK_INT(rig->device.samples[0].status, MAPPER_OK);
  return rig->device.samples[0].value;
}

mapper_status write_value(rig *rig, uint32_t id, mapper_value value) {
  mapper_write write = {.point = id, .value = value};
  mapper_status status = fake_device_write(&rig->device, &write, 1, 20000);
  return status == MAPPER_OK ? rig->device.results[0] : status;
}

mapper_status arm(rig *rig, uint32_t id, const char *fault) {
  return write_value(rig, id, mapper_data(MAPPER_TYPE_TEXT, fault, (uint32_t)strlen(fault)));
}

bool rig_open_with_fault(rig *rig, const char *settings, uint32_t *fault) {
  fake_points_add(&rig->points, "value", MAPPER_TYPE_I64, "kind: settable");
  *fault = fake_points_add(&rig->points, "fault", MAPPER_TYPE_TEXT, "kind: fault");
  return rig_open(rig, settings);
}
