// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
// Many readers of one stream over a unix socket: each sends a request and reads what comes.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

static const char *path = "", *target = "/v1/watch";
static double connections = 1000, seconds = 10, warmup = 2, pid = 0;

static int connect_one(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail("%s: too long for a socket", path);
  strcpy(address.sun_path, path);
  int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file < 0) fail("socket: %s", strerror(errno));
  for (int attempt = 0; connect(file, (struct sockaddr *)&address, sizeof address); attempt++) {
    if (attempt > 1000) fail("%s: %s", path, strerror(errno));
    usleep(10000);
  }
  char request[512];
  int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", target);
  if (write(file, request, (size_t)length) != length) fail("write: %s", strerror(errno));
  fcntl(file, F_SETFL, O_NONBLOCK);
  return file;
}

/// Events in what was read: each ends with an empty line. The end of a piece may lie within it.
static unsigned long count_events(const char *text, size_t length, char *last) {
  unsigned long events = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '\n' && *last == '\n') events++;
    *last = text[i];
  }
  return events;
}

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"socket", "path of the server's unix socket", &path, NULL},
      {"target", "what to ask for", &target, NULL},
      {"connections", "readers", NULL, &connections},
      {"seconds", "time that is measured", NULL, &seconds},
      {"warmup", "time before", NULL, &warmup},
      {"pid", "the server, whose CPU is measured", NULL, &pid},
  };
  read_options(argc, argv, "Reads one stream of events many times.", specs,
               sizeof specs / sizeof *specs);
  int poller = epoll_create1(EPOLL_CLOEXEC);
  size_t count = (size_t)connections;
  char *last = calloc(count, 1);
  int *files = calloc(count, sizeof *files);
  if (poller < 0 || !last || !files) fail("out of memory");
  for (size_t i = 0; i < count; i++) {
    files[i] = connect_one();
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, files[i], &event)) fail("epoll: %s", strerror(errno));
  }
  int64_t begin = monotonic_ns() + (int64_t)(warmup * 1e9), end = begin + (int64_t)(seconds * 1e9);
  int64_t cpu = 0;
  bool measuring = false;
  unsigned long events = 0, bytes = 0, closed = 0;
  static char buffer[1 << 16];
  for (int64_t now; (now = monotonic_ns()) < end;) {
    if (!measuring && now >= begin) {
      measuring = true;
      cpu = tree_cpu_ns((pid_t)pid);
      events = bytes = 0;
    }
    struct epoll_event ready[256];
    int found = epoll_wait(poller, ready, 256, 20);
    for (int i = 0; i < found; i++) {
      size_t reader = ready[i].data.u64;
      ssize_t length;
      while ((length = read(files[reader], buffer, sizeof buffer)) > 0) {
        bytes += (unsigned long)length;
        events += count_events(buffer, (size_t)length, &last[reader]);
        if (length < (ssize_t)sizeof buffer) break;
      }
      if (length == 0) {
        closed++;
        epoll_ctl(poller, EPOLL_CTL_DEL, files[reader], NULL);
      }
    }
  }
  cpu = tree_cpu_ns((pid_t)pid) - cpu;
  printf("{\"events\":%lu,\"bytes\":%lu,\"closed\":%lu,\"seconds\":%.3f,\"cpu_s\":%.4f}\n", events,
         bytes, closed, seconds, (double)cpu / 1e9);
  return closed ? 1 : 0;
}
