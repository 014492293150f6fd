/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void hand_over(const char *text, size_t size, line_receiver *receive, void *context) {
  if (text && size > 0 && text[size - 1] == '\r') size--;
  if (size > 0) receive(context, text, size);
}

static void keep(line_buffer *lines, const char *bytes, size_t size) {
  size_t before = lines->size;
  lines->size = size > SIZE_MAX - before ? SIZE_MAX : before + size;
  if (lines->size > lines->limit || (before > 0 && !lines->bytes)) {
    free(lines->bytes); /* too long, or no memory for what came before */
    lines->bytes = NULL;
    return;
  }
  char *grown = realloc(lines->bytes, lines->size);
  if (!grown) {
    free(lines->bytes);
    lines->bytes = NULL;
    return;
  }
  lines->bytes = grown;
  memcpy(grown + before, bytes, size);
}

void lines_feed(line_buffer *lines, const char *bytes, size_t size, line_receiver *receive,
                void *context) {
  while (size > 0) {
    const char *end = memchr(bytes, '\n', size);
    size_t part = end ? (size_t)(end - bytes) : size;
    if (end && lines->size == 0) { /* a whole line: no copy */
      hand_over(part <= lines->limit ? bytes : NULL, part, receive, context);
    } else {
      if (part > 0) keep(lines, bytes, part);
      if (end) lines_end(lines, receive, context);
    }
    if (end) part++;
    bytes += part;
    size -= part;
  }
}

void lines_end(line_buffer *lines, line_receiver *receive, void *context) {
  hand_over(lines->bytes, lines->size, receive, context);
  lines_free(lines);
}

void lines_free(line_buffer *lines) {
  free(lines->bytes);
  lines->bytes = NULL;
  lines->size = 0;
}
