/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read writes bytes that mean nothing to descriptor 3, which is the host's own. After `after`
 * good reads (device setting, default 0).
 */
#include "fixture.h"

#include <unistd.h>

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  static const unsigned char garbage[64] = {0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x55};
  if (fixture_is_time(device) && write(3, garbage, sizeof garbage) < 0) fixture_sleep(1);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "garbage",
    .title = "Test mapper garbage",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("garbage", driver)
