/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

/* The kernel's interface as published, since the headers of the system may be older than its
 * kernel. The numbers are the same on all architectures. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { WANT_VERSION = 1, PATH_BENEATH = 1, SCOPE_SIGNAL = 2 };

struct ruleset {
  uint64_t files, network, scoped;
};

struct path_rule {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_DIR = 1 << 3,
  REMOVE_DIR = 1 << 4,
  REMOVE_FILE = 1 << 5,
  MAKE_DIR = 1 << 7,
  MAKE_REG = 1 << 8,
  MAKE_SOCK = 1 << 9,
  MAKE_FIFO = 1 << 10,
  MAKE_SYM = 1 << 12,
  REFER = 1 << 13,    /* ABI 2 */
  TRUNCATE = 1 << 14, /* ABI 3 */
  ALL = (1 << 15) - 1,

  READ = EXECUTE | READ_FILE | READ_DIR,
  DEVICE = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE,
  /* Device files are made by nobody: one could be that of the disk. */
  CHANGE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK |
           MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE,
  OF_A_FILE = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE
};

static confine_step allow(int ruleset, uint64_t handled, const char *const *paths, size_t count,
                          uint64_t allowed) {
  for (size_t i = 0; i < count; i++) {
    /* What is not there, or cannot be reached, needs no rule. */
    int place = open(paths[i], O_PATH | O_CLOEXEC);
    if (place < 0) continue;
    struct stat status;
    bool is_file = fstat(place, &status) == 0 && !S_ISDIR(status.st_mode);
    struct path_rule rule = {.allowed = allowed & handled & (is_file ? OF_A_FILE : ALL),
                             .parent = place};
    long done = syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0);
    int error = errno;
    close(place);
    if (done) return (confine_step){"allow a folder", paths[i], error};
  }
  return (confine_step){0};
}

static confine_step allow_all(int ruleset, uint64_t handled, const sv_confinement *plan) {
  confine_step step = allow(ruleset, handled, plan->readable, plan->readable_count, READ);
  if (!step.name) step = allow(ruleset, handled, plan->devices, plan->device_count, DEVICE);
  if (!step.name) step = allow(ruleset, handled, plan->writable, plan->writable_count, CHANGE);
  if (!step.name && syscall(RESTRICT_SELF, ruleset, 0))
    step = (confine_step){"restrict its files", NULL, errno};
  return step;
}

confine_step confine_files(const sv_confinement *plan, unsigned *missing) {
  long version = syscall(CREATE_RULESET, NULL, 0, WANT_VERSION);
  if (version < 1) {
    *missing |= SV_MISSING_LANDLOCK | SV_MISSING_SIGNAL_SCOPE;
    return (confine_step){0};
  }
  if (version < 3) *missing |= SV_MISSING_TRUNCATE;
  if (version < 6) *missing |= SV_MISSING_SIGNAL_SCOPE;
  struct ruleset rules = {.files = ALL};
  if (version < 3) rules.files &= ~(uint64_t)TRUNCATE;
  if (version < 2) rules.files &= ~(uint64_t)REFER;
  if (version >= 6) rules.scoped = SCOPE_SIGNAL;
  /* The network is not restricted. An older kernel knows only the first members. */
  size_t size = version >= 6 ? sizeof rules : version >= 4 ? 16 : 8;
  int ruleset = (int)syscall(CREATE_RULESET, &rules, size, 0);
  if (ruleset < 0) return (confine_step){"make rules for its files", NULL, errno};
  confine_step step = allow_all(ruleset, rules.files, plan);
  close(ruleset);
  return step;
}
