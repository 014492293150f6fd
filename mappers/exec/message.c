/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "mapper/host.h"

typedef struct word {
  const char *name;
  int64_t code;
} word;

static const word link_words[] = {{"up", MAPPER_LINK_UP},
                                  {"down", MAPPER_LINK_DOWN},
                                  {"degraded", MAPPER_LINK_DEGRADED},
                                  {NULL, 0}};
static const word level_words[] = {{"error", MAPPER_LOG_ERROR},
                                   {"warning", MAPPER_LOG_WARNING},
                                   {"info", MAPPER_LOG_INFO},
                                   {"debug", MAPPER_LOG_DEBUG},
                                   {NULL, 0}};
static const word quality_words[] = {
    {"good", MAPPER_GOOD}, {"uncertain", MAPPER_UNCERTAIN}, {"bad", MAPPER_BAD}, {NULL, 0}};
static const word status_words[] = {{"timeout", MAPPER_TIMEOUT},
                                    {"invalid", MAPPER_INVALID},
                                    {"not-found", MAPPER_NOT_FOUND},
                                    {"unsupported", MAPPER_UNSUPPORTED},
                                    {"unavailable", MAPPER_UNAVAILABLE},
                                    {"busy", MAPPER_BUSY},
                                    {"denied", MAPPER_DENIED},
                                    {"protocol", MAPPER_PROTOCOL},
                                    {"type", MAPPER_TYPE},
                                    {"internal", MAPPER_INTERNAL},
                                    {NULL, 0}};

static bool find_word(const word *words, const json_view *value, int64_t *code) {
  for (; words->name; words++) {
    if (!json_equals(value, words->name)) continue;
    *code = words->code;
    return true;
  }
  return false;
}

/* A number as the mapper type asks for it. */
static bool number(const json_view *value, mapper_type type, mapper_value *out) {
  const conversion how = {.type = type};
  buffer room = {0};
  const char *why;
  return value->kind == JSON_NUMBER && convert_view(&how, value, out, &room, &why) == MAPPER_OK;
}

/* Unix milliseconds, whole or not, up to the year 2262, where 64 bits of nanoseconds end. */
static bool take_time(const json_view *value, int64_t *ns) {
  mapper_value ms;
  if (number(value, MAPPER_TYPE_I64, &ms)) {
    if (ms.i64 <= 0 || ms.i64 > INT64_MAX / 1000000) return false;
    *ns = ms.i64 * 1000000;
    return true;
  }
  if (!number(value, MAPPER_TYPE_F64, &ms) || !(ms.f64 > 0 && ms.f64 < 9.2e12)) return false;
  *ns = (int64_t)(ms.f64 * 1e6);
  return true;
}

static bool is_text(const json_view *value, json_view *out) {
  *out = *value;
  return value->kind == JSON_STRING;
}

static bool is_object(const json_view *value, json_view *out) {
  *out = *value;
  return value->kind == JSON_OBJECT;
}

/* Takes one member. False when its value is wrong; *why then says what was expected. */
static bool take_member(const json_view *key, const json_view *value, exec_message *message,
                        const char **why) {
  int64_t code = 0;
  mapper_value id;
  if (json_equals(key, "values")) {
    *why = "\"values\" is no object";
    return is_object(value, &message->values);
  }
  if (json_equals(key, "failed")) {
    *why = "\"failed\" is no object of texts";
    return is_object(value, &message->failed);
  }
  if (json_equals(key, "id")) {
    *why = "\"id\" is no whole number";
    message->has_id = number(value, MAPPER_TYPE_U64, &id);
    if (message->has_id) message->id = id.u64;
    return message->has_id;
  }
  if (json_equals(key, "ok")) {
    *why = "\"ok\" is neither true nor false";
    message->is_failure = value->kind == JSON_FALSE;
    return value->kind == JSON_TRUE || value->kind == JSON_FALSE;
  }
  if (json_equals(key, "time")) {
    *why = "\"time\" is no time in milliseconds since 1970";
    return take_time(value, &message->source_ns);
  }
  if (json_equals(key, "quality")) {
    *why = "\"quality\" is none of good, uncertain, bad";
    if (!find_word(quality_words, value, &code)) return false;
    message->quality = (uint32_t)code;
  } else if (json_equals(key, "status")) {
    *why = "\"status\" is none of timeout, invalid, not-found, unsupported, unavailable, busy, "
           "denied, protocol, type, internal";
    if (!find_word(status_words, value, &code)) return false;
    message->status = (mapper_status)code;
  } else if (json_equals(key, "link")) {
    *why = "\"link\" is none of up, down, degraded";
    if (!find_word(link_words, value, &code)) return false;
    message->link = (int32_t)code;
  } else if (json_equals(key, "level")) {
    *why = "\"level\" is none of error, warning, info, debug";
    if (!find_word(level_words, value, &code)) return false;
    message->level = (int32_t)code;
  } else if (json_equals(key, "error")) {
    *why = "\"error\" is no text";
    return is_text(value, &message->error);
  } else if (json_equals(key, "reason")) {
    *why = "\"reason\" is no text";
    return is_text(value, &message->reason);
  } else if (json_equals(key, "log")) {
    *why = "\"log\" is no text";
    return is_text(value, &message->log);
  }
  return true;
}

bool message_parse(const char *line, size_t size, exec_message *message, const char **why) {
  static const json_path whole = {0};
  *message =
      (exec_message){.status = MAPPER_PROTOCOL, .quality = MAPPER_GOOD, .level = MAPPER_LOG_INFO};
  json_view root, key, value;
  *why = "it is no JSON object";
  if (json_find(line, size, &whole, &root) != JSON_FOUND || root.kind != JSON_OBJECT) return false;
  json_cursor cursor = json_begin(&root);
  while (json_next(&cursor, &key, &value)) {
    if (!take_member(&key, &value, message, why)) return false;
  }
  *why = NULL;
  return true;
}

void message_excerpt(const char *text, size_t size, char *out, size_t capacity) {
  size_t used = size < capacity - 1 ? size : capacity - 1;
  memcpy(out, text, used);
  /* Not in the middle of a character. */
  if (used < size)
    while (used > 0 && ((uint8_t)text[used] & 0xc0) == 0x80) used--;
  bool good = json_is_utf8(out, used);
  for (size_t i = 0; i < used; i++) {
    uint8_t c = (uint8_t)out[i];
    if (c < 0x20 || c == 0x7f) out[i] = ' ';
    if (c >= 0x80 && !good) out[i] = '?';
  }
  out[used] = 0;
}

void message_text(const json_view *string, char *text, size_t capacity) {
  text[0] = 0;
  if (!string->start || string->kind != JSON_STRING) return;
  char *whole = malloc(string->size + 1);
  if (!whole) return;
  size_t size = json_unescape(string, whole);
  message_excerpt(whole, size, text, capacity);
  free(whole);
}
