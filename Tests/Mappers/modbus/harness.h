/* SPDX-License-Identifier: Apache-2.0
 *
 * What the Modbus tests share: the loaded mapper, and a slave with devices on it.
 */
#ifndef TESTS_MODBUS_HARNESS_H
#define TESTS_MODBUS_HARNESS_H

#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"
#include "process.h"
#include "slave.h"

mapper_host *the_host(void);
const mapper_driver *the_driver(void);

/* Reads point `id` alone, with 2 s. Its status is INTERNAL if the whole call failed. */
mapper_sample read_one(fake_device *device, uint32_t id);
/* Writes one value, with 2 s: the status of the call if that failed, else of the point. */
mapper_status write_one(fake_device *device, uint32_t id, mapper_value value);

/* Binds and opens a device, all of whose points must be good. */
bool start_device(fake_device *device, const char *settings, const fake_points *points);

/* A float32 in two registers, highest first. */
void set_float(slave *slave, frame_space space, unsigned address, float value);

/* "3 0 124, 3 124 10": function, address and quantity of what the slave has seen. */
const char *seen_text(slave *slave);

#endif
