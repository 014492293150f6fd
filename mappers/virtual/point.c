/* SPDX-License-Identifier: Apache-2.0
 *
 * Points: their settings, and the state that they start with.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>

#include "virtual.h"

static const char *const kind_names[] = {
    [KIND_SINE] = "sine",       [KIND_RAMP] = "ramp",         [KIND_RANDOM_WALK] = "randomWalk",
    [KIND_COUNTER] = "counter", [KIND_CONSTANT] = "constant", [KIND_SETTABLE] = "settable",
    [KIND_FAULT] = "fault",
};

static virtual_kind kind_named(const char *name) {
  for (int kind = KIND_SINE; kind <= KIND_FAULT; kind++)
    if (strcmp(name, kind_names[kind]) == 0) return (virtual_kind)kind;
  return KIND_NONE;
}

const char *virtual_kind_name(virtual_kind kind) { return kind_names[kind]; }

/* Each point has numbers of its own, whatever the order of the points. */
static uint64_t random_seed(int64_t seed, const char *name) {
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
  for (; *name; name++) hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
  return hash ^ (uint64_t)seed;
}

void virtual_point_restart(virtual_point *point, int64_t seed) {
  point->random = random_seed(seed, point->name);
  point->level = point->offset;
  point->began = false;
}

/* What the point holds at first. False when the property's type cannot hold it. */
static bool first_value(const virtual_point *point, mapper_value *value) {
  if (!point->text) return virtual_number_value(point->offset, point->type, value);
  mapper_type type = point->type == MAPPER_TYPE_BYTES ? MAPPER_TYPE_BYTES : MAPPER_TYPE_TEXT;
  *value = mapper_data(type, point->text, (uint32_t)strlen(point->text));
  return true;
}

bool virtual_point_restore(virtual_point *point) {
  mapper_value value;
  if (point->kind != KIND_SETTABLE || !first_value(point, &value)) return true;
  return virtual_point_hold(point, &value);
}

/* What constant and settable points hold at first. */
static mapper_status hold_first(virtual_point *point, const mapper_settings *settings,
                                const mapper_call *call, uint32_t index) {
  const char *text = mapper_find_text(settings, "text", NULL);
  bool data = virtual_is_data(point->type) || (point->type == MAPPER_TYPE_NONE && text);
  if (text && !data)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting text: expected a property of type STRING or BYTES",
                             point->name);
  char number[32];
  if (!text && data) {
    snprintf(number, sizeof number, "%.9g", point->offset);
    text = mapper_find(settings, "offset") ? number : "";
  }
  if (text) {
    point->text = strdup(text);
    if (!point->text) return MAPPER_NO_MEMORY;
  }
  mapper_value value;
  if (!first_value(point, &value))
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting offset: %.9g does not fit the property's type",
                             point->name, point->offset);
  return virtual_point_hold(point, &value) ? MAPPER_OK : MAPPER_NO_MEMORY;
}

mapper_status virtual_point_bind(virtual_point *point, const mapper_point *from, int64_t seed,
                                 const mapper_call *call) {
  const mapper_settings *settings = &from->settings;
  const char *kind = mapper_find_text(settings, "kind", "");
  uint32_t index = from->id;
  virtual_kind wanted = kind_named(kind);
  if (wanted == KIND_NONE)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting kind: '%s': expected sine, ramp, randomWalk, counter, "
                             "constant, settable or fault",
                             from->name, kind);
  if (from->type > MAPPER_TYPE_BYTES)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_UNSUPPORTED,
                             "%s: a %s point has no arrays", from->name, kind);
  if (wanted == KIND_FAULT && from->type != MAPPER_TYPE_TEXT && from->type != MAPPER_TYPE_NONE)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: a fault point is text: expected a property of type STRING",
                             from->name);
  const char *on = mapper_find_text(settings, "faultOn", "read");
  point->fault_call = virtual_fault_call(on);
  if (point->fault_call == ON_COUNT)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting faultOn: '%s': expected open, read, write or method",
                             from->name, on);

  point->name = strdup(from->name);
  if (!point->name) return MAPPER_NO_MEMORY;
  point->type = from->type;
  point->cycle_ns = (from->cycle_ms ? from->cycle_ms : 1000) * (int64_t)1000000;
  point->amplitude = mapper_find_number(settings, "amplitude", 1);
  point->step = mapper_find_number(settings, "step", 1);
  int64_t period_ms = mapper_find_int(settings, "period", 10000);
  bool settable = wanted == KIND_SETTABLE;
  point->minimum = mapper_find_number(settings, "min", settable ? -INFINITY : 0);
  point->maximum = mapper_find_number(settings, "max",
                                      settable                 ? INFINITY
                                      : wanted == KIND_COUNTER ? 9007199254740992.0 /* 2^53 */
                                                               : 100);
  double first = wanted == KIND_RANDOM_WALK ? (point->minimum + point->maximum) / 2
                 : wanted == KIND_COUNTER   ? point->minimum
                                            : 0;
  point->offset = mapper_find_number(settings, "offset", first);
  virtual_point_restart(point, seed);

  if (period_ms < 1 || period_ms > INT64_MAX / 1000000)
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting period: %lld: expected 1 or more milliseconds",
                             from->name, (long long)period_ms);
  point->period_ns = period_ms * 1000000;
  if (!(point->minimum <= point->maximum))
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting min: %.9g: expected at most max, %.9g", from->name,
                             point->minimum, point->maximum);
  bool ranged = wanted == KIND_RANDOM_WALK || wanted == KIND_COUNTER;
  if (ranged && !(point->offset >= point->minimum && point->offset <= point->maximum))
    return mapper_fail_itemf(virtual_api, call, index, MAPPER_INVALID,
                             "%s: setting offset: %.9g: expected %.9g to %.9g", from->name,
                             point->offset, point->minimum, point->maximum);
  if (wanted == KIND_CONSTANT || wanted == KIND_SETTABLE) {
    mapper_status status = hold_first(point, settings, call, index);
    if (status != MAPPER_OK) return status;
  }
  point->kind = wanted;
  return MAPPER_OK;
}

void virtual_point_free(virtual_point *point) {
  free(point->name);
  free(point->text);
  free(point->bytes);
}
