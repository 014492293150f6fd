/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages between the mapper and a program: one JSON object a line. README.md has the list.
 * No process, no I/O.
 */
#ifndef EXEC_MESSAGE_H
#define EXEC_MESSAGE_H

#include "../json/convert.h"

/* A line of a program. The views point into it; one that is absent has no start. */
typedef struct exec_message {
  bool has_id;
  uint64_t id;
  bool is_failure;      /* "ok": false */
  mapper_status status; /* "status" of what failed: MAPPER_PROTOCOL unless it says another */
  json_view error;      /* a string */
  json_view values;     /* an object */
  json_view failed;     /* an object: field, why */
  uint32_t quality;
  int64_t source_ns; /* "time", or 0 */
  int32_t link;      /* MAPPER_LINK_…, or 0 */
  json_view reason;  /* a string, beside "link" */
  json_view log;     /* a string */
  int32_t level;     /* MAPPER_LOG_… */
} exec_message;

/* False when it is no message; `why` then says what is wrong. Members with unknown names are
 * skipped. */
bool message_parse(const char *line, size_t size, exec_message *message, const char **why);

/* Copies a string of a message, cut to the capacity at a whole character, with a NUL. Control
 * characters become spaces. */
void message_text(const json_view *string, char *text, size_t capacity);

/* The same for a text that need not be JSON. */
void message_excerpt(const char *text, size_t size, char *out, size_t capacity);

#endif
