/* SPDX-License-Identifier: Apache-2.0
 *
 * A device: one unit on a line, its points, and the plans by which they are read.
 */
#ifndef MODBUS_DEVICE_H
#define MODBUS_DEVICE_H

#include "line.h"
#include "plan.h"

struct mapper_device {
  device_settings settings;
  line *line;
  const point_list *points; /* null: none are bound yet */
  bool *is_apart;           /* by id, see plan_make; null: no point is */
  plan *plans; /* the last used one first; each list of points that the host reads has one */
  uint32_t plan_count;
  bool lacks_mask_write; /* it refused function 22 since it was opened */
  int64_t split_ns;      /* when points were last set apart; 0: none is */
};

/* The plan for this list of points; null: out of memory. */
plan *device_plan(mapper_device *device, const uint32_t *ids, uint32_t count);

/* Drops all plans: points have been set apart. */
void device_forget_plans(mapper_device *device);

/* Whether a request begins with this point. For want of memory it stays as it is, and the device
 * refuses once more. */
void device_set_apart(mapper_device *device, uint32_t id, bool is_apart);

/* No point is apart any more: what the device refused, it may allow now. */
void device_join_points(mapper_device *device);

mapper_status device_read(mapper_device *device, const mapper_call *call, const uint32_t *ids,
                          uint32_t count, mapper_sample *out);
mapper_status device_write(mapper_device *device, const mapper_call *call,
                           const mapper_write *writes, uint32_t count, mapper_status *results);

/* Asks once, within the device's time limit. OK: an answer, or an exception in it. */
mapper_status device_ask(mapper_device *device, const mapper_call *call,
                         const frame_request *request, frame_answer *answer);

/* What a Modbus exception means to the host. */
mapper_status device_exception(uint8_t exception);

#endif
