/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line_private.h"
#include "mapper/helpers.h"
#include "module.h"
#include "serial.h"

enum {
  /* After so long without a request, the connection is looked at before it is used: many devices
   * close one that is idle. */
  IDLE_NS = 1000000000,
};

static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;
static line *lines;

static line *make(const endpoint *endpoint, mapper_host *host) {
  line *line = calloc(1, sizeof *line);
  if (!line) return NULL;
  line->endpoint = *endpoint;
  line->host = host;
  line->fd = -1;
  line->is_rtu = endpoint_is_rtu(endpoint);
  if (endpoint->transport == TRANSPORT_RTU) {
    line->byte_ns = serial_byte_ns(&endpoint->serial);
    line->pause_ns = serial_pause_ns(&endpoint->serial);
  }
  line->references = 1;
  return line;
}

line *line_acquire_private(const endpoint *endpoint, mapper_host *host) {
  line *line = make(endpoint, host);
  if (line) line->is_private = true;
  return line;
}

line *line_acquire(const endpoint *endpoint, mapper_host *host) {
  pthread_mutex_lock(&lines_lock);
  line *line = lines;
  while (line && (strcmp(line->endpoint.name, endpoint->name) != 0 ||
                  line->endpoint.transport != endpoint->transport))
    line = line->next;
  if (line) {
    line->references++;
  } else if ((line = make(endpoint, host))) {
    line->next = lines;
    lines = line;
  }
  pthread_mutex_unlock(&lines_lock);
  return line;
}

void line_disconnect(line *line) {
  if (line->fd >= 0) close(line->fd);
  line->fd = -1;
  line->start = line->end = 0;
  line->timeouts = 0;
}

void line_release(line *gone) {
  pthread_mutex_lock(&lines_lock);
  bool is_last = --gone->references == 0;
  if (is_last && !gone->is_private) {
    line **link = &lines;
    while (*link != gone) link = &(*link)->next;
    *link = gone->next;
  }
  pthread_mutex_unlock(&lines_lock);
  if (!is_last) return;
  line_disconnect(gone);
  free(gone);
}

static mapper_status connect_line(line *line, const mapper_call *call) {
  mapper_status status = link_open(&line->endpoint, line->host, call, &line->fd);
  line->used_ns = line->heard_ns = link_now_ns();
  return status;
}

static bool is_set_alike(const serial_settings *a, const serial_settings *b) {
  return a->baud == b->baud && a->parity == b->parity && a->stop_bits == b->stop_bits &&
         a->rs485 == b->rs485;
}

mapper_status line_open(line *line, const endpoint *endpoint, const mapper_call *call) {
  serial_settings *now = &line->endpoint.serial;
  if (endpoint->transport == TRANSPORT_RTU && line->openers &&
      !is_set_alike(now, &endpoint->serial)) {
    char open[24], wanted[24];
    serial_describe(now, open, sizeof open);
    serial_describe(&endpoint->serial, wanted, sizeof wanted);
    return mapper_failf(api, call, MAPPER_UNAVAILABLE,
                        "%s: open with %s%s for other devices: expected the same, not %s%s",
                        line->endpoint.name, open, now->rs485 ? " and rs485Enabled" : "", wanted,
                        endpoint->serial.rs485 ? " and rs485Enabled" : "");
  }
  if (endpoint->transport == TRANSPORT_RTU && !line->openers) { /* the name is read by others */
    *now = endpoint->serial;
    memcpy(line->endpoint.path, endpoint->path, sizeof endpoint->path);
    line->byte_ns = serial_byte_ns(now);
    line->pause_ns = serial_pause_ns(now);
  }
  mapper_status status = line_ready(line, call);
  if (status == MAPPER_OK) line->openers++;
  return status;
}

void line_close(line *line) {
  if (--line->openers == 0) line_disconnect(line);
}

bool line_receive(line *line) {
  if (line->start == line->end) line->start = line->end = 0;
  if (line->start && LINE_RECEIVE_SIZE - line->end < FRAME_LARGEST) {
    memmove(line->received, line->received + line->start, line->end - line->start);
    line->end -= line->start;
    line->start = 0;
  }
  ssize_t size;
  do size = read(line->fd, line->received + line->end, LINE_RECEIVE_SIZE - line->end);
  while (size < 0 && errno == EINTR);
  if (size == 0) errno = 0;
  if (size <= 0) return false;
  line->end += (size_t)size;
  return true;
}

mapper_status line_ready(line *line, const mapper_call *call) {
  /* What has come meanwhile answers older requests and is dropped by transaction, in line_exchange;
   * the end of the stream shows here. */
  if (line->fd >= 0 && link_now_ns() - line->used_ns > IDLE_NS) {
    if (line->is_rtu) line->start = line->end = 0;
    if (line->end < LINE_RECEIVE_SIZE && !line_receive(line) && errno != EAGAIN &&
        errno != EWOULDBLOCK)
      line_disconnect(line);
  }
  return line->fd >= 0 ? MAPPER_OK : connect_line(line, call);
}
