/* SPDX-License-Identifier: Apache-2.0
 *
 * Its read answers OK, but leaves the samples as the host made them. Device setting `fill`: so many
 * at the beginning are filled all the same.
 */
#include "fixture.h"

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status == MAPPER_OK) (*out)->amount = mapper_find_int(settings, "fill", 0);
  return status;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  uint32_t filled = device->amount < count ? (uint32_t)device->amount : count;
  return fixture_read(device, call, points, filled, out);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "unfilled",
    .title = "Test mapper unfilled",
    .create = create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("unfilled", driver)
