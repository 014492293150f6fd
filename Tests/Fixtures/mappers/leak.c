/* SPDX-License-Identifier: Apache-2.0
 *
 * Each read takes `megabytes` (device setting, default 8), writes to all of it, and never gives it
 * back. After `after` good reads (device setting, default 0).
 */
#include "fixture.h"

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status == MAPPER_OK) (*out)->amount = mapper_find_int(settings, "megabytes", 8);
  return status;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  size_t size = (size_t)device->amount << 20;
  char *lost = fixture_is_time(device) ? malloc(size) : NULL;
  /* Page by page and by a volatile pointer: what nobody looks at is not even taken. */
  for (size_t i = 0; lost && i < size; i += 4096) ((volatile char *)lost)[i] = 1;
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "leak",
    .title = "Test mapper leak",
    .device_schema = "{\"type\": \"object\"}",
    .create = create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("leak", driver)
