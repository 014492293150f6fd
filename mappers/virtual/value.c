/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions that make the values of points, and what may be written to them.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>

#include "virtual.h"

bool virtual_is_data(mapper_type type) {
  return type == MAPPER_TYPE_TEXT || type == MAPPER_TYPE_BYTES;
}

static bool is_signed(mapper_type type) {
  return type == MAPPER_TYPE_I8 || type == MAPPER_TYPE_I16 || type == MAPPER_TYPE_I32 ||
         type == MAPPER_TYPE_I64;
}

static bool is_unsigned(mapper_type type) {
  return type == MAPPER_TYPE_U8 || type == MAPPER_TYPE_U16 || type == MAPPER_TYPE_U32 ||
         type == MAPPER_TYPE_U64;
}

/* Width in bits of an integer type. */
static int width(mapper_type type) { return 8 << ((type - MAPPER_TYPE_I8) / 2); }

bool virtual_number_value(double number, mapper_type type, mapper_value *value) {
  if (type == MAPPER_TYPE_BOOL) {
    *value = mapper_bool(number != 0);
  } else if (type == MAPPER_TYPE_F32) {
    *value = mapper_float(type, (double)(float)number);
  } else if (type == MAPPER_TYPE_F64 || type == MAPPER_TYPE_NONE) {
    *value = mapper_float(MAPPER_TYPE_F64, number);
  } else if (is_signed(type)) {
    double limit = ldexp(1, width(type) - 1);
    number = round(number);
    if (!(number >= -limit && number < limit)) return false;
    *value = mapper_int(type, (int64_t)number);
  } else if (is_unsigned(type)) {
    number = round(number);
    if (!(number >= 0 && number < ldexp(1, width(type)))) return false;
    *value = mapper_uint(type, (uint64_t)number);
  } else {
    return false;
  }
  return true;
}

/* A number for a comparison; false for text and bytes. */
static bool value_number(const mapper_value *value, double *number) {
  if (value->type == MAPPER_TYPE_BOOL || is_unsigned(value->type))
    *number = (double)value->u64;
  else if (is_signed(value->type))
    *number = (double)value->i64;
  else if (value->type == MAPPER_TYPE_F32 || value->type == MAPPER_TYPE_F64)
    *number = value->f64;
  else
    return false;
  return true;
}

uint64_t virtual_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

bool virtual_point_hold(virtual_point *point, const mapper_value *value) {
  mapper_value held = *value;
  if (virtual_is_data(value->type)) {
    if (value->count > point->capacity) {
      uint8_t *bytes = realloc(point->bytes, value->count);
      if (!bytes) return false;
      point->bytes = bytes;
      point->capacity = value->count;
    }
    if (value->count) memcpy(point->bytes, value->data, value->count);
    held.data = point->bytes;
  }
  point->held = held;
  return true;
}

/* One step up or down; it turns back at the ends. */
static double walk(virtual_point *point) {
  double unit =
      (double)(virtual_random(&point->random) >> 11) / 4503599627370496.0 - 1; /* -1 … 1 */
  double level = point->level + unit * point->step;
  if (level > point->maximum) level = 2 * point->maximum - level;
  if (level < point->minimum) level = 2 * point->minimum - level;
  return fmin(fmax(level, point->minimum), point->maximum);
}

static double count(virtual_point *point) {
  double level = point->level + point->step;
  if (level > point->maximum) return point->minimum;
  return level < point->minimum ? point->maximum : level;
}

static double number_at(virtual_point *point, int64_t elapsed_ns) {
  double turn = (double)(elapsed_ns % point->period_ns) / (double)point->period_ns;
  switch (point->kind) {
  case KIND_SINE:
    return point->offset + point->amplitude * sin(turn * 2 * 3.14159265358979323846);
  case KIND_RAMP:
    return point->minimum + (point->maximum - point->minimum) * turn;
  case KIND_RANDOM_WALK:
  case KIND_COUNTER:
    if (point->began) point->level = point->kind == KIND_COUNTER ? count(point) : walk(point);
    point->began = true;
    return point->level;
  default:
    return 0;
  }
}

/* What a BOOLEAN makes of a number: the upper half of a curve, an odd count. */
static bool truth(const virtual_point *point, double number) {
  switch (point->kind) {
  case KIND_SINE:
    return number > point->offset;
  case KIND_COUNTER:
    return fmod(fabs(round(number)), 2) == 1;
  default:
    return number > (point->minimum + point->maximum) / 2;
  }
}

size_t virtual_point_room(const virtual_point *point) {
  return point->held.type && virtual_is_data(point->held.type) ? point->held.count : FAULT_TEXT_MAX;
}

mapper_status virtual_point_value(virtual_point *point, int64_t elapsed_ns,
                                  const virtual_fault faults[ON_COUNT], uint8_t *room,
                                  mapper_value *value) {
  if (point->kind == KIND_CONSTANT || point->kind == KIND_SETTABLE) {
    *value = point->held;
    if (!virtual_is_data(value->type)) return MAPPER_OK;
    if (value->count) memcpy(room, point->held.data, value->count);
    value->data = room;
    return MAPPER_OK;
  }
  if (point->kind == KIND_FAULT) {
    size_t size = virtual_fault_print(&faults[point->fault_call], (char *)room);
    *value = mapper_data(MAPPER_TYPE_TEXT, room, (uint32_t)size);
    return MAPPER_OK;
  }
  double number = number_at(point, elapsed_ns);
  if (point->type == MAPPER_TYPE_BOOL) {
    *value = mapper_bool(truth(point, number));
    return MAPPER_OK;
  }
  if (virtual_is_data(point->type)) {
    int size = snprintf((char *)room, FAULT_TEXT_MAX, "%.9g", number);
    *value = mapper_data(point->type, room, (uint32_t)size);
    return MAPPER_OK;
  }
  return virtual_number_value(number, point->type, value) ? MAPPER_OK : MAPPER_TYPE;
}

mapper_status virtual_point_check_write(const virtual_point *point, const mapper_value *value,
                                        const mapper_call *call, uint32_t index) {
  if (point->kind == KIND_FAULT) {
    virtual_fault fault;
    if (value->type != MAPPER_TYPE_TEXT)
      return mapper_fail_itemf(virtual_api, call, index, MAPPER_TYPE,
                               "%s: expected text: " FAULT_EXPECTED, point->name);
    if (virtual_fault_parse(value->data, value->count, &fault)) return MAPPER_OK;
    int size = value->count < FAULT_TEXT_MAX ? (int)value->count : FAULT_TEXT_MAX;
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: '%.*s': expected " FAULT_EXPECTED, point->name, size,
                             (const char *)value->data);
  }
  if (point->kind != KIND_SETTABLE)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_UNSUPPORTED,
                             "%s: a %s point cannot be set", point->name,
                             virtual_kind_name(point->kind));
  bool known = value->type >= MAPPER_TYPE_BOOL && value->type <= MAPPER_TYPE_BYTES;
  if (!known || (point->type != MAPPER_TYPE_NONE && value->type != point->type))
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_TYPE,
                             "%s: a value of type %u: expected type %u", point->name,
                             (unsigned)value->type, (unsigned)point->type);
  double number;
  if (value_number(value, &number) && !(number >= point->minimum && number <= point->maximum))
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: %.9g: expected %.9g to %.9g", point->name, number, point->minimum,
                             point->maximum);
  return MAPPER_OK;
}
