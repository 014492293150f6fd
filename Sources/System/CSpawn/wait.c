// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "child.h"
#include "own.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

int child_watch(pid_t pid) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, pid, 0); // close-on-exec by itself
#else
  (void)pid;
  errno = ENOSYS;
  return -1;
#endif
}

/// 0 when it was reaped, ETIMEDOUT when it still runs, or another errno.
static int reap(pid_t pid, int options, int *status) {
  pid_t ended;
  do {
    ended = waitpid(pid, status, options);
  } while (ended < 0 && errno == EINTR);
  int result = ended == pid ? 0 : ended == 0 ? ETIMEDOUT : errno;
  if (result != ETIMEDOUT) own_remove(pid);
  return result;
}

int child_wait(pid_t pid, int timeout_ms, int *status) {
  if (timeout_ms < 0) return reap(pid, 0, status);
  long long end = now_ms() + timeout_ms;
  int watch = child_watch(pid), result;
  while ((result = reap(pid, WNOHANG, status)) == ETIMEDOUT) {
    long long left = end - now_ms();
    if (left <= 0) break;
    // A kernel before 5.3 has no such descriptor: look every 5 ms.
    struct pollfd entry = {.fd = watch, .events = POLLIN};
    poll(&entry, 1, watch >= 0 ? (int)left : (int)(left < 5 ? left : 5));
  }
  if (watch >= 0) close(watch);
  return result;
}

int child_signal(pid_t pid, int signal, bool group) {
  if (pid <= 0) return EINVAL;
  return kill(group ? -pid : pid, signal) ? errno : 0;
}

int child_stop(pid_t pid, int grace_ms, bool group, int *status) {
  if (pid <= 0) return EINVAL;
  child_signal(pid, SIGTERM, group);
  // SIGTERM waits until a stopped process goes on.
  child_signal(pid, SIGCONT, group);
  siginfo_t info;
  int watch = child_watch(pid);
  long long end = now_ms() + grace_ms, left;
  // Looked at without reaping, so that the group's number cannot be used by another before it is
  // killed.
  for (;;) {
    info.si_pid = 0;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && errno != EINTR) break;
    left = end - now_ms();
    if (info.si_pid == pid || left <= 0) break;
    struct pollfd entry = {.fd = watch, .events = POLLIN};
    poll(&entry, 1, watch >= 0 ? (int)left : (int)(left < 5 ? left : 5));
  }
  if (watch >= 0) close(watch);
  if (group || info.si_pid != pid) child_signal(pid, SIGKILL, group);
  return reap(pid, 0, status);
}
