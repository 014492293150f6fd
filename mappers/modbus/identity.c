/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "mapper/helpers.h"
#include "module.h"

enum { BASIC = 1, REGULAR = 2, EXTENDED = 3, REQUESTS_MOST = 16 };

/* As the standard lays the answer out, behind the MEI type. */
enum { AT_CONFORMITY = 1, AT_MORE = 2, AT_NEXT = 3, AT_COUNT = 4, AT_OBJECTS = 5 };

const char *identity_text(const identity *identity, uint8_t id) {
  for (uint32_t i = 0; i < identity->count; i++)
    if (identity->objects[i].id == id) return identity->objects[i].text;
  return NULL;
}

/* Control characters, and texts that are no UTF-8, would be refused further up. */
static void clean(char *text, size_t size) {
  bool is_text = codec_is_utf8((const uint8_t *)text, size);
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte < 0x20 || byte == 0x7f || (!is_text && byte >= 0x80)) text[i] = '?';
  }
}

static void add(identity *identity, uint8_t id, const uint8_t *bytes, size_t size) {
  while (size && (bytes[size - 1] == 0 || bytes[size - 1] == ' ')) size--;
  if (identity->count == IDENTITY_OBJECTS || identity->used + size + 1 > IDENTITY_ROOM ||
      identity_text(identity, id))
    return;
  char *text = identity->room + identity->used;
  memcpy(text, bytes, size);
  text[size] = 0;
  clean(text, size);
  identity->objects[identity->count].id = id;
  identity->objects[identity->count++].text = text;
  identity->used += size + 1;
}

/* The objects of one kind of access, over as many requests as the device needs. */
static mapper_status read_kind(line *line, const mapper_call *call, uint8_t unit,
                               line_timing timing, uint16_t kind, identity *out, uint8_t *exception,
                               uint8_t *conformity) {
  uint16_t next = 0;
  if (kind == REGULAR) next = 3;
  if (kind == EXTENDED) next = 0x80;
  for (int i = 0; i < REQUESTS_MOST; i++) {
    frame_request request = {unit, FUNCTION_IDENTIFICATION, next, kind, NULL};
    frame_answer answer = {0};
    mapper_status status = line_exchange(line, call, &request, timing, &answer);
    *exception = answer.exception;
    if (status != MAPPER_OK || answer.exception) return status;
    const uint8_t *at = answer.data + AT_OBJECTS;
    for (unsigned left = answer.data[AT_COUNT]; left; left--, at += 2 + at[1])
      add(out, at[0], at + 2, at[1]);
    *conformity = answer.data[AT_CONFORMITY];
    if (answer.data[AT_MORE] != 0xff || answer.data[AT_NEXT] <= next) return MAPPER_OK;
    next = answer.data[AT_NEXT];
  }
  return MAPPER_OK;
}

mapper_status identity_read(line *line, const mapper_call *call, uint8_t unit, line_timing timing,
                            bool is_all, identity *out, uint8_t *exception) {
  out->count = 0;
  out->used = 0;
  uint8_t conformity = 0, refused = 0;
  mapper_status status = read_kind(line, call, unit, timing, BASIC, out, exception, &conformity);
  if (status != MAPPER_OK || *exception) return status;
  /* What else there is, as the device says; an exception there leaves what has come. */
  uint8_t level = conformity & 0x7f;
  for (uint16_t kind = REGULAR; is_all && kind <= EXTENDED && kind <= level; kind++) {
    status = read_kind(line, call, unit, timing, kind, out, &refused, &conformity);
    if (status != MAPPER_OK) return status;
  }
  return MAPPER_OK;
}

void identity_title(const identity *identity, char *text, size_t capacity) {
  size_t size = 0;
  if (capacity) text[0] = 0;
  for (uint8_t id = 0; id < 3; id++) {
    const char *part = identity_text(identity, id);
    if (!part || !*part || size + 2 > capacity) continue;
    int wrote = snprintf(text + size, capacity - size, "%s%s", size ? " " : "", part);
    size += (size_t)wrote < capacity - size ? (size_t)wrote : capacity - size - 1;
  }
  while (!codec_is_utf8((const uint8_t *)text, strlen(text))) text[strlen(text) - 1] = 0; /* cut */
}

static void escape(const char *from, char *to, size_t capacity) {
  size_t size = 0;
  for (; *from && size + 2 < capacity; from++) {
    if (*from == '"' || *from == '\\') to[size++] = '\\'; /* no others are left, see clean */
    to[size++] = *from;
  }
  to[size] = 0;
}

void identity_json(const identity *identity, char *text, size_t capacity) {
  static const char *const names[] = {"vendorName",         "productCode", "majorMinorRevision",
                                      "vendorUrl",          "productName", "modelName",
                                      "userApplicationName"};
  size_t size = (size_t)snprintf(text, capacity, "{");
  for (uint32_t i = 0; i < identity->count; i++) {
    char name[24], value[2 * 256];
    uint8_t id = identity->objects[i].id;
    if (id < sizeof names / sizeof *names)
      snprintf(name, sizeof name, "%s", names[id]);
    else
      snprintf(name, sizeof name, "0x%02x", id);
    escape(identity->objects[i].text, value, sizeof value);
    size += (size_t)snprintf(text + size, capacity - size, "%s\"%s\":\"%s\"", i ? "," : "", name,
                             value);
  }
  snprintf(text + size, capacity - size, "}");
}
