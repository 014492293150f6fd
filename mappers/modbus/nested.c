/* SPDX-License-Identifier: Apache-2.0 */
#include "nested.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mapper/helpers.h"

static const char *const objects[] = {"com", "customizedValues", "tcp"};
enum { OBJECTS = sizeof objects / sizeof *objects, KEYS_MOST = 64 };

/* Where the reading of one object's JSON is. Texts go to `out`, which has room for all of it. */
typedef struct reader {
  const char *at, *end;
  char *out;
} reader;

static void skip_space(reader *reader) {
  while (reader->at < reader->end && isspace((unsigned char)*reader->at)) reader->at++;
}

static bool take(reader *reader, char wanted) {
  skip_space(reader);
  if (reader->at == reader->end || *reader->at != wanted) return false;
  reader->at++;
  return true;
}

static void put(reader *reader, unsigned byte) { *reader->out++ = (char)byte; }

/* \u0041: of the basic plane, without surrogates. The host writes others as they are. */
static bool take_code(reader *reader) {
  unsigned code = 0;
  for (int i = 0; i < 4; i++, reader->at++) {
    if (reader->at == reader->end || !isxdigit((unsigned char)*reader->at)) return false;
    unsigned char digit = (unsigned char)*reader->at;
    code = code * 16 + (unsigned)(isdigit(digit) ? digit - '0' : (digit | 32) - 'a' + 10);
  }
  if (code == 0 || (code >= 0xd800 && code < 0xe000)) return false;
  if (code < 0x80) {
    put(reader, code);
  } else if (code < 0x800) {
    put(reader, 0xc0 | code >> 6);
    put(reader, 0x80 | (code & 63));
  } else {
    put(reader, 0xe0 | code >> 12);
    put(reader, 0x80 | (code >> 6 & 63));
    put(reader, 0x80 | (code & 63));
  }
  return true;
}

/* A string, with a NUL behind it; null: it is none. It never takes more room than its source. */
static char *take_string(reader *reader) {
  if (!take(reader, '"')) return NULL;
  char *start = reader->out;
  while (reader->at < reader->end && *reader->at != '"') {
    char byte = *reader->at++;
    if (byte != '\\') {
      put(reader, (unsigned char)byte);
      continue;
    }
    if (reader->at == reader->end) return NULL;
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char escape = *reader->at++;
    const char *found = escape ? strchr(escapes, escape) : NULL;
    if (found)
      put(reader, (unsigned char)meanings[found - escapes]);
    else if (escape != 'u' || !take_code(reader))
      return NULL;
  }
  if (reader->at == reader->end) return NULL;
  reader->at++;
  put(reader, 0);
  return start;
}

static bool take_number(reader *reader, mapper_value *value) {
  char text[40], *end;
  size_t size = 0;
  while (reader->at < reader->end && size + 1 < sizeof text &&
         strchr("+-.0123456789eE", *reader->at))
    text[size++] = *reader->at++;
  text[size] = 0;
  if (size == 0) return false;
  *value = mapper_int(MAPPER_TYPE_I64, strtoll(text, &end, 10));
  if (*end) *value = mapper_float(MAPPER_TYPE_F64, strtod(text, &end));
  return *end == 0;
}

static bool take_word(reader *reader, const char *word) {
  size_t size = strlen(word);
  if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
    return false;
  reader->at += size;
  return true;
}

static bool take_scalar(reader *reader, mapper_value *value) {
  skip_space(reader);
  if (take_word(reader, "true") || take_word(reader, "false")) {
    *value = mapper_bool(reader->at[-2] == 'u');
    return true;
  }
  if (reader->at < reader->end && *reader->at == '"') {
    const char *text = take_string(reader);
    if (!text) return false;
    *value = mapper_data(MAPPER_TYPE_TEXT, text, (uint32_t)strlen(text));
    return true;
  }
  return take_number(reader, value);
}

/* Sorted in, in place of one with that key. */
static void insert(nested *nested, const char *key, mapper_value value) {
  uint64_t place = nested->all.count;
  while (place && strcmp(nested->items[place - 1].key, key) >= 0) place--;
  bool is_there = place < nested->all.count && strcmp(nested->items[place].key, key) == 0;
  if (!is_there) {
    memmove(nested->items + place + 1, nested->items + place,
            (nested->all.count - place) * sizeof *nested->items);
    nested->all.count++;
  }
  nested->items[place] = (mapper_setting){key, value};
}

static bool take_object(reader *reader, nested *nested) {
  if (!take(reader, '{')) return false;
  if (take(reader, '}')) return true;
  for (int keys = 0; keys < KEYS_MOST / OBJECTS; keys++) {
    mapper_value value;
    skip_space(reader);
    const char *key = take_string(reader);
    if (!key || !take(reader, ':') || !take_scalar(reader, &value)) return false;
    insert(nested, key, value);
    if (take(reader, '}')) return true;
    if (!take(reader, ',')) return false;
  }
  return false;
}

bool nested_open(const mapper_settings *settings, nested *out, problem *problem) {
  *out = (nested){.all = *settings};
  size_t room = 0;
  for (int i = 0; i < OBJECTS; i++) {
    const mapper_value *object = mapper_find(settings, objects[i]);
    if (object && object->type == MAPPER_TYPE_BYTES) room += object->count + 1u;
    if (object && object->type != MAPPER_TYPE_BYTES)
      return problem_is(problem, "%s: expected an object", objects[i]);
  }
  if (room == 0) return true;
  out->text = malloc(room);
  out->items = calloc(settings->count + KEYS_MOST, sizeof *out->items);
  if (!out->text || !out->items) {
    nested_free(out);
    return problem_is(problem, "out of memory");
  }
  if (settings->count) memcpy(out->items, settings->items, settings->count * sizeof *out->items);
  out->all.items = out->items;
  reader reader = {.out = out->text};
  for (int i = 0; i < OBJECTS; i++) {
    const mapper_value *object = mapper_find(settings, objects[i]);
    if (!object) continue;
    reader.at = object->data;
    reader.end = reader.at + object->count;
    if (take_object(&reader, out)) continue;
    nested_free(out);
    return problem_is(problem, "%s: expected an object of numbers, texts and truth values",
                      objects[i]);
  }
  return true;
}

void nested_free(nested *nested) {
  free(nested->text);
  free(nested->items);
  nested->text = NULL;
  nested->items = NULL;
}
