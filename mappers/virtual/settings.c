/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings as JSON, for what a device tells of itself: as its manifest would have them.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>

#include "virtual.h"

static void put_text(FILE *out, const char *key, const char *text) {
  fprintf(out, ",\"%s\":\"", key);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') putc('\\', out);
    if ((uint8_t)*text < 0x20)
      fprintf(out, "\\u%04x", (unsigned)*text);
    else
      putc(*text, out);
  }
  putc('"', out);
}

/* What is not finite is a limit that was not set. */
static void put_number(FILE *out, const char *key, double number) {
  if (isfinite(number)) fprintf(out, ",\"%s\":%.15g", key, number);
}

char *virtual_device_settings(const mapper_device *device) {
  char text[64];
  snprintf(text, sizeof text, "{\"seed\":%lld,\"push\":%s}", (long long)device->seed,
           device->push ? "true" : "false");
  return strdup(text);
}

char *virtual_point_settings(const virtual_point *point) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) return NULL;
  fprintf(out, "{\"kind\":\"%s\"", virtual_kind_name(point->kind));
  switch (point->kind) {
  case KIND_SINE:
    put_number(out, "offset", point->offset);
    put_number(out, "amplitude", point->amplitude);
    break;
  case KIND_RAMP:
    put_number(out, "min", point->minimum);
    put_number(out, "max", point->maximum);
    break;
  case KIND_RANDOM_WALK:
  case KIND_COUNTER:
    put_number(out, "offset", point->offset);
    put_number(out, "min", point->minimum);
    put_number(out, "max", point->maximum);
    put_number(out, "step", point->step);
    break;
  case KIND_CONSTANT:
  case KIND_SETTABLE:
    if (point->text)
      put_text(out, "text", point->text);
    else
      put_number(out, "offset", point->offset);
    if (point->kind == KIND_CONSTANT) break;
    put_number(out, "min", point->minimum);
    put_number(out, "max", point->maximum);
    break;
  case KIND_FAULT:
    put_text(out, "faultOn", virtual_call_name(point->fault_call));
    break;
  case KIND_NONE:
    break;
  }
  if (point->kind == KIND_SINE || point->kind == KIND_RAMP)
    fprintf(out, ",\"period\":%lld", (long long)(point->period_ns / 1000000));
  putc('}', out);
  bool failed = ferror(out);
  if (fclose(out) == 0 && !failed) return text;
  free(text);
  return NULL;
}
