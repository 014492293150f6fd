/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "line.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mapper/helpers.h"
#include "module.h"

enum {
  /* So many timeouts in a row, with no answer of any unit between: the connection is taken for
   * dead, whatever TCP thinks. */
  SILENT_TIMEOUTS = 3,
  /* After so long without a request, the connection is looked at before it is used: many devices
   * close one that is idle. */
  IDLE_NS = 1000000000,
  /* Room for an answer and some late ones before it. */
  RECEIVE_SIZE = 4 * FRAME_LARGEST
};

struct line {
  line *next;
  uint32_t references; /* devices; guarded by lines_lock */
  uint32_t openers;    /* open devices */
  endpoint endpoint;
  int fd; /* non-blocking; -1: not connected */
  uint16_t transaction;
  uint16_t timeouts; /* in a row */
  int64_t used_ns;   /* when the last request was sent */
  size_t start, end; /* received[start..end) is not consumed yet */
  uint8_t received[RECEIVE_SIZE];
};

static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;
static line *lines;

line *line_acquire(const endpoint *endpoint) {
  pthread_mutex_lock(&lines_lock);
  line *line = lines;
  while (line && strcmp(line->endpoint.name, endpoint->name) != 0) line = line->next;
  if (!line && (line = calloc(1, sizeof *line))) {
    line->endpoint = *endpoint;
    line->fd = -1;
    line->next = lines;
    lines = line;
  }
  if (line) line->references++;
  pthread_mutex_unlock(&lines_lock);
  return line;
}

static void disconnect(line *line) {
  if (line->fd >= 0) close(line->fd);
  line->fd = -1;
  line->start = line->end = 0;
  line->timeouts = 0;
}

void line_release(line *gone) {
  pthread_mutex_lock(&lines_lock);
  bool is_last = --gone->references == 0;
  if (is_last) {
    line **link = &lines;
    while (*link != gone) link = &(*link)->next;
    *link = gone->next;
  }
  pthread_mutex_unlock(&lines_lock);
  if (!is_last) return;
  disconnect(gone);
  free(gone);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits until the socket is ready for `events`. `now` is the time now. OK, TIMEOUT or CANCELLED;
 * nothing is recorded. */
static mapper_status wait_for(const line *line, const mapper_call *call, short events, int64_t now,
                              int64_t until) {
  struct pollfd sockets[2] = {{line->fd, events, 0}, {api->cancel_fd(call), POLLIN, 0}};
  for (;;) {
    int64_t left = until > now ? until - now : 0;
    struct timespec timeout = {left / 1000000000, left % 1000000000};
    int ready = ppoll(sockets, 2, &timeout, NULL);
    if (ready > 0) return sockets[0].revents ? MAPPER_OK : MAPPER_CANCELLED;
    if (ready == 0) return MAPPER_TIMEOUT;
    now = now_ns(); /* a signal */
  }
}

/* Closes the connection because of `error` and says so. */
static mapper_status lost(line *line, const mapper_call *call, int error, const char *doing) {
  char reason[128];
  disconnect(line);
  return mapper_failf(api, call, MAPPER_UNAVAILABLE, "%s: %s: %s", line->endpoint.name, doing,
                      strerror_r(error, reason, sizeof reason));
}

static mapper_status connect_line(line *line, const mapper_call *call) {
  int one = 1, error = 0;
  socklen_t size = sizeof error;
  int64_t start = now_ns(), until = api->deadline_ns(call);
  line->fd =
      socket(line->endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (line->fd < 0) return lost(line, call, errno, "connecting");
  setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(line->fd, (struct sockaddr *)&line->endpoint.address, line->endpoint.size) != 0) {
    if (errno != EINPROGRESS) return lost(line, call, errno, "connecting");
    mapper_status status = wait_for(line, call, POLLOUT, start, until);
    if (status == MAPPER_CANCELLED) {
      disconnect(line);
      return mapper_failf(api, call, status, "%s: cancelled while connecting", line->endpoint.name);
    }
    if (status != MAPPER_OK) return lost(line, call, ETIMEDOUT, "connecting");
    if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error) return lost(line, call, error, "connecting");
  }
  line->used_ns = now_ns();
  return MAPPER_OK;
}

mapper_status line_open(line *line, const mapper_call *call) {
  mapper_status status = line_ready(line, call);
  if (status == MAPPER_OK) line->openers++;
  return status;
}

void line_close(line *line) {
  if (--line->openers == 0) disconnect(line);
}

/* Takes what has arrived. False: nothing has, errno says why (0: the other side has closed). */
static bool receive(line *line) {
  if (line->start == line->end) line->start = line->end = 0;
  if (line->start && RECEIVE_SIZE - line->end < FRAME_LARGEST) {
    memmove(line->received, line->received + line->start, line->end - line->start);
    line->end -= line->start;
    line->start = 0;
  }
  ssize_t size;
  do size = recv(line->fd, line->received + line->end, RECEIVE_SIZE - line->end, 0);
  while (size < 0 && errno == EINTR);
  if (size == 0) errno = 0;
  if (size <= 0) return false;
  line->end += (size_t)size;
  return true;
}

