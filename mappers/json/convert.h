/* SPDX-License-Identifier: Apache-2.0
 *
 * Between payloads and typed values, both ways. No device, no broker, no I/O.
 */
#ifndef MAPPERS_CONVERT_H
#define MAPPERS_CONVERT_H

#include "json.h"
#include "mapper/types.h"

/* Most bytes of a text or of bytes that become a value. */
#define VALUE_SIZE_MAX ((size_t)1 << 20)

/* Bytes that grow and are used again. */
typedef struct buffer {
  char *bytes;
  size_t size, capacity;
} buffer;

bool buffer_reserve(buffer *buffer, size_t capacity);
bool buffer_append(buffer *buffer, const void *bytes, size_t size);
void buffer_free(buffer *buffer);

/* How the payloads of one point are read and made. All texts are borrowed. */
typedef struct conversion {
  mapper_type type;     /* a scalar, TEXT, BYTES, or NONE: as it comes */
  json_path path;       /* no steps: the payload is the value itself */
  const char *template; /* of what is published, or null: the value alone */
  const char *on, *off; /* texts of a boolean, or null */
} conversion;

/* Once per load and unload: numbers are read and printed whatever the process's locale is. */
bool convert_prepare(void);
void convert_finish(void);
/* strtod of a whole text, and printing with so many significant digits. */
double convert_parse_double(const char *text);
size_t convert_print_double(double value, int digits, char text[32]);

static inline bool is_integer(mapper_type type) {
  return type >= MAPPER_TYPE_I8 && type <= MAPPER_TYPE_U64;
}

/* The integer types alternate: I8, U8, I16, U16 … */
static inline bool is_unsigned(mapper_type type) { return (type - MAPPER_TYPE_I8) % 2 == 1; }

static inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static inline bool convert_has_data(const mapper_value *value) {
  return value->type == MAPPER_TYPE_TEXT || value->type == MAPPER_TYPE_BYTES;
}

/* Whether points can have this type. */
bool convert_supports(mapper_type type);

/* For messages: "INT", "BOOLEAN (ON, OFF, true, false, 1 or 0)". */
const char *convert_expected(mapper_type type);

/* The value of a payload. Text and bytes go to `room`, which `value` then points into.
 * OK; TYPE: it does not convert; NOT_FOUND: JSON, but without the path; NO_MEMORY. For TYPE, `why`
 * says which part failed, if it is not the value. */
mapper_status convert_payload(const conversion *how, const void *payload, size_t size,
                              mapper_value *value, buffer *room, const char **why);

/* The same for a value within a JSON text, whatever the path of `how` is. */
mapper_status convert_view(const conversion *how, const json_view *view, mapper_value *value,
                           buffer *room, const char **why);

/* Appends the value as JSON; bytes have to be UTF-8. OK, TYPE or NO_MEMORY. */
mapper_status convert_json_value(const mapper_value *value, buffer *payload);
/* Appends a text (UTF-8) as a JSON string, with its quotes. False when there is no memory. */
bool convert_json_text(const char *text, size_t size, buffer *payload);

/* Appends what is to be published. OK, TYPE or NO_MEMORY. */
mapper_status convert_value(const conversion *how, const mapper_value *value, buffer *payload);

#endif
