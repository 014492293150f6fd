/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read never returns, whatever deadline and cancellation say. After `after` good reads (device
 * setting, default 0).
 */
#include "fixture.h"

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  while (fixture_is_time(device)) fixture_sleep(3600000);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "hang",
    .title = "Test mapper hang",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("hang", driver)
