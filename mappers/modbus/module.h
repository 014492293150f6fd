/* SPDX-License-Identifier: Apache-2.0
 *
 * What the host gave at load. Set once, before there is any device.
 */
#ifndef MODBUS_MODULE_H
#define MODBUS_MODULE_H

#include "mapper/ext/discovery.h"
#include "mapper/ext/methods.h"
#include "mapper/mapper.h"

extern const mapper_host_api *api;

extern const mapper_driver modbus_driver;
extern const mapper_methods modbus_methods;
extern const mapper_discovery modbus_discovery;

#endif
