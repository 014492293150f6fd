/* SPDX-License-Identifier: Apache-2.0
 *
 * libFuzzer: the first byte says in what pieces the rest arrives and how long a line may be. Checks
 * that the pieces make no difference, and what must hold of any message.
 */
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "mapper/host.h"
#include "message.h"

static void require(int holds) {
  if (!holds) abort();
}

typedef struct tally {
  size_t lines, bytes, left_out;
  uint64_t hash;
  size_t limit;
} tally;

static void check_view(const json_view *view, const char *line, size_t size) {
  if (!view->start) return;
  require(view->start >= line && view->start + view->size <= line + size);
}

/* All members of an object, as points take them. */
static void check_members(const json_view *object) {
  json_view key, value;
  if (!object->start) return;
  json_cursor cursor = json_begin(object);
  while (json_next(&cursor, &key, &value)) {
    require(key.kind == JSON_STRING && key.start > object->start);
    require(value.start + value.size < object->start + object->size);
    for (mapper_type type = MAPPER_TYPE_NONE; type <= MAPPER_TYPE_BYTES; type++) {
      conversion how = {.type = type};
      mapper_value result = {0};
      buffer room = {0}, again = {0};
      const char *why;
      mapper_status status = convert_view(&how, &value, &result, &room, &why);
      require(status == MAPPER_OK || status == MAPPER_TYPE);
      /* What was read can be written. */
      if (status == MAPPER_OK) require(convert_json_value(&result, &again) == MAPPER_OK);
      buffer_free(&room);
      buffer_free(&again);
    }
  }
}

static void check_message(const char *line, size_t size) {
  exec_message message;
  const char *why;
  char text[40];
  bool good = message_parse(line, size, &message, &why);
  require(good == (why == NULL));
  if (!good) return;
  check_view(&message.values, line, size);
  check_view(&message.failed, line, size);
  check_view(&message.error, line, size);
  check_members(&message.values);
  check_members(&message.failed);
  require(message.source_ns >= 0);
  require(message.link >= 0 && message.link <= MAPPER_LINK_DEGRADED);
  require(message.level >= MAPPER_LOG_ERROR && message.level <= MAPPER_LOG_DEBUG);
  message_text(&message.log, text, sizeof text);
  require(strlen(text) < sizeof text && json_is_utf8(text, strlen(text)));
}

static void receive(void *context, const char *text, size_t size) {
  tally *tally = context;
  tally->lines++;
  require(size > 0 && (text != NULL) == (size <= tally->limit));
  if (!text) {
    tally->left_out++;
    return;
  }
  require(memchr(text, '\n', size) == NULL);
  tally->bytes += size;
  for (size_t i = 0; i < size; i++) tally->hash = (tally->hash ^ (uint8_t)text[i]) * 0x100000001b3u;
  char shown[24];
  message_excerpt(text, size, shown, sizeof shown);
  require(strlen(shown) < sizeof shown && json_is_utf8(shown, strlen(shown)));
  check_message(text, size);
}

static tally cut(const uint8_t *data, size_t size, size_t part, size_t limit) {
  line_buffer lines = {.limit = limit};
  tally tally = {.limit = limit};
  for (size_t at = 0; at < size; at += part) {
    size_t length = size - at < part ? size - at : part;
    char *copy = malloc(length); /* so that each byte beyond it is seen */
    memcpy(copy, data + at, length);
    lines_feed(&lines, copy, length, receive, &tally);
    free(copy);
  }
  lines_end(&lines, receive, &tally);
  lines_free(&lines);
  return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool is_ready;
  if (!is_ready) is_ready = convert_prepare();
  if (size == 0) return 0;
  size_t part = 1 + data[0] % 16, limit = data[0] & 0x80 ? 20 : 4096;
  tally pieces = cut(data + 1, size - 1, part, limit), whole = cut(data + 1, size - 1, size, limit);
  require(pieces.lines == whole.lines && pieces.bytes == whole.bytes);
  require(pieces.left_out == whole.left_out && pieces.hash == whole.hash);
  return 0;
}
