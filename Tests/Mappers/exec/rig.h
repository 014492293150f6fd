/* SPDX-License-Identifier: Apache-2.0
 *
 * A device behind a real program, for the tests.
 */
#ifndef TESTS_EXEC_RIG_H
#define TESTS_EXEC_RIG_H

#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"
#include "process.h"

typedef struct rig {
  mapper_host *host;
  fake_points points;
  fake_device device;
} rig;

/* Makes a device of the points added so far. `command` is the setting as one text. */
mapper_status rig_bind(rig *rig, const char *command, const char *settings);
/* And opens it, within 20 s. */
mapper_status rig_open(rig *rig, const char *command, const char *settings);
/* Also checks that no child is left. */
void rig_close(rig *rig);

/* Starts a subscription, number 7, over all points. */
mapper_status rig_subscribe(rig *rig);
/* Waits until a report of point `id` says this number, at most 30 s. */
bool rig_reports(rig *rig, uint32_t id, double number);

/* One point, read within 20 s: the call's status, or the item's. */
mapper_status rig_read(rig *rig, uint32_t id);
mapper_status rig_write(rig *rig, uint32_t id, mapper_value value);
/* Why the last call failed, as a whole or for its only item. */
const char *rig_why(rig *rig);

/* Waits until there is no such process, or only its zombie; at most 30 s. */
bool is_gone(long pid);
bool eventually(bool (*holds)(void *), void *context);

#endif
