/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts a stream of bytes into lines.
 */
#ifndef EXEC_LINES_H
#define EXEC_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Holds the beginning of a line whose end has not come yet, up to `limit` bytes. Of a longer line
 * nothing is handed over but its size, once it ends. All zero but the limit at first. */
typedef struct line_buffer {
  size_t limit;
  char *bytes;
  size_t size; /* of the line so far, also of one that is too long */
} line_buffer;

/* A line without its end (LF or CR LF). `text` is null when it was longer than the limit, or when
 * there was no memory for it. */
typedef void line_receiver(void *context, const char *text, size_t size);

void lines_feed(line_buffer *lines, const char *bytes, size_t size, line_receiver *receive,
                void *context);
/* Hands over the last line, if the stream ended without LF. */
void lines_end(line_buffer *lines, line_receiver *receive, void *context);
void lines_free(line_buffer *lines);

#endif