mapper_status line_ready(line *line, const mapper_call *call) {
  /* What has come meanwhile answers older requests and is dropped by transaction, in line_exchange;
   * the end of the stream shows here. */
  if (line->fd >= 0 && now_ns() - line->used_ns > IDLE_NS && line->end < RECEIVE_SIZE &&
      !receive(line) && errno != EAGAIN && errno != EWOULDBLOCK)
    disconnect(line);
  return line->fd >= 0 ? MAPPER_OK : connect_line(line, call);
}

static mapper_status send_request(line *line, const mapper_call *call, const uint8_t *frame,
                                  size_t size, int64_t now, int64_t until) {
  size_t sent = 0;
  for (;;) {
    ssize_t count = send(line->fd, frame + sent, size - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += (size_t)count;
      if (sent == size) return MAPPER_OK;
    } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
      return lost(line, call, errno, "sending");
    }
    /* The other side takes nothing: its window is full. */
    mapper_status status = wait_for(line, call, POLLOUT, now, until);
    if (status == MAPPER_OK) continue;
    if (status != MAPPER_CANCELLED || sent) return lost(line, call, ETIMEDOUT, "sending");
    return mapper_failf(api, call, status, "cancelled");
  }
}

static mapper_status no_answer(line *line, const mapper_call *call, const frame_request *request,
                               int64_t waited_ns) {
  int milliseconds = (int)((waited_ns + 500000) / 1000000);
  if (line->start != line->end) { /* nobody can say any more where the next frame would begin */
    disconnect(line);
    return mapper_failf(api, call, MAPPER_UNAVAILABLE,
                        "%s: unit %u stopped within an answer for %d ms", line->endpoint.name,
                        request->unit, milliseconds);
  }
  if (++line->timeouts >= SILENT_TIMEOUTS) disconnect(line);
  return mapper_failf(api, call, MAPPER_TIMEOUT, "unit %u did not answer within %d ms",
                      request->unit, milliseconds);
}

static mapper_status bad_answer(line *line, const mapper_call *call, const frame_request *request,
                                frame_verdict verdict, const frame_answer *answer) {
  if (verdict == FRAME_BROKEN) {
    disconnect(line);
    return mapper_failf(api, call, MAPPER_UNAVAILABLE,
                        "%s: what came is no Modbus frame: %s %u; connection closed",
                        line->endpoint.name, answer->what, answer->found);
  }
  return mapper_failf(api, call, MAPPER_PROTOCOL,
                      "unit %u, function %u: wrong answer: %s %u, expected %u", request->unit,
                      request->function, answer->what, answer->found, answer->expected);
}

mapper_status line_exchange(line *line, const mapper_call *call, const frame_request *request,
                            uint32_t timeout_ms, frame_answer *answer) {
  int64_t start = now_ns(), until = api->deadline_ns(call);
  if (timeout_ms && until > start + (int64_t)timeout_ms * 1000000)
    until = start + (int64_t)timeout_ms * 1000000;
  if (until <= start)
    return mapper_failf(api, call, MAPPER_TIMEOUT, "no time left to ask unit %u", request->unit);

  uint8_t frame[FRAME_LARGEST];
  uint16_t transaction = ++line->transaction;
  line->used_ns = start;
  mapper_status status =
      send_request(line, call, frame, frame_encode(request, transaction, frame), start, until);
  if (status != MAPPER_OK) return status;

  for (int64_t now = start;; now = now_ns()) {
    while (line->start != line->end) {
      frame_verdict verdict = frame_scan(line->received + line->start, line->end - line->start,
                                         request, transaction, answer);
      if (verdict == FRAME_PARTIAL) break;
      line->start += answer->size;
      line->timeouts = 0;
      if (verdict == FRAME_DATA || verdict == FRAME_EXCEPTION) return MAPPER_OK;
      if (verdict != FRAME_OTHER) return bad_answer(line, call, request, verdict, answer);
    }
    /* A stream of other frames must not hold the call: it is ready for reading all the time. */
    status = now >= until                           ? MAPPER_TIMEOUT
             : now != start && api->cancelled(call) ? MAPPER_CANCELLED
                                                    : wait_for(line, call, POLLIN, now, until);
    if (status == MAPPER_CANCELLED)
      return mapper_failf(api, call, status, "cancelled while unit %u was asked", request->unit);
    if (status == MAPPER_TIMEOUT) return no_answer(line, call, request, until - start);
    if (!receive(line) && errno != EAGAIN && errno != EWOULDBLOCK)
      return lost(line, call, errno ? errno : ECONNRESET, "receiving");
  }
}
