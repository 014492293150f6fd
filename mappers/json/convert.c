/* SPDX-License-Identifier: Apache-2.0
 *
 * Payload to value.
 */
#define _GNU_SOURCE
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "convert.h"

/* Longer numbers are refused. */
#define NUMBER_SIZE_MAX 400

static locale_t c_locale;

bool convert_prepare(void) {
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return c_locale != (locale_t)0;
}

void convert_finish(void) {
  if (c_locale) freelocale(c_locale);
  c_locale = (locale_t)0;
}

double convert_parse_double(const char *text) { return strtod_l(text, NULL, c_locale); }

size_t convert_print_double(double value, int digits, char text[32]) {
  locale_t before = uselocale(c_locale);
  int size = snprintf(text, 32, "%.*g", digits, value);
  uselocale(before);
  return size > 0 ? (size_t)size : 0;
}

bool buffer_reserve(buffer *buffer, size_t capacity) {
  if (capacity <= buffer->capacity) return true;
  char *bytes = realloc(buffer->bytes, capacity);
  if (!bytes) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

bool buffer_append(buffer *buffer, const void *bytes, size_t size) {
  size_t needed = buffer->size + size;
  if (needed > buffer->capacity && !buffer_reserve(buffer, needed + needed / 2 + 16)) return false;
  if (size) memcpy(buffer->bytes + buffer->size, bytes, size);
  buffer->size = needed;
  return true;
}

void buffer_free(buffer *buffer) {
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->size = buffer->capacity = 0;
}

/* ---- types -------------------------------------------------------------------------------- */

bool convert_supports(mapper_type type) { return type <= MAPPER_TYPE_BYTES; }

const char *convert_expected(mapper_type type) {
  static const char *const names[] = {
      [MAPPER_TYPE_NONE] = "a value",
      [MAPPER_TYPE_BOOL] = "BOOLEAN (ON, OFF, true, false, 1 or 0)",
      [MAPPER_TYPE_I8] = "an integer of 8 bits",
      [MAPPER_TYPE_U8] = "an unsigned integer of 8 bits",
      [MAPPER_TYPE_I16] = "an integer of 16 bits",
      [MAPPER_TYPE_U16] = "an unsigned integer of 16 bits",
      [MAPPER_TYPE_I32] = "an integer of 32 bits",
      [MAPPER_TYPE_U32] = "an unsigned integer of 32 bits",
      [MAPPER_TYPE_I64] = "INT",
      [MAPPER_TYPE_U64] = "an unsigned integer of 64 bits",
      [MAPPER_TYPE_F32] = "FLOAT",
      [MAPPER_TYPE_F64] = "DOUBLE",
      [MAPPER_TYPE_TEXT] = "STRING (UTF-8)",
      [MAPPER_TYPE_BYTES] = "BYTES",
  };
  return convert_supports(type) ? names[type] : "no array";
}

/* Of an integer type, in bits. */
static int width(mapper_type type) { return 8 << ((type - MAPPER_TYPE_I8) / 2); }

/* ---- numbers ------------------------------------------------------------------------------ */

/* A number as it was written: exactly, if it has neither fraction nor exponent and fits. */
typedef struct number {
  bool is_exact, is_negative;
  uint64_t magnitude;
  double value;
} number;

static bool parse_number(const char *text, size_t size, number *number) {
  if (size >= NUMBER_SIZE_MAX || !json_is_number(text, size)) return false;
  char copy[NUMBER_SIZE_MAX];
  memcpy(copy, text, size);
  copy[size] = 0;
  number->is_negative = text[0] == '-';
  number->is_exact = true;
  number->magnitude = 0;
  for (size_t i = number->is_negative; i < size && number->is_exact; i++) {
    uint64_t digit = (uint64_t)(uint8_t)text[i] - '0';
    if (digit > 9 || number->magnitude > (UINT64_MAX - digit) / 10)
      number->is_exact = false;
    else
      number->magnitude = number->magnitude * 10 + digit;
  }
  number->value = convert_parse_double(copy);
  return isfinite(number->value);
}

static bool integer_value(const number *number, mapper_type type, mapper_value *value) {
  int bits = width(type) - !is_unsigned(type);
  uint64_t magnitude = number->magnitude;
  if (!number->is_exact) {
    double whole = fabs(number->value);
    if (whole != trunc(whole) || whole >= 18446744073709551616.0 /* 2^64 */) return false;
    magnitude = (uint64_t)whole;
  }
  uint64_t limit = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
  bool is_negative = number->is_negative && magnitude > 0;
  if (is_negative && is_unsigned(type)) return false;
  if (magnitude > limit + (is_negative ? 1 : 0)) return false;
  *value = (mapper_value){.type = type, .count = 1};
  value->u64 = is_negative ? (uint64_t)0 - magnitude : magnitude;
  return true;
}

static bool number_value(const number *number, mapper_type type, mapper_value *value) {
  if (is_integer(type)) return integer_value(number, type, value);
  *value = (mapper_value){.type = type, .count = 1};
  value->f64 = type == MAPPER_TYPE_F32 ? (double)(float)number->value : number->value;
  return isfinite(value->f64);
}

/* ---- texts -------------------------------------------------------------------------------- */

static void trim(const char **text, size_t *size) {
  while (*size > 0 && is_space(**text)) {
    (*text)++;
    (*size)--;
  }
  while (*size > 0 && is_space((*text)[*size - 1])) (*size)--;
}

static bool is_word(const char *text, size_t size, const char *word) {
  return word && strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static bool is_exactly(const char *text, size_t size, const char *word) {
  return word && strlen(word) == size && memcmp(text, word, size) == 0;
}

static bool parse_bool(const conversion *how, const char *text, size_t size, bool *value) {
  bool on = is_exactly(text, size, how->on), off = is_exactly(text, size, how->off);
  if (!on && !off) {
    on = is_word(text, size, "on") || is_word(text, size, "true") || is_word(text, size, "1");
    off = is_word(text, size, "off") || is_word(text, size, "false") || is_word(text, size, "0");
  }
  *value = on;
  return on || off;
}

static mapper_status bool_value(bool on, mapper_value *value) {
  *value = (mapper_value){.type = MAPPER_TYPE_BOOL, .count = 1};
  value->u64 = on;
  return MAPPER_OK;
}

static mapper_status data_value(mapper_type type, const char *text, size_t size,
                                mapper_value *value, buffer *room, const char **why) {
  if (size > VALUE_SIZE_MAX) {
    *why = "it is longer than 1 MiB";
    return MAPPER_TYPE;
  }
  if (type == MAPPER_TYPE_TEXT && !json_is_utf8(text, size)) return MAPPER_TYPE;
  room->size = 0;
  if (!buffer_append(room, text, size)) return MAPPER_NO_MEMORY;
  *value = (mapper_value){.type = type, .count = (uint32_t)size};
  value->data = room->bytes;
  return MAPPER_OK;
}

/* The value of a plain text. */
static mapper_status text_value(const conversion *how, const char *text, size_t size,
                                mapper_value *value, buffer *room, const char **why) {
  mapper_type type = how->type == MAPPER_TYPE_NONE ? MAPPER_TYPE_TEXT : how->type;
  if (type == MAPPER_TYPE_TEXT || type == MAPPER_TYPE_BYTES)
    return data_value(type, text, size, value, room, why);
  trim(&text, &size);
  if (type == MAPPER_TYPE_BOOL) {
    bool on;
    return parse_bool(how, text, size, &on) ? bool_value(on, value) : MAPPER_TYPE;
  }
  if (size > 1 && text[0] == '+') {
    text++;
    size--;
  }
  number number;
  bool good = parse_number(text, size, &number) && number_value(&number, type, value);
  return good ? MAPPER_OK : MAPPER_TYPE;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static mapper_status string_value(const conversion *how, const json_view *view, mapper_value *value,
                                  buffer *room, const char **why) {
  if (view->size > VALUE_SIZE_MAX) {
    *why = "it is longer than 1 MiB";
    return MAPPER_TYPE;
  }
  /* The converted text is never longer, so it may be converted where it lies. */
  if (!buffer_reserve(room, view->size + 1)) return MAPPER_NO_MEMORY;
  room->size = json_unescape(view, room->bytes);
  buffer whole = *room;
  mapper_type type = how->type == MAPPER_TYPE_NONE ? MAPPER_TYPE_TEXT : how->type;
  if (type == MAPPER_TYPE_TEXT || type == MAPPER_TYPE_BYTES) {
    *value = (mapper_value){.type = type, .count = (uint32_t)whole.size};
    value->data = whole.bytes;
    return MAPPER_OK;
  }
  return text_value(how, whole.bytes, whole.size, value, room, why);
}

static mapper_status as_it_comes(const json_view *view, mapper_value *value, buffer *room,
                                 const char **why) {
  number number;
  switch (view->kind) {
  case JSON_TRUE:
  case JSON_FALSE:
    return bool_value(view->kind == JSON_TRUE, value);
  case JSON_NUMBER:
    if (!parse_number(view->start, view->size, &number)) return MAPPER_TYPE;
    if (number.is_exact && number_value(&number, MAPPER_TYPE_I64, value)) return MAPPER_OK;
    return number_value(&number, MAPPER_TYPE_F64, value) ? MAPPER_OK : MAPPER_TYPE;
  default:
    return data_value(MAPPER_TYPE_TEXT, view->start, view->size, value, room, why);
  }
}

mapper_status convert_view(const conversion *how, const json_view *view, mapper_value *value,
                           buffer *room, const char **why) {
  *why = NULL;
  if (view->kind == JSON_NULL) return MAPPER_TYPE;
  if (view->kind == JSON_STRING) return string_value(how, view, value, room, why);
  if (how->type == MAPPER_TYPE_NONE) return as_it_comes(view, value, room, why);
  bool is_truth = view->kind == JSON_TRUE || view->kind == JSON_FALSE;
  if (is_truth &&
      (is_integer(how->type) || how->type == MAPPER_TYPE_F32 || how->type == MAPPER_TYPE_F64)) {
    number number = {.is_exact = true, .magnitude = view->kind == JSON_TRUE};
    number.value = (double)number.magnitude;
    return number_value(&number, how->type, value) ? MAPPER_OK : MAPPER_TYPE;
  }
  return text_value(how, view->start, view->size, value, room, why);
}

mapper_status convert_payload(const conversion *how, const void *payload, size_t size,
                              mapper_value *value, buffer *room, const char **why) {
  *why = NULL;
  if (how->path.count == 0) return text_value(how, payload, size, value, room, why);
  json_view view;
  switch (json_find(payload, size, &how->path, &view)) {
  case JSON_FOUND:
    return convert_view(how, &view, value, room, why);
  case JSON_ABSENT:
    return MAPPER_NOT_FOUND;
  default:
    *why = "it is no JSON";
    return MAPPER_TYPE;
  }
}
