/* SPDX-License-Identifier: Apache-2.0
 *
 * To be refused: it is of another major of the ABI. Its functions abort, if anybody calls them.
 */
#include "fixture.h"

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  (void)host, (void)api;
  abort();
}

static const mapper_driver *driver_at(uint32_t index) {
  (void)index;
  abort();
}

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR + 1,
    .abi_minor = 0,
    .name = "wrong-major",
    .version = "1.0.0",
    .load = load,
    .driver = driver_at,
};
