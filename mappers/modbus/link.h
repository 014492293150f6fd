/* SPDX-License-Identifier: Apache-2.0
 *
 * What is under a line: a socket or a serial port, and waiting for it.
 */
#ifndef MODBUS_LINK_H
#define MODBUS_LINK_H

#include "endpoint.h"

/* CLOCK_MONOTONIC. */
int64_t link_now_ns(void);

/* Waits until the descriptor is ready for `events`; with -1, for the end of the time alone. `now`
 * is the time now. OK, TIMEOUT or CANCELLED; nothing is recorded. */
mapper_status link_wait(int fd, const mapper_call *call, short events, int64_t now, int64_t until);

/* Connects, or opens the port. OK with a non-blocking descriptor in *fd; else the reason is
 * recorded with the call: UNAVAILABLE or CANCELLED. */
mapper_status link_open(const endpoint *endpoint, mapper_host *host, const mapper_call *call,
                        int *fd);

/* UNAVAILABLE, recorded as "<line>: <doing>: <error>". */
mapper_status link_failed(const endpoint *endpoint, const mapper_call *call, int error,
                          const char *doing);

#endif
