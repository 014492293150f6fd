/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sv_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

/* Who is killed first when the machine has no memory left: before the agent, and before the shell
 * that somebody repairs it with. */
static const char oom_score[] = "500";

static bool failed(sv_confine_result *result, const char *step, const char *name) {
  result->error = errno ? errno : EINVAL;
  result->step = step;
  result->step_name = name;
  return false;
}

/* ---- resource limits ---------------------------------------------------------------------- */

/* Lowers a limit, soft and hard; one that is lower already stays. */
static bool lower(int resource, rlim_t value) {
  struct rlimit limit;
  if (getrlimit((__rlimit_resource_t)resource, &limit)) return false;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value) value = limit.rlim_max;
  limit = (struct rlimit){.rlim_cur = value, .rlim_max = value};
  return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

static bool set_limits(const sv_confinement *plan, sv_confine_result *result) {
  if (!lower(RLIMIT_CORE, 0)) return failed(result, "set the limit of core files", NULL);
  if (plan->data_bytes && !lower(RLIMIT_DATA, plan->data_bytes))
    return failed(result, "set the limit of memory", NULL);
  if (plan->open_files && !lower(RLIMIT_NOFILE, plan->open_files))
    return failed(result, "set the limit of open files", NULL);
  if (plan->user_processes && !lower(RLIMIT_NPROC, plan->user_processes))
    return failed(result, "set the limit of processes", NULL);
  /* A wish only: a container may forbid it. */
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    ssize_t written = write(file, oom_score, sizeof oom_score - 1);
    (void)written;
    close(file);
  }
  return true;
}

/* ---- user and capabilities ---------------------------------------------------------------- */

/* What is of no use to a driver and of much use against the machine. A driver of root keeps the
 * rest: raw sockets, ports below 1024, any serial line. */
static const int powers[] = {CAP_SYS_ADMIN,
                             CAP_SYS_MODULE,
                             CAP_SYS_PTRACE,
                             CAP_SYS_BOOT,
                             CAP_SYS_RAWIO,
                             CAP_SYS_CHROOT,
                             CAP_SYS_TIME,
                             CAP_SYS_PACCT,
                             CAP_SYS_TTY_CONFIG,
                             CAP_SYS_RESOURCE,
                             CAP_MKNOD,
                             CAP_LINUX_IMMUTABLE,
                             CAP_SETFCAP,
                             CAP_SETPCAP,
                             CAP_SETUID,
                             CAP_SETGID,
                             CAP_KILL,
                             CAP_AUDIT_WRITE,
                             CAP_AUDIT_CONTROL,
                             CAP_MAC_OVERRIDE,
                             CAP_MAC_ADMIN,
                             CAP_SYSLOG,
                             38 /* PERFMON */,
                             39 /* BPF */,
                             40 /* CHECKPOINT_RESTORE */};

static bool is_power(int capability) {
  for (size_t i = 0; i < sizeof powers / sizeof *powers; i++)
    if (powers[i] == capability) return true;
  return false;
}

/* Drops `powers`, or all capabilities when the user changes: also from what a program that it
 * starts could get. */
static bool drop_capabilities(bool all, sv_confine_result *result) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2];
  if (syscall(SYS_capget, &header, sets)) return failed(result, "read its capabilities", NULL);
  /* The bounding set first: that needs one of them. Without it there is nothing to drop either. */
  for (int i = 0; i < 64; i++)
    if (all || is_power(i)) prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int i = 0; i < 64; i++) {
    if (!all && !is_power(i)) continue;
    uint32_t keep = ~(1U << (i % 32));
    sets[i / 32].effective &= keep;
    sets[i / 32].permitted &= keep;
    sets[i / 32].inheritable &= keep;
  }
  if (syscall(SYS_capset, &header, sets)) return failed(result, "drop its capabilities", NULL);
  return true;
}

static bool change_user(const sv_confinement *plan, sv_confine_result *result) {
  pid_t parent = getppid();
  int death_signal = 0;
  prctl(PR_GET_PDEATHSIG, &death_signal);
  if (syscall(SYS_setgroups, plan->group_count, plan->groups))
    return failed(result, "set its groups", NULL);
  if (syscall(SYS_setresgid, plan->group, plan->group, plan->group))
    return failed(result, "set its group", NULL);
  if (syscall(SYS_setresuid, plan->user, plan->user, plan->user))
    return failed(result, "set its user", NULL);
  /* The change took the signal away that ends a runner with its agent. */
  if (death_signal && prctl(PR_SET_PDEATHSIG, death_signal))
    return failed(result, "follow the end of the agent", NULL);
  if (getppid() == parent) return true;
  errno = ESRCH;
  return failed(result, "find the agent", NULL);
}

/* ---- all ---------------------------------------------------------------------------------- */

sv_confine_result sv_confine(const sv_confinement *plan) {
  sv_confine_result result = {.error = 0};
  errno = 0;
  if (!set_limits(plan, &result)) return result;
  if (plan->filters && !plan->changes_user && !drop_capabilities(false, &result)) return result;
  if (plan->changes_user) {
    /* The bounding set can be emptied as root only, the rest goes with the user. */
    for (int i = 0; i < 64; i++) prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    if (!change_user(plan, &result) || !drop_capabilities(true, &result)) return result;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
    failed(&result, "give up new privileges", NULL);
    return result;
  }
  if (!plan->filters) return result;
  confine_step step = confine_files(plan, &result.missing);
  if (!step.name) step = confine_calls(plan->may_fork, &result.missing);
  if (step.name) {
    errno = step.error;
    failed(&result, step.name, step.path);
  }
  return result;
}
