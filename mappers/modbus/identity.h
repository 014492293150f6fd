/* SPDX-License-Identifier: Apache-2.0
 *
 * What a device says of itself: function 43 with MEI type 14.
 */
#ifndef MODBUS_IDENTITY_H
#define MODBUS_IDENTITY_H

#include "line.h"

enum { IDENTITY_ROOM = 2048, IDENTITY_OBJECTS = 32 };

/* The objects in the order in which they came. Texts are UTF-8: what is none came as "?". */
typedef struct identity {
  uint32_t count;
  struct {
    uint8_t id;
    const char *text; /* in `room`, NUL-terminated */
  } objects[IDENTITY_OBJECTS];
  size_t used;
  char room[IDENTITY_ROOM];
} identity;

/* Asks for the basic objects, or for all that the device has. OK with what there is, or with the
 * exception that refused it in *exception. What does not fit is left out. */
mapper_status identity_read(line *line, const mapper_call *call, uint8_t unit, line_timing timing,
                            bool is_all, identity *out, uint8_t *exception);

/* The text of object `id`, or null. */
const char *identity_text(const identity *identity, uint8_t id);

/* "Acme TX-3 2.1": vendor, product, revision. Empty if none is there. */
void identity_title(const identity *identity, char *text, size_t capacity);

/* A JSON object: the standard's names for objects 0 to 6, else "0x80". At least IDENTITY_JSON bytes
 * hold any. */
enum { IDENTITY_JSON = 6 * IDENTITY_ROOM + IDENTITY_OBJECTS * 32 };
void identity_json(const identity *identity, char *text, size_t capacity);

#endif
