/* SPDX-License-Identifier: Apache-2.0
 *
 * Confines the calling process, and all that it starts, for the rest of its life: resource limits,
 * user, capabilities, files (Landlock) and system calls (seccomp). A runner does it to itself
 * before it opens a driver. To be called while the process has one thread.
 */
#ifndef SELVEDGE_SV_CONFINE_H
#define SELVEDGE_SV_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct sv_confinement {
  uint64_t data_bytes;     /* RLIMIT_DATA; 0: as it is */
  uint32_t open_files;     /* RLIMIT_NOFILE; 0: as it is */
  uint32_t user_processes; /* RLIMIT_NPROC, processes and threads of the whole user; 0: as it is */
  bool may_fork;           /* may start processes and programs */
  bool filters;            /* whether capabilities, files and system calls are restricted at all */
  bool changes_user;
  uid_t user;
  gid_t group;
  const gid_t *_Nullable groups; /* all of the user's; they take the place of the present ones */
  size_t group_count;
  /* What may be read and executed, and what may be changed too. Those that are not there are left
   * out. Device files of `devices` may be read and written, but nothing be made or removed. */
  const char *_Nonnull const *_Nullable readable;
  size_t readable_count;
  const char *_Nonnull const *_Nullable writable;
  size_t writable_count;
  const char *_Nonnull const *_Nullable devices;
  size_t device_count;
} sv_confinement;

/* What the kernel does not have. */
enum {
  SV_MISSING_LANDLOCK = 1,     /* files are not restricted */
  SV_MISSING_TRUNCATE = 2,     /* files outside may still be emptied (Landlock before ABI 3) */
  SV_MISSING_SIGNAL_SCOPE = 4, /* signals to other processes are not restricted (before ABI 6) */
  SV_MISSING_SECCOMP = 8,      /* system calls are not restricted */
};

typedef struct sv_confine_result {
  int error;                       /* an errno, 0: done */
  const char *_Nullable step;      /* what failed */
  const char *_Nullable step_name; /* the path that it failed for, if any */
  unsigned missing;
} sv_confine_result;

/* After an error the process is confined in part and should end. */
sv_confine_result sv_confine(const sv_confinement *_Nonnull plan);

#endif
