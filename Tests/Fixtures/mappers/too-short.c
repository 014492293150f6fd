/* SPDX-License-Identifier: Apache-2.0
 *
 * To be refused: its entry table says that it ends before `driver`, which is required. What follows
 * would abort, if anybody called it.
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
    .size = offsetof(mapper_entry_v1, driver),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "too-short",
    .version = "1.0.0",
    .load = load,
    .driver = driver_at,
};
