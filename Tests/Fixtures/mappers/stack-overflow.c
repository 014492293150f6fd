/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read calls itself until the stack is full. After `after` good reads (device setting, default
 * 0).
 */
#include "fixture.h"

/* The array, and work after the call, keep the compiler from making a loop of it. */
static int dig(volatile int depth) {
  volatile char room[4096];
  room[0] = (char)depth;
  int sum = depth >= 0 ? dig(depth + 1) : 0;
  return sum + room[0];
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  if (fixture_is_time(device)) dig(0);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "stack-overflow",
    .title = "Test mapper stack-overflow",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("stack-overflow", driver)
