/* SPDX-License-Identifier: Apache-2.0
 *
 * Each read starts `count` processes (device setting, default 20), each in a session of its own,
 * which sleep for a minute. A point reads as the number of the last one, or as a negative errno
 * when it could not be started. After 20 reads there are no more. After `after` good reads (device
 * setting, default 0).
 */
#define _GNU_SOURCE
#include "fixture.h"

#include <errno.h>
#include <unistd.h>

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status == MAPPER_OK) (*out)->amount = mapper_find_int(settings, "count", 20);
  return status;
}

static int64_t start(void) {
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child > 0) return child;
  setsid();
  for (int descriptor = 0; descriptor < 64; descriptor++) close(descriptor);
  struct timespec minute = {.tv_sec = 60};
  nanosleep(&minute, NULL);
  _exit(0);
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  static int64_t last;
  bool is_time = fixture_is_time(device) && device->reads < device->after + 20;
  for (int64_t i = 0; is_time && i < device->amount; i++) last = start();
  mapper_status status = fixture_read(device, call, points, count, out);
  for (uint32_t i = 0; i < count; i++) out[i].value = mapper_int(MAPPER_TYPE_I64, last);
  return status;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "fork-bomb",
    .title = "Test mapper fork-bomb",
    .device_schema = "{\"type\": \"object\"}",
    .create = create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("fork-bomb", driver)
