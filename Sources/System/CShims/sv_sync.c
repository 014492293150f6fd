/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sv_sync.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t sv_wall_ns(void) { return now_ns(CLOCK_REALTIME); }

int64_t sv_monotonic_ns(void) { return now_ns(CLOCK_MONOTONIC); }

int sv_cond_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  int error = pthread_condattr_init(&attributes);
  if (error != 0) return error;
  error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  if (error == 0) error = pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return error;
}

bool sv_cond_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline_ns) {
  struct timespec deadline = {deadline_ns / 1000000000, deadline_ns % 1000000000};
  return pthread_cond_timedwait(condition, mutex, &deadline) != ETIMEDOUT;
}

int sv_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void sv_eventfd_raise(int fd) {
  uint64_t one = 1;
  int saved = errno;
  while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = saved;
}

void sv_eventfd_clear(int fd) {
  uint64_t count;
  int saved = errno;
  while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
  errno = saved;
}

void sv_sleep_ms(int milliseconds) {
  struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
  while (nanosleep(&time, &time) != 0 && errno == EINTR) {
  }
}

long sv_socket_unsent(int fd) {
  int size = 0;
  return ioctl(fd, SIOCOUTQ, &size) == 0 ? size : 0;
}

long sv_socket_send_buffer(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  return getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 ? size : 0;
}

void sv_memory_one_arena(void) { mallopt(M_ARENA_MAX, 1); }

void sv_memory_return_large(void) { mallopt(M_MMAP_THRESHOLD, 512 << 10); }

void sv_memory_trim(void) { malloc_trim(0); }

/* A thread's alternate stack lives as long as the thread: freed by the key's destructor. */
static pthread_key_t stack_key;
static pthread_once_t stack_once = PTHREAD_ONCE_INIT;

static void free_stack(void *memory) {
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  free(memory);
}

static void make_stack_key(void) { pthread_key_create(&stack_key, free_stack); }

void sv_thread_prepare(const char *name) {
  pthread_setname_np(pthread_self(), name);
  sigset_t blocked;
  sigfillset(&blocked);
  sigdelset(&blocked, SIGSEGV);
  sigdelset(&blocked, SIGBUS);
  sigdelset(&blocked, SIGFPE);
  sigdelset(&blocked, SIGILL);
  sigdelset(&blocked, SIGABRT);
  sigdelset(&blocked, SIGTRAP);
  pthread_sigmask(SIG_SETMASK, &blocked, NULL);

  pthread_once(&stack_once, make_stack_key);
  if (pthread_getspecific(stack_key) != NULL) return;
  size_t size = 16384;
  void *memory = malloc(size);
  if (memory == NULL) return;
  stack_t stack = {.ss_sp = memory, .ss_size = size};
  if (sigaltstack(&stack, NULL) != 0 || pthread_setspecific(stack_key, memory) != 0) free(memory);
}
