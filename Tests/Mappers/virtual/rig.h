/* SPDX-License-Identifier: Apache-2.0
 *
 * A virtual device, for the tests.
 */
#ifndef TESTS_VIRTUAL_RIG_H
#define TESTS_VIRTUAL_RIG_H

#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"
#include "process.h"

typedef struct rig {
  mapper_host *host;
  fake_points points;
  fake_device device;
} rig;

/* Makes a device out of the points added so far and opens it. */
bool rig_open(rig *rig, const char *settings);
/* The same with two points: 0 is settable, *fault is a fault. */
bool rig_open_with_fault(rig *rig, const char *settings, uint32_t *fault);
void rig_close(rig *rig);

/* One point's value; the read has to succeed. */
mapper_value read_value(rig *rig, uint32_t id);
mapper_status write_value(rig *rig, uint32_t id, mapper_value value);
/* Sets a fault. */
mapper_status arm(rig *rig, uint32_t id, const char *fault);

#endif
