/* SPDX-License-Identifier: Apache-2.0
 *
 * A point: where a property lies in the device and how it is coded there.
 */
#ifndef MODBUS_POINT_H
#define MODBUS_POINT_H

#include "codec.h"
#include "frame.h"

typedef struct point {
  codec codec;
  uint16_t address;
  uint8_t space; /* frame_space */
  bool is_bound; /* false: its settings were refused */
} point;

static inline bool point_is_bits(const point *point) {
  return point->space <= SPACE_DISCRETE_INPUT;
}

/* Reads a point's settings. `max_registers` is what one request of the device may carry. */
bool point_parse(const mapper_point *given, uint16_t max_registers, point *out, problem *problem);

#endif
