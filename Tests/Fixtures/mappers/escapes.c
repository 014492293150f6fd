/* SPDX-License-Identifier: Apache-2.0
 *
 * Tries what a driver has no business with, as the device setting `attempt` says, and goes on. Its
 * points read as the errno of it, 0 for success:
 *
 *   open       opens the file `path` (device setting) for reading
 *   change     opens it for reading and writing, and makes it when it is not there
 *   program    starts a program
 *   thread     starts a thread and waits for it
 *   trace      traces its parent
 *   signal     looks whether it may send its parent a signal
 *   mount      mounts a file system where there is no folder (ENOENT: it would be allowed to)
 *   user       makes itself root
 *   raise      raises its limit of open files
 *   memory     takes 64 GB of memory, without using it
 *   terminal   makes a pseudo terminal and opens it by its name
 *   who        not an errno: the number of the user that it runs as
 */
#define _GNU_SOURCE
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char paths[64][256];
static char attempts[64][16];
static int64_t device_count;

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  mapper_status status = fixture_create(host, token, settings, call, out);
  if (status != MAPPER_OK) return status;
  int64_t own = device_count++ % 64;
  (*out)->amount = own;
  snprintf(paths[own], sizeof paths[own], "%s", mapper_find_text(settings, "path", "/"));
  snprintf(attempts[own], sizeof attempts[own], "%s", mapper_find_text(settings, "attempt", ""));
  return MAPPER_OK;
}

static int open_once(const char *path, int flags) {
  int file = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
  if (file < 0) return errno;
  close(file);
  return 0;
}

static int start_program(void) {
  char *arguments[] = {"true", NULL};
  pid_t child;
  int error = posix_spawnp(&child, "true", NULL, NULL, arguments, environ);
  if (error == 0) waitpid(child, NULL, 0);
  return error;
}

static void *nothing(void *argument) { return argument; }

static int start_thread(void) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, nothing, NULL);
  if (error == 0) pthread_join(thread, NULL);
  return error;
}

static int raise_limit(void) {
  struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
}

static int take_memory(void) {
  void *memory = mmap(NULL, (size_t)64 << 30, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return errno;
  munmap(memory, (size_t)64 << 30);
  return 0;
}

static int open_terminal(void) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) return errno;
  char name[64];
  int error = grantpt(terminal) || unlockpt(terminal) ? errno : 0;
  if (error == 0) error = ptsname_r(terminal, name, sizeof name);
  if (error == 0) error = open_once(name, O_RDWR);
  close(terminal);
  return error;
}

static int64_t try_it(const char *attempt, const char *path) {
  if (strcmp(attempt, "open") == 0) return open_once(path, O_RDONLY);
  if (strcmp(attempt, "change") == 0) return open_once(path, O_RDWR | O_CREAT);
  if (strcmp(attempt, "program") == 0) return start_program();
  if (strcmp(attempt, "thread") == 0) return start_thread();
  if (strcmp(attempt, "trace") == 0) return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) ? errno : 0;
  if (strcmp(attempt, "signal") == 0) return kill(getppid(), 0) ? errno : 0;
  if (strcmp(attempt, "mount") == 0)
    return mount("none", "/no/such/folder", "tmpfs", 0, NULL) ? errno : 0;
  if (strcmp(attempt, "user") == 0) return setuid(0) ? errno : 0;
  if (strcmp(attempt, "raise") == 0) return raise_limit();
  if (strcmp(attempt, "memory") == 0) return take_memory();
  if (strcmp(attempt, "terminal") == 0) return open_terminal();
  if (strcmp(attempt, "who") == 0) return geteuid();
  return ENOSYS;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  mapper_status status = fixture_read(device, call, points, count, out);
  int64_t result = try_it(attempts[device->amount], paths[device->amount]);
  for (uint32_t i = 0; i < count; i++) out[i].value = mapper_int(MAPPER_TYPE_I64, result);
  return status;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "escapes",
    .title = "Test mapper escapes",
    .device_schema = "{\"type\": \"object\"}",
    .create = create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("escapes", driver)
