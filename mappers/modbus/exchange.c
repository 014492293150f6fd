/* SPDX-License-Identifier: Apache-2.0
 *
 * One request and its answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line_private.h"
#include "mapper/helpers.h"
#include "module.h"
#include "rtu.h"

enum {
  /* So many timeouts in a row, with no answer of any unit between: the connection is taken for
   * dead, whatever TCP thinks. */
  SILENT_TIMEOUTS = 3,
  /* After something that was no answer, a serial line has to be quiet for so long. */
  UNSETTLED_NS = 20000000,
  NO_UNIT = -1
};

static const int64_t millisecond_ns = 1000000;

/* Closes the connection because of `error` and says so. */
static mapper_status lost(line *line, const mapper_call *call, int error, const char *doing) {
  line_disconnect(line);
  return link_failed(&line->endpoint, call, error, doing);
}

static bool is_nothing_yet(void) { return errno == EAGAIN || errno == EWOULDBLOCK; }

/* Waits for the pause before a request. On lines of RTU, where late bytes could be taken for the
 * answer, drops them, and waits until no more come. */
static mapper_status settle(line *line, const mapper_call *call, const frame_request *request,
                            int64_t delay_ns, int64_t until) {
  int64_t pause = line->pause_ns > delay_ns ? line->pause_ns : delay_ns;
  for (;;) {
    int64_t now = link_now_ns();
    if (line->is_rtu) {
      line->start = line->end = 0;
      if (line_receive(line)) {
        line->heard_ns = now;
        line->is_unsettled = true;
      } else if (!is_nothing_yet()) {
        return lost(line, call, errno ? errno : ECONNRESET, "receiving");
      }
    }
    if (line->is_unsettled && pause < UNSETTLED_NS) pause = UNSETTLED_NS;
    int64_t quiet = line->heard_ns + pause;
    if (now >= quiet && (!line->is_rtu || line->start == line->end)) break;
    if (now >= until)
      return mapper_failf(api, call, MAPPER_TIMEOUT, "no time left to ask unit %u: the line was %s",
                          request->unit, line->is_unsettled ? "never quiet" : "waiting");
    mapper_status status =
        link_wait(line->is_rtu ? line->fd : -1, call, POLLIN, now, quiet < until ? quiet : until);
    /* A line that is never quiet is ready for reading all the time. */
    if (status == MAPPER_CANCELLED || api->cancelled(call))
      return mapper_failf(api, call, MAPPER_CANCELLED, "cancelled before unit %u was asked",
                          request->unit);
  }
  line->is_unsettled = false;
  return MAPPER_OK;
}

static mapper_status send_request(line *line, const mapper_call *call, const uint8_t *frame,
                                  size_t size, int64_t until) {
  bool is_port = line->endpoint.transport == TRANSPORT_RTU;
  size_t sent = 0;
  for (;;) {
    ssize_t count = is_port ? write(line->fd, frame + sent, size - sent)
                            : send(line->fd, frame + sent, size - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += (size_t)count;
      if (sent == size) return MAPPER_OK;
    } else if (errno != EINTR && !is_nothing_yet()) {
      return lost(line, call, errno, "sending");
    }
    /* The other side takes nothing: its window is full. */
    mapper_status status = link_wait(line->fd, call, POLLOUT, link_now_ns(), until);
    if (status == MAPPER_OK) continue;
    if (status != MAPPER_CANCELLED || sent) return lost(line, call, ETIMEDOUT, "sending");
    return mapper_failf(api, call, status, "cancelled");
  }
}

static mapper_status no_answer(line *line, const mapper_call *call, const frame_request *request,
                               int64_t waited_ns, int other_unit) {
  int milliseconds = (int)((waited_ns + 500000) / millisecond_ns);
  size_t bytes = line->end - line->start;
  if (line->is_rtu && bytes) {
    line->is_unsettled = true;
    return mapper_failf(api, call, MAPPER_PROTOCOL,
                        "unit %u, function %u: no whole answer within %d ms: %zu bytes came",
                        request->unit, request->function, milliseconds, bytes);
  }
  if (bytes) { /* nobody can say any more where the next frame would begin */
    line_disconnect(line);
    return mapper_failf(api, call, MAPPER_UNAVAILABLE,
                        "%s: unit %u stopped within an answer for %d ms", line->endpoint.name,
                        request->unit, milliseconds);
  }
  if (other_unit != NO_UNIT)
    return mapper_failf(api, call, MAPPER_PROTOCOL,
                        "unit %u, function %u: wrong answer: unit %d, expected %u", request->unit,
                        request->function, other_unit, request->unit);
  if (++line->timeouts >= SILENT_TIMEOUTS && line->endpoint.transport != TRANSPORT_RTU)
    line_disconnect(line);
  return mapper_failf(api, call, MAPPER_TIMEOUT, "unit %u did not answer within %d ms",
                      request->unit, milliseconds);
}

