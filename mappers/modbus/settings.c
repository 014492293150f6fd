/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "settings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mapper/helpers.h"

void settings_describe(const mapper_value *value, char *text, size_t capacity) {
  switch (value->type) {
  case MAPPER_TYPE_I64:
    snprintf(text, capacity, "%lld", (long long)value->i64);
    break;
  case MAPPER_TYPE_F64:
    snprintf(text, capacity, "%.15g", value->f64);
    break;
  case MAPPER_TYPE_BOOL:
    snprintf(text, capacity, "%s", value->u64 ? "true" : "false");
    break;
  case MAPPER_TYPE_TEXT:
    snprintf(text, capacity, "\"%.60s\"", value->data ? (const char *)value->data : "");
    break;
  default:
    snprintf(text, capacity, "an object or a list");
    break;
  }
}

const char *settings_text(const mapper_settings *settings, const char *key) {
  return mapper_find_text(settings, key, NULL);
}

bool settings_unexpected(problem *problem, const char *key, const mapper_value *value,
                         const char *expected) {
  char found[80];
  settings_describe(value, found, sizeof found);
  return problem_is(problem, "%s: %s: expected %s", key, found, expected);
}

static bool to_number(const mapper_value *value, double *out) {
  if (value->type == MAPPER_TYPE_I64) {
    *out = (double)value->i64;
  } else if (value->type == MAPPER_TYPE_F64) {
    *out = value->f64;
  } else if (value->type == MAPPER_TYPE_TEXT && value->data) {
    const char *text = value->data;
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end) return false;
  } else {
    return false;
  }
  return isfinite(*out);
}

/* In integers where it is one, so that no digit of a large one is lost. */
static bool to_whole(const mapper_value *value, int64_t *out) {
  if (value->type == MAPPER_TYPE_I64) {
    *out = value->i64;
    return true;
  }
  if (value->type == MAPPER_TYPE_TEXT && value->data) {
    const char *text = value->data;
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    *out = whole;
    return end != text && *end == 0 && errno == 0;
  }
  double number;
  if (!to_number(value, &number) || number != floor(number) || fabs(number) > 1e15) return false;
  *out = (int64_t)number;
  return true;
}

bool settings_whole(const mapper_settings *settings, const char *key, int64_t low, int64_t high,
                    int64_t *out, problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  int64_t whole;
  if (!to_whole(value, &whole) || whole < low || whole > high) {
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)low,
             (long long)high);
    return settings_unexpected(problem, key, value, expected);
  }
  *out = whole;
  return true;
}

bool settings_number(const mapper_settings *settings, const char *key, double *out,
                     problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  double number;
  if (!to_number(value, &number)) return settings_unexpected(problem, key, value, "a number");
  *out = number;
  return true;
}

bool settings_truth(const mapper_settings *settings, const char *key, bool *out, problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  const char *text = settings_text(settings, key);
  if (value->type == MAPPER_TYPE_BOOL)
    *out = value->u64 != 0;
  else if (text && strcasecmp(text, "true") == 0)
    *out = true;
  else if (text && strcasecmp(text, "false") == 0)
    *out = false;
  else
    return settings_unexpected(problem, key, value, "true or false");
  return true;
}

bool settings_word(const mapper_settings *settings, const char *key, const char *const *words,
                   uint32_t count, const char *expected, uint32_t *out, problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  const char *text = settings_text(settings, key);
  for (uint32_t i = 0; text && i < count; i++) {
    if (strcasecmp(words[i], text) != 0) continue;
    *out = i;
    return true;
  }
  return settings_unexpected(problem, key, value, expected);
}
