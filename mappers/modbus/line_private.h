/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a line, for line.c (sharing, connecting) and exchange.c (asking).
 */
#ifndef MODBUS_LINE_PRIVATE_H
#define MODBUS_LINE_PRIVATE_H

#include "line.h"
#include "link.h"

enum { LINE_RECEIVE_SIZE = 4 * FRAME_LARGEST /* an answer and some late ones before it */ };

struct line {
  line *next;
  uint32_t references; /* devices; guarded by the list's lock */
  uint32_t openers;    /* open devices */
  endpoint endpoint;
  mapper_host *host;
  bool is_rtu, is_private;
  bool is_unsettled; /* RTU: what came last was no answer, and there may be more of it */
  int fd;            /* non-blocking; -1: not connected */
  uint16_t transaction;
  uint16_t timeouts; /* in a row */
  int64_t used_ns;   /* when the last request was sent */
  int64_t heard_ns;  /* RTU: when the last byte was sent or came */
  int64_t byte_ns;   /* serial: what one byte takes */
  int64_t pause_ns;  /* serial: between frames */
  size_t start, end; /* received[start..end) is not consumed yet */
  uint8_t received[LINE_RECEIVE_SIZE];
};

void line_disconnect(line *line);
/* Takes what has arrived. False: nothing has, errno says why (0: the other side has closed). */
bool line_receive(line *line);

#endif