static mapper_status bad_answer(line *line, const mapper_call *call, const frame_request *request,
                                frame_verdict verdict, const frame_answer *answer) {
  line->is_unsettled = line->is_rtu;
  if (verdict == FRAME_BROKEN && !line->is_rtu) {
    line_disconnect(line);
    return mapper_failf(api, call, MAPPER_UNAVAILABLE,
                        "%s: what came is no Modbus frame: %s %u; connection closed",
                        line->endpoint.name, answer->what, answer->found);
  }
  bool is_crc = strcmp(answer->what, "CRC") == 0;
  return mapper_failf(api, call, MAPPER_PROTOCOL,
                      is_crc ? "unit %u, function %u: wrong answer: %s 0x%04x, expected 0x%04x"
                             : "unit %u, function %u: wrong answer: %s %u, expected %u",
                      request->unit, request->function, answer->what, answer->found,
                      answer->expected);
}

static frame_verdict scan(const line *line, const frame_request *request, uint16_t transaction,
                          frame_answer *answer) {
  const uint8_t *bytes = line->received + line->start;
  size_t size = line->end - line->start;
  if (!line->is_rtu) return frame_scan(bytes, size, request, transaction, answer);
  frame_verdict verdict = rtu_scan(bytes, size, request, answer);
  if (verdict != FRAME_PARTIAL || size < 2 * RTU_LARGEST) return verdict;
  return frame_differs(answer, FRAME_BROKEN, "bytes", (unsigned)size,
                       (unsigned)rtu_answer_size(request));
}

/* Waits for the answer to a request that was sent at `start`. */
static mapper_status await_answer(line *line, const mapper_call *call, const frame_request *request,
                                  uint16_t transaction, int64_t start, int64_t until,
                                  frame_answer *answer) {
  int other_unit = NO_UNIT;
  for (int64_t now = start;; now = link_now_ns()) {
    while (line->start != line->end) {
      frame_verdict verdict = scan(line, request, transaction, answer);
      if (verdict == FRAME_PARTIAL) break;
      line->start += answer->size;
      line->timeouts = 0;
      if (verdict == FRAME_DATA || verdict == FRAME_EXCEPTION) return MAPPER_OK;
      if (verdict != FRAME_OTHER) return bad_answer(line, call, request, verdict, answer);
      if (line->is_rtu) other_unit = (int)answer->found;
    }
    /* A stream of other frames must not hold the call: it is ready for reading all the time. */
    mapper_status status = now >= until ? MAPPER_TIMEOUT
                           : now != start && api->cancelled(call)
                               ? MAPPER_CANCELLED
                               : link_wait(line->fd, call, POLLIN, now, until);
    if (status == MAPPER_CANCELLED) {
      line->is_unsettled = line->is_rtu;
      return mapper_failf(api, call, status, "cancelled while unit %u was asked", request->unit);
    }
    if (status == MAPPER_TIMEOUT) return no_answer(line, call, request, until - start, other_unit);
    if (line_receive(line)) {
      if (line->is_rtu) line->heard_ns = link_now_ns();
    } else if (!is_nothing_yet()) {
      return lost(line, call, errno ? errno : ECONNRESET, "receiving");
    }
  }
}

mapper_status line_exchange(line *line, const mapper_call *call, const frame_request *request,
                            line_timing timing, frame_answer *answer) {
  int64_t start = link_now_ns(), deadline = api->deadline_ns(call);
  if (deadline <= start)
    return mapper_failf(api, call, MAPPER_TIMEOUT, "no time left to ask unit %u", request->unit);
  if (line->is_rtu || timing.delay_ms) {
    mapper_status status =
        settle(line, call, request, (int64_t)timing.delay_ms * millisecond_ns, deadline);
    if (status != MAPPER_OK) return status;
    start = link_now_ns();
  }

  uint8_t frame[FRAME_LARGEST];
  uint16_t transaction = ++line->transaction;
  size_t size =
      line->is_rtu ? rtu_encode(request, frame) : frame_encode(request, transaction, frame);
  int64_t until = deadline;
  if (timing.timeout_ms) {
    int64_t on_line = line->byte_ns * (int64_t)(size + rtu_answer_size(request));
    until = start + (int64_t)timing.timeout_ms * millisecond_ns + on_line;
    if (until > deadline) until = deadline;
  }
  line->used_ns = start;
  mapper_status status = send_request(line, call, frame, size, until);
  if (status != MAPPER_OK) return status;
  line->heard_ns = start + line->byte_ns * (int64_t)size;
  status = await_answer(line, call, request, transaction, start, until, answer);
  if (timing.delay_ms) line->heard_ns = link_now_ns();
  return status;
}
