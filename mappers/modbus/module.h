/* SPDX-License-Identifier: Apache-2.0
 *
 * What the host gave at load. Set once, before there is any device.
 */
#ifndef MODBUS_MODULE_H
#define MODBUS_MODULE_H

#include "mapper/mapper.h"

extern const mapper_host_api *api;

extern const mapper_driver modbus_driver;

#endif
