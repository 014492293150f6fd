// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
// Writes the same bytes to every connection of a unix socket, so many times a second: what telling
// many watchers costs without knowing anything.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

static const char *path = "";
static double bytes = 300, rate = 10;

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"socket", "path of the unix socket", &path, NULL},
      {"bytes", "of an event", NULL, &bytes},
      {"rate", "events a second", NULL, &rate},
  };
  read_options(argc, argv, "Writes the same bytes to every connection.", specs,
               sizeof specs / sizeof *specs);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail("%s: too long for a socket", path);
  strcpy(address.sun_path, path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
    fail("%s: %s", path, strerror(errno));
  size_t length = (size_t)bytes < 4 ? 4 : (size_t)bytes, count = 0, capacity = 0;
  char *event = malloc(length);
  int *files = NULL;
  if (!event) fail("out of memory");
  memset(event, 'x', length);
  event[length - 1] = event[length - 2] = '\n';
  catch_stop();
  int64_t period = (int64_t)(1e9 / rate), next = monotonic_ns() + period;
  while (!stop_requested) {
    int64_t left = next - monotonic_ns();
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (left > 0 && poll(&waiting, 1, (int)(left / 1000000) + 1) > 0) {
      int file = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (file < 0) continue;
      if (count == capacity) {
        capacity = capacity ? capacity * 2 : 64;
        files = realloc(files, capacity * sizeof *files);
        if (!files) fail("out of memory");
      }
      files[count++] = file;
      continue;
    }
    if (left > 0) continue;
    for (size_t i = 0; i < count; i++)
      if (write(files[i], event, length) < 0 && errno == EPIPE) files[i] = files[--count];
    next += period;
  }
  unlink(path);
  return 0;
}
