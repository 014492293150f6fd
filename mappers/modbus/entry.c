/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"

const mapper_host_api *api;

static mapper_status load(mapper_host *host, const mapper_host_api *table) {
  (void)host;
  api = table;
  return MAPPER_OK;
}

static const mapper_driver *driver(uint32_t index) { return index == 0 ? &modbus_driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "modbus",
    .version = "0.1.0",
    .load = load,
    .driver = driver,
};
