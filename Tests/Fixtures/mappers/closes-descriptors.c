/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read closes every descriptor from 0 to 1023, as programs do before they become daemons. After
 * `after` good reads (device setting, default 0).
 */
#include "fixture.h"

#include <unistd.h>

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  for (int descriptor = 0; fixture_is_time(device) && descriptor < 1024; descriptor++)
    close(descriptor);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "closes-descriptors",
    .title = "Test mapper closes-descriptors",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("closes-descriptors", driver)
