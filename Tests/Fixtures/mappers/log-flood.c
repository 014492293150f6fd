/* SPDX-License-Identifier: Apache-2.0
 *
 * Each read writes 2000 lines to the log, and as many to standard output.
 */
#include "fixture.h"

#include <stdio.h>

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  for (int i = 0; i < 2000; i++) {
    mapper_logf(fixture_api, fixture_host, MAPPER_LOG_INFO, "a line of the log, number %d", i);
    printf("a line that is printed, number %d\n", i);
  }
  fflush(stdout);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "log-flood",
    .title = "Test mapper log-flood",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("log-flood", driver)
