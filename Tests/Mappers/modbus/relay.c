/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { STOP = 1, HANG_UP = 1 << 16 };

struct relay {
  pthread_t thread;
  int listener, port, serial, wake;
};

static void pass(int from, int to, int *client) {
  uint8_t bytes[1024];
  ssize_t got = read(from, bytes, sizeof bytes);
  for (ssize_t at = 0; at < got && to >= 0;) {
    ssize_t count = write(to, bytes + at, (size_t)(got - at));
    if (count <= 0) return;
    at += count;
  }
  if (got > 0 || from != *client) return;
  close(*client);
  *client = -1;
}

static void *run(void *argument) {
  relay *relay = argument;
  for (int client = -1;;) {
    struct pollfd ends[] = {{relay->wake, POLLIN, 0},
                            {relay->serial, POLLIN, 0},
                            {client < 0 ? relay->listener : client, POLLIN, 0}};
    poll(ends, 3, -1);
    if (ends[0].revents) {
      eventfd_t value;
      eventfd_read(relay->wake, &value);
      if (client >= 0) close(client);
      client = -1;
      if (value % HANG_UP) return NULL;
      continue;
    }
    if (ends[1].revents) pass(relay->serial, client, &client);
    if (ends[2].revents && client >= 0)
      pass(client, relay->serial, &client);
    else if (ends[2].revents)
      client = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
  }
}

relay *relay_start(const char *port_path) {
  relay *relay = calloc(1, sizeof *relay);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  struct termios raw;
  if (!relay) abort();
  relay->serial = open(port_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  relay->wake = eventfd(0, EFD_CLOEXEC);
  relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (tcgetattr(relay->serial, &raw) != 0) abort();
  cfmakeraw(&raw);
  if (tcsetattr(relay->serial, TCSANOW, &raw) != 0 ||
      bind(relay->listener, (struct sockaddr *)&address, size) != 0 ||
      listen(relay->listener, 4) != 0 ||
      getsockname(relay->listener, (struct sockaddr *)&address, &size) != 0 ||
      pthread_create(&relay->thread, NULL, run, relay) != 0)
    abort();
  relay->port = ntohs(address.sin_port);
  return relay;
}

void relay_stop(relay *relay) {
  eventfd_write(relay->wake, STOP);
  pthread_join(relay->thread, NULL);
  close(relay->listener);
  close(relay->serial);
  close(relay->wake);
  free(relay);
}

int relay_port(const relay *relay) { return relay->port; }

void relay_hang_up(relay *relay) { eventfd_write(relay->wake, HANG_UP); }
