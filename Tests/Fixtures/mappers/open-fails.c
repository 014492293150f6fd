/* SPDX-License-Identifier: Apache-2.0
 *
 * Its open fails `failures` times (device setting, default 2) as UNAVAILABLE, and then works.
 */
#include "fixture.h"

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status == MAPPER_OK) (*out)->amount = mapper_find_int(settings, "failures", 2);
  return status;
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  if (device->amount <= 0) return MAPPER_OK;
  device->amount--;
  return mapper_failf(fixture_api, call, MAPPER_UNAVAILABLE, "will fail %lld times more",
                      (long long)device->amount);
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "open-fails",
    .title = "Test mapper open-fails",
    .create = create,
    .bind = fixture_bind,
    .open = open_device,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("open-fails", driver)
