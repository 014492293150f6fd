/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read computes for ever, whatever deadline and cancellation say. After `after` good reads
 * (device setting, default 0).
 */
#include "fixture.h"

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  volatile uint64_t turns = 0;
  while (fixture_is_time(device)) turns++;
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "endless-loop",
    .title = "Test mapper endless-loop",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("endless-loop", driver)
