/* SPDX-License-Identifier: Apache-2.0
 *
 * Its load never returns.
 */
#include "fixture.h"

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  fixture_load(host, api);
  while (fixture_api == api) fixture_sleep(3600000);
  return MAPPER_OK;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "hang-in-load",
    .title = "Test mapper hang-in-load",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "hang-in-load",
    .version = "1.0.0",
    .load = load,
    .driver = driver_at,
};
