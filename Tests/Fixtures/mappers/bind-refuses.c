/* SPDX-License-Identifier: Apache-2.0
 *
 * Refuses what has the setting `refuse: true`: a device in create, a point in bind. The other
 * points work. `refuseAll: true` of the device refuses the set as a whole in bind.
 */
#include "fixture.h"

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  if (mapper_find_bool(settings, "refuse", false))
    return mapper_failf(fixture_api, call, MAPPER_INVALID, "setting refuse: true: expected false");
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status == MAPPER_OK) (*out)->amount = mapper_find_bool(settings, "refuseAll", false);
  return status;
}

static mapper_status bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  if (device->amount)
    return mapper_failf(fixture_api, call, MAPPER_INVALID,
                        "setting refuseAll: true: expected false");
  mapper_status status = fixture_bind(device, call, points, count, results);
  for (uint32_t i = 0; i < count && status == MAPPER_OK; i++)
    if (mapper_find_bool(&points[i].settings, "refuse", false))
      results[i] = mapper_fail_itemf(fixture_api, call, i, MAPPER_INVALID,
                                     "%s: setting refuse: true: expected false", points[i].name);
  return status;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "bind-refuses",
    .title = "Test mapper bind-refuses",
    .create = create,
    .bind = bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("bind-refuses", driver)
