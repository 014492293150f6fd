/* SPDX-License-Identifier: Apache-2.0
 *
 * A device of the mqtt mapper on a broker, for the tests.
 */
#ifndef TESTS_MQTT_RIG_H
#define TESTS_MQTT_RIG_H

#include "broker.h"
#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"
#include "process.h"

typedef struct rig {
  mapper_host *host;
  fake_points points;
  fake_device device;
} rig;

/* create and bind; `settings` beside the broker's address. */
mapper_status rig_bind(rig *rig, const char *url, const char *settings);
/* The same, and open. */
bool rig_open(rig *rig, const char *url, const char *settings);
/* Another device of the same points beside it. */
bool rig_add(rig *rig, fake_device *device, const fake_points *points, const char *url,
             const char *settings);
void rig_close(rig *rig);

/* One point's sample. */
mapper_sample rig_read(rig *rig, uint32_t id);
mapper_status rig_write(rig *rig, uint32_t id, mapper_value value, int timeout_ms);

/* Starts subscription 77 over all points. */
mapper_status rig_subscribe(rig *rig, uint32_t min_interval_ms);
void rig_unsubscribe(rig *rig);

/* Waits until point `id` reads with this status. */
bool rig_wait_status(rig *rig, uint32_t id, mapper_status status, int timeout_ms);

/* Waits until the mapper has logged a line with this text. */
/* Waits until a read of the point gives `value`. */
bool rig_wait_int(rig *rig, uint32_t id, int64_t value, int timeout_ms);
bool rig_wait_log(rig *rig, const char *text, int timeout_ms);
/* Waits until a read as a whole ends so, with this text. */
bool rig_wait_read(rig *rig, mapper_status status, const char *text, int timeout_ms);

mapper_value text_value(const char *text);

#endif
