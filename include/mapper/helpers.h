/* SPDX-License-Identifier: Apache-2.0
 *
 * Conveniences for authors in C. Not part of the ABI: all of it is static inline and uses only what
 * the ABI offers. Not included by mapper.h, since it needs the C library.
 */
#ifndef MAPPER_HELPERS_H
#define MAPPER_HELPERS_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mapper.h"

#define MAPPER_TEXT_MAX 512

/* The setting `key`, or null. Settings are sorted, so this is a binary search. */
static inline const mapper_value *mapper_find(const mapper_settings *settings, const char *key) {
  uint64_t low = 0, high = settings->count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    int order = strcmp(settings->items[middle].key, key);
    if (order == 0) return &settings->items[middle].value;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* A whole number, or `fallback` when the setting is absent or of another type. */
static inline int64_t mapper_find_int(const mapper_settings *settings, const char *key,
                                      int64_t fallback) {
  const mapper_value *value = mapper_find(settings, key);
  return value && value->type == MAPPER_TYPE_I64 ? value->i64 : fallback;
}

/* A number, whole or not. */
static inline double mapper_find_number(const mapper_settings *settings, const char *key,
                                        double fallback) {
  const mapper_value *value = mapper_find(settings, key);
  if (value && value->type == MAPPER_TYPE_F64) return value->f64;
  if (value && value->type == MAPPER_TYPE_I64) return (double)value->i64;
  return fallback;
}

static inline bool mapper_find_bool(const mapper_settings *settings, const char *key,
                                    bool fallback) {
  const mapper_value *value = mapper_find(settings, key);
  return value && value->type == MAPPER_TYPE_BOOL ? value->u64 != 0 : fallback;
}

/* A NUL-terminated text, borrowed from the settings. */
static inline const char *mapper_find_text(const mapper_settings *settings, const char *key,
                                           const char *fallback) {
  const mapper_value *value = mapper_find(settings, key);
  return value && value->type == MAPPER_TYPE_TEXT && value->data ? (const char *)value->data
                                                                 : fallback;
}

static inline size_t mapper_clip(int written) {
  if (written < 0) return 0;
  return written < MAPPER_TEXT_MAX ? (size_t)written : MAPPER_TEXT_MAX - 1;
}

#if defined(__GNUC__)
#define MAPPER_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MAPPER_PRINTF(text, first)
#endif

static inline void mapper_logf(const mapper_host_api *api, mapper_host *host, int32_t level,
                               const char *format, ...) MAPPER_PRINTF(4, 5);
static inline void mapper_logf(const mapper_host_api *api, mapper_host *host, int32_t level,
                               const char *format, ...) {
  char text[MAPPER_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  api->log(host, level, text, mapper_clip(written));
}

static inline mapper_status mapper_failf(const mapper_host_api *api, const mapper_call *call,
                                         mapper_status status, const char *format, ...)
    MAPPER_PRINTF(4, 5);
static inline mapper_status mapper_failf(const mapper_host_api *api, const mapper_call *call,
                                         mapper_status status, const char *format, ...) {
  char text[MAPPER_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return api->fail(call, status, text, mapper_clip(written));
}

static inline mapper_status mapper_fail_itemf(const mapper_host_api *api, const mapper_call *call,
                                              uint32_t index, mapper_status status,
                                              const char *format, ...) MAPPER_PRINTF(5, 6);
static inline mapper_status mapper_fail_itemf(const mapper_host_api *api, const mapper_call *call,
                                              uint32_t index, mapper_status status,
                                              const char *format, ...) {
  char text[MAPPER_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return api->fail_item(call, index, status, text, mapper_clip(written));
}

/* Milliseconds until the deadline of a call, for poll(2): never negative, rounded up. `now_ns` is
 * CLOCK_MONOTONIC. */
static inline int mapper_timeout_ms(const mapper_host_api *api, const mapper_call *call,
                                    int64_t now_ns) {
  int64_t left = api->deadline_ns(call) - now_ns;
  if (left <= 0) return 0;
  int64_t ms = (left + 999999) / 1000000;
  return ms > 0x7fffffff ? 0x7fffffff : (int)ms;
}

static inline mapper_value mapper_bool(bool value) {
  mapper_value result = {MAPPER_TYPE_BOOL, 0, 1, {0}};
  result.u64 = value ? 1 : 0;
  return result;
}

static inline mapper_value mapper_int(mapper_type type, int64_t value) {
  mapper_value result = {type, 0, 1, {0}};
  result.i64 = value;
  return result;
}

static inline mapper_value mapper_uint(mapper_type type, uint64_t value) {
  mapper_value result = {type, 0, 1, {0}};
  result.u64 = value;
  return result;
}

static inline mapper_value mapper_float(mapper_type type, double value) {
  mapper_value result = {type, 0, 1, {0}};
  result.f64 = value;
  return result;
}

static inline mapper_value mapper_data(mapper_type type, const void *data, uint32_t count) {
  mapper_value result = {type, 0, count, {0}};
  result.data = data;
  return result;
}

#endif
