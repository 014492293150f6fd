/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "confine.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

/* Answered with EPERM: what works on other processes, on the kernel, on mounts and namespaces, on
 * keys and on its own identity. */
static const int denied[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_perf_event_open,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
#endif
#ifdef SYS_open_tree
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_process_madvise
    SYS_process_madvise,
#endif
/* A second way to most system calls, past this filter. */
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
#endif
};

/* Answered with EPERM too when it may start no processes. `clone` is looked at by its flags. */
static const int starting[] = {
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
    SYS_execve,
    SYS_execveat,
};

#define NAMESPACES                                                                                 \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |    \
   CLONE_NEWNET)

enum { CAPACITY = 256 };

struct program {
  struct sock_filter code[CAPACITY];
  unsigned short count;
};

#ifdef NATIVE
static void add(struct program *program, unsigned code, uint32_t value, uint8_t yes, uint8_t no) {
  if (program->count < CAPACITY)
    program->code[program->count++] = (struct sock_filter){(uint16_t)code, yes, no, value};
}

static void load(struct program *program, size_t offset) {
  add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct program *program, uint32_t action) {
  add(program, BPF_RET | BPF_K, action, 0, 0);
}

static void answer_if_equal(struct program *program, uint32_t value, uint32_t action) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
  answer(program, action);
}

static void deny(struct program *program, const int *calls, size_t count) {
  for (size_t i = 0; i < count; i++)
    answer_if_equal(program, (uint32_t)calls[i], SECCOMP_RET_ERRNO | EPERM);
}

/* The lower half of an argument: both architectures are little-endian. */
static size_t argument(int index) {
  return offsetof(struct seccomp_data, args) + 8 * (size_t)index;
}

static void build(struct program *program, bool may_fork) {
  load(program, offsetof(struct seccomp_data, arch));
  /* The calls of another architecture (32 bit) have other numbers. */
  add(program, BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
  answer(program, SECCOMP_RET_ERRNO | ENOSYS);
  load(program, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
  /* The x32 form of each call, which has a number of its own. */
  add(program, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
  answer(program, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  deny(program, denied, sizeof denied / sizeof *denied);
  if (!may_fork) deny(program, starting, sizeof starting / sizeof *starting);
#ifdef SYS_clone3
  /* Its flags are in memory, where a filter cannot look. libc goes on with clone. */
  answer_if_equal(program, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  /* Limits of other processes: not to be touched. */
  add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 4);
  load(program, argument(0));
  answer_if_equal(program, 0, SECCOMP_RET_ALLOW);
  answer(program, SECCOMP_RET_ERRNO | EPERM);
  add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0);
  answer(program, SECCOMP_RET_ALLOW);
  load(program, argument(0));
  add(program, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1);
  answer(program, SECCOMP_RET_ERRNO | EPERM);
  if (!may_fork) {
    add(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
    answer(program, SECCOMP_RET_ERRNO | EPERM);
  }
  answer(program, SECCOMP_RET_ALLOW);
}
#endif

confine_step confine_calls(bool may_fork, unsigned *missing) {
#ifdef NATIVE
  struct program program = {.count = 0};
  build(&program, may_fork);
  struct sock_fprog filter = {.len = program.count, .filter = program.code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0) return (confine_step){0};
  /* A container may keep it from its processes. */
  if (errno != EINVAL && errno != ENOSYS && errno != EPERM && errno != EACCES)
    return (confine_step){"restrict its system calls", NULL, errno};
#else
  (void)may_fork;
#endif
  *missing |= SV_MISSING_SECCOMP;
  return (confine_step){0};
}
