/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read takes `lateMs` milliseconds (device setting, default 500), whatever deadline and
 * cancellation say, and then answers as if nothing had been. After `after` good reads.
 */
#include "fixture.h"

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status == MAPPER_OK) (*out)->amount = mapper_find_int(settings, "lateMs", 500);
  return status;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  if (fixture_is_time(device)) fixture_sleep(device->amount);
  return fixture_read(device, call, points, count, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "late",
    .title = "Test mapper late",
    .create = create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("late", driver)
