/* SPDX-License-Identifier: Apache-2.0
 *
 * A line: the one connection to a host and port, or the one serial port, shared by all devices
 * (units) on it.
 *
 * The host calls devices of one line one at a time, since their lane has the line's name. So a line
 * needs no lock of its own; the list of all lines has one.
 */
#ifndef MODBUS_LINE_H
#define MODBUS_LINE_H

#include "endpoint.h"
#include "frame.h"

typedef struct line line;

/* The line to this endpoint, made if there is none yet; null: out of memory. A private one is the
 * caller's alone. No I/O. */
line *line_acquire(const endpoint *endpoint, mapper_host *host);
line *line_acquire_private(const endpoint *endpoint, mapper_host *host);
void line_release(line *line);

/* Connects, unless another device has; each successful open is undone by one close, the last of
 * which ends the connection. A port is open with the settings of one endpoint: UNAVAILABLE if this
 * one has others. */
mapper_status line_open(line *line, const endpoint *endpoint, const mapper_call *call);
void line_close(line *line);

/* Before the first request of a call: connects again if the connection was lost or closed by the
 * other side since the last call. */
mapper_status line_ready(line *line, const mapper_call *call);

/* Sends one request and waits for its answer until the deadline, or timing.timeout_ms if that is
 * sooner and not 0 (a serial line adds the time that the bytes take on it). OK: answer->exception,
 * or data that stay until the next call on the line. Otherwise the reason is recorded with the
 * call:
 *   CANCELLED, TIMEOUT  the connection stays; an answer that comes late is dropped
 *   PROTOCOL            what came does not answer the request; the connection stays
 *   UNAVAILABLE         the connection is gone or out of step, and closed */
mapper_status line_exchange(line *line, const mapper_call *call, const frame_request *request,
                            line_timing timing, frame_answer *answer);

#endif
