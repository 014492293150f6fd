/* SPDX-License-Identifier: Apache-2.0
 *
 * Each read starts 200 threads with small stacks, which wait. After 20 reads there are no more.
 * After `after` good reads (device setting, default 0).
 */
#include "fixture.h"

#include <pthread.h>

static void *wait_for_nothing(void *argument) {
  fixture_sleep(60000);
  return argument;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  bool is_time = fixture_is_time(device) && device->reads < device->after + 20;
  pthread_t thread;
  for (int i = 0; is_time && i < 200; i++)
    if (pthread_create(&thread, &small, wait_for_nothing, NULL) == 0) pthread_detach(thread);
  pthread_attr_destroy(&small);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "thread-bomb",
    .title = "Test mapper thread-bomb",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("thread-bomb", driver)
