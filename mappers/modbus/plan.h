/* SPDX-License-Identifier: Apache-2.0
 *
 * How a list of points is read in the fewest requests. Made once per list and used again.
 */
#ifndef MODBUS_PLAN_H
#define MODBUS_PLAN_H

#include "point_list.h"

/* One request and the items (of the plan's array) that its answer fills in. */
typedef struct plan_request {
  uint32_t first, count;
  uint16_t address, quantity;
  uint8_t function;
  bool has_blocks;          /* text or bytes among the items */
  int64_t hopeless_till_ns; /* no item could be read apart either: not tried again before then */
} plan_request;

typedef struct plan {
  struct plan *next;
  uint32_t *ids; /* the list that this plan is for, as given */
  uint32_t count;
  codec_item *items; /* in the order of the device's addresses */
  uint32_t item_count;
  plan_request *requests;
  uint32_t request_count;
  uint32_t *refused; /* slots whose id is not that of a bound point */
  uint32_t refused_count;
} plan;

typedef struct plan_limits {
  uint16_t max_gap, max_registers;
} plan_limits;

/* Null: out of memory. The plan points into `points`. `is_apart` says by id which points begin a
 * request, since the device refused to read them with what is below; null: none. */
plan *plan_make(const point_list *points, const bool *is_apart, const uint32_t *ids, uint32_t count,
                plan_limits limits);
void plan_free(plan *plan);

/* The request for items first … first + count - 1 of a plan, with their offsets set for its answer.
 * They lie in one space, and fit one request. */
plan_request plan_span(plan *plan, const point_list *points, uint32_t first, uint32_t count);

#endif
