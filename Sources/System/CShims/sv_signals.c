/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sv_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static int report_fd = -1;
static atomic_flag stopping = ATOMIC_FLAG_INIT;

static void report(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  while (write(report_fd, &byte, 1) < 0 && errno == EINTR) {
  }
  errno = saved;
}

static void on_stop(int number) {
  if (atomic_flag_test_and_set(&stopping)) _exit(128 + number);
  report(number);
}

int sv_signals_watch(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  report_fd = ends[1];
  struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
  sigemptyset(&stop.sa_mask);
  struct sigaction reload = {.sa_handler = report, .sa_flags = SA_RESTART};
  sigemptyset(&reload.sa_mask);
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigemptyset(&ignore.sa_mask);
  sigaction(SIGPIPE, &ignore, NULL);
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGHUP, &reload, NULL);
  return ends[0];
}
