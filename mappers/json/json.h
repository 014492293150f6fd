/* SPDX-License-Identifier: Apache-2.0
 *
 * Takes values out of a JSON text: one by its path, or member by member. Strict (RFC 8259): the
 * whole text is checked, so half a document is never taken for a whole one. No memory is allocated;
 * nesting is bounded. Built into each mapper that lists it among its sources.
 */
#ifndef MAPPERS_JSON_H
#define MAPPERS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_STEPS_MAX 16
#define JSON_DEPTH_MAX 64
#define JSON_PATH_EXPECTED "keys and indices such as a.b[2].c or a[\"b.c\"]"

typedef struct json_step {
  const char *key; /* null: an index */
  size_t key_size;
  uint32_t index;
} json_step;

/* Points into the text that it was made from. */
typedef struct json_path {
  json_step steps[JSON_STEPS_MAX];
  uint32_t count; /* 0: the whole document */
} json_path;

typedef enum json_kind {
  JSON_NULL,
  JSON_TRUE,
  JSON_FALSE,
  JSON_NUMBER,
  JSON_STRING,
  JSON_OBJECT,
  JSON_ARRAY,
} json_kind;

/* A value within the text. Of a string, what is between its quotes, still with its escapes. */
typedef struct json_view {
  json_kind kind;
  const char *start;
  size_t size;
} json_view;

typedef enum json_result { JSON_FOUND, JSON_ABSENT, JSON_BROKEN } json_result;

/* False when `text` (NUL-terminated) is no path, or one of more than JSON_STEPS_MAX steps. */
bool json_path_parse(const char *text, json_path *path);

/* Of a key that is there several times, the last one counts. */
json_result json_find(const char *text, size_t size, const json_path *path, json_view *found);

/* Goes through the members of an object or the elements of an array that json_find has given. Of
 * anything else there are none. */
typedef struct json_cursor {
  const char *at, *end;
  bool has_keys;
} json_cursor;

json_cursor json_begin(const json_view *container);
/* False at the end. The key of an element is JSON_NULL. */
bool json_next(json_cursor *cursor, json_view *key, json_view *value);

/* Whether the view is a string that says `text` once its escapes are resolved. */
bool json_equals(const json_view *string, const char *text);

/* Writes the string with its escapes resolved, as UTF-8, to `out`, which has room for view->size
 * bytes. Returns the length. */
size_t json_unescape(const json_view *view, char *out);

/* Whether the whole text is one JSON number. */
bool json_is_number(const char *text, size_t size);

bool json_is_utf8(const char *text, size_t size);

#endif
