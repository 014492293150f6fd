/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mapper/helpers.h"
#include "module.h"
#include "serial.h"

int64_t link_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

mapper_status link_wait(int fd, const mapper_call *call, short events, int64_t now, int64_t until) {
  struct pollfd ends[2] = {{fd, events, 0}, {api->cancel_fd(call), POLLIN, 0}};
  for (;;) {
    int64_t left = until > now ? until - now : 0;
    struct timespec timeout = {left / 1000000000, left % 1000000000};
    int ready = ppoll(ends, 2, &timeout, NULL);
    if (ready > 0) return ends[0].revents ? MAPPER_OK : MAPPER_CANCELLED;
    if (ready == 0) return MAPPER_TIMEOUT;
    now = link_now_ns(); /* a signal */
  }
}

mapper_status link_failed(const endpoint *endpoint, const mapper_call *call, int error,
                          const char *doing) {
  char reason[128];
  return mapper_failf(api, call, MAPPER_UNAVAILABLE, "%s: %s: %s", endpoint->name, doing,
                      strerror_r(error, reason, sizeof reason));
}

/* OK, CANCELLED, or UNAVAILABLE with the reason in *error. */
static mapper_status connect_to(int fd, const endpoint *endpoint, const mapper_call *call,
                                int *error) {
  socklen_t size = sizeof *error;
  *error = 0;
  if (connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->size) != 0) {
    *error = errno;
    if (*error != EINPROGRESS) return MAPPER_UNAVAILABLE;
    mapper_status status = link_wait(fd, call, POLLOUT, link_now_ns(), api->deadline_ns(call));
    if (status == MAPPER_CANCELLED) return status;
    *error = ETIMEDOUT;
    if (status != MAPPER_OK) return MAPPER_UNAVAILABLE;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &size) != 0) *error = errno;
  }
  return *error ? MAPPER_UNAVAILABLE : MAPPER_OK;
}

static mapper_status open_socket(const endpoint *endpoint, const mapper_call *call, int *out) {
  int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return link_failed(endpoint, call, errno, "connecting");
  int one = 1, error;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  mapper_status status = connect_to(fd, endpoint, call, &error);
  if (status == MAPPER_OK) {
    *out = fd;
    return status;
  }
  close(fd);
  if (status == MAPPER_CANCELLED)
    return mapper_failf(api, call, status, "%s: cancelled while connecting", endpoint->name);
  return link_failed(endpoint, call, error, "connecting");
}

static mapper_status open_port(const endpoint *endpoint, mapper_host *host, const mapper_call *call,
                               int *out) {
  const char *what;
  bool is_switching;
  *out = serial_open(endpoint->path, &endpoint->serial, &is_switching, &what);
  if (*out < 0) return link_failed(endpoint, call, errno, what);
  if (!is_switching)
    mapper_logf(api, host, MAPPER_LOG_WARNING,
                "%s: rs485Enabled: the kernel cannot switch this port's transmitter; adapters that "
                "do it by themselves need no such setting",
                endpoint->path);
  return MAPPER_OK;
}

mapper_status link_open(const endpoint *endpoint, mapper_host *host, const mapper_call *call,
                        int *fd) {
  return endpoint->transport == TRANSPORT_RTU ? open_port(endpoint, host, call, fd)
                                              : open_socket(endpoint, call, fd);
}
