/* SPDX-License-Identifier: Apache-2.0
 *
 * Value to payload.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "convert.h"

static mapper_status append_text(buffer *payload, const char *text, size_t size) {
  return buffer_append(payload, text, size) ? MAPPER_OK : MAPPER_NO_MEMORY;
}

/* The shortest text that reads back as the same number. */
static mapper_status append_double(double value, bool is_float, buffer *payload) {
  if (!isfinite(value)) return MAPPER_TYPE;
  char text[32];
  int first = is_float ? 6 : 15, last = is_float ? 9 : 17;
  size_t size = 0;
  for (int digits = first; digits <= last; digits++) {
    size = convert_print_double(value, digits, text);
    double back = convert_parse_double(text);
    if (is_float ? (float)back == (float)value : back == value) break;
  }
  return append_text(payload, text, size);
}

static mapper_status append_quoted(const char *text, size_t size, bool with_quotes,
                                   buffer *payload) {
  bool good = !with_quotes || buffer_append(payload, "\"", 1);
  for (size_t i = 0; i < size && good; i++) {
    uint8_t c = (uint8_t)text[i];
    if (c == '"' || c == '\\') {
      char escaped[2] = {'\\', (char)c};
      good = buffer_append(payload, escaped, 2);
    } else if (c < 0x20) {
      char escaped[8];
      int length = snprintf(escaped, sizeof escaped, "\\u%04x", c);
      good = buffer_append(payload, escaped, (size_t)length);
    } else {
      good = buffer_append(payload, text + i, 1);
    }
  }
  good = good && (!with_quotes || buffer_append(payload, "\"", 1));
  return good ? MAPPER_OK : MAPPER_NO_MEMORY;
}

typedef enum place { PLACE_PLAIN, PLACE_JSON, PLACE_JSON_STRING } place;

static mapper_status append_value(const conversion *how, const mapper_value *value, place place,
                                  buffer *payload) {
  char text[32];
  switch (value->type) {
  case MAPPER_TYPE_BOOL: {
    const char *word = value->u64 ? how->on : how->off;
    if (word && place != PLACE_PLAIN)
      return append_quoted(word, strlen(word), place == PLACE_JSON, payload);
    if (!word) word = value->u64 ? "true" : "false";
    return append_text(payload, word, strlen(word));
  }
  case MAPPER_TYPE_F32:
  case MAPPER_TYPE_F64:
    return append_double(value->f64, value->type == MAPPER_TYPE_F32, payload);
  case MAPPER_TYPE_TEXT:
  case MAPPER_TYPE_BYTES:
    if (place == PLACE_PLAIN) return append_text(payload, value->data, value->count);
    if (!json_is_utf8(value->data, value->count)) return MAPPER_TYPE;
    return append_quoted(value->data, value->count, place == PLACE_JSON, payload);
  default:
    if (!is_integer(value->type)) return MAPPER_TYPE;
    int size = is_unsigned(value->type)
                   ? snprintf(text, sizeof text, "%llu", (unsigned long long)value->u64)
                   : snprintf(text, sizeof text, "%lld", (long long)value->i64);
    return append_text(payload, text, (size_t)size);
  }
}

mapper_status convert_json_value(const mapper_value *value, buffer *payload) {
  static const conversion plain = {0};
  return append_value(&plain, value, PLACE_JSON, payload);
}

bool convert_json_text(const char *text, size_t size, buffer *payload) {
  return append_quoted(text, size, true, payload) == MAPPER_OK;
}

mapper_status convert_value(const conversion *how, const mapper_value *value, buffer *payload) {
  static const char mark[] = "{value}";
  if (!how->template) return append_value(how, value, PLACE_PLAIN, payload);
  const char *at = how->template;
  while (is_space(*at)) at++;
  bool is_json = *at == '{' && strncmp(at, mark, strlen(mark)) != 0;
  is_json = is_json || *at == '[';
  bool in_string = false;
  mapper_status status = MAPPER_OK;
  for (at = how->template; *at && status == MAPPER_OK;) {
    if (strncmp(at, mark, strlen(mark)) == 0) {
      place place = !is_json ? PLACE_PLAIN : in_string ? PLACE_JSON_STRING : PLACE_JSON;
      status = append_value(how, value, place, payload);
      at += strlen(mark);
      continue;
    }
    if (*at == '"') in_string = !in_string;
    size_t size = in_string && at[0] == '\\' && at[1] ? 2 : 1;
    status = append_text(payload, at, size);
    at += size;
  }
  return status;
}
