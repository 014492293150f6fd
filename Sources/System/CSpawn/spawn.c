// SPDX-License-Identifier: Apache-2.0
// The start of a child. Two traps decide its form:
//  - the kernel sends the death signal when the *thread* that forked ends, and threads of a pool
//  end
//    whenever they have been idle; so one thread, which never ends, starts all children;
//  - fork copies page tables and leaves the parent with a fault for each page that it writes next;
//  vfork
//    does not, but its child shares the parent's memory, so until exec it makes plain system calls
//    only.
#define _GNU_SOURCE
#include "own.h"
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// One call of `child_spawn`, on the stack of its caller.
struct job {
  const struct child_plan *plan;
  char **environment;
  pid_t parent;
  pid_t pid;
  volatile int error; // written by the child, which shares this memory until exec
  bool done;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *current; // the job that the spawner has, or NULL
static bool has_spawner;

static void close_range_in_child(unsigned first, unsigned last) {
  if (first > last) return;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  // A kernel before 5.9.
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++) close((int)fd);
}

/// Puts the descriptors in place and closes all others; 0 or an errno.
static int arrange_descriptors(const struct child_plan *plan) {
  // Aside first, above all targets, so that no target overwrites a source that is still needed.
  int aside[MAX_DESCRIPTORS], above = 3;
  size_t count = plan->descriptor_count;
  if (count && plan->descriptors[count - 1].to >= above)
    above = plan->descriptors[count - 1].to + 1;
  for (size_t i = 0; i < count; i++) {
    aside[i] = fcntl(plan->descriptors[i].from, F_DUPFD_CLOEXEC, above);
    if (aside[i] < 0) return errno;
  }
  bool has_input = false;
  unsigned next = 3;
  for (size_t i = 0; i < count; i++) {
    int to = plan->descriptors[i].to;
    if (dup2(aside[i], to) < 0) return errno;
    has_input |= to == 0;
    if (to < 3) continue;
    if ((unsigned)to > next) close_range_in_child(next, (unsigned)to - 1);
    next = (unsigned)to + 1;
  }
  close_range_in_child(next, ~0U);
  if (has_input) return 0;
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return errno;
  if (null == 0) return fcntl(0, F_SETFD, 0) < 0 ? errno : 0;
  if (dup2(null, 0) < 0) return errno;
  close(null);
  return 0;
}

/// The system calls themselves: glibc's functions would change the parent's threads too.
static int change_user(const struct child_plan *plan) {
  gid_t group = plan->group;
  uid_t user = plan->user;
  if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, group, group, group) ||
      syscall(SYS_setresuid, user, user, user))
    return errno;
  return 0;
}

/// Runs in the child, on the parent's memory: system calls only. Returns an errno, if at all.
static int become(const struct job *job) {
  const struct child_plan *plan = job->plan;
  if (plan->new_group && setpgid(0, 0)) return errno;
  // The kernel's own form, all zero being the default: glibc's function leaves its two signals out,
  // and those too may be ignored by inheritance.
  static const unsigned long standard[8];
  for (int signal = 1; signal < NSIG; signal++)
    syscall(SYS_rt_sigaction, signal, standard, NULL, 8);
  int error = arrange_descriptors(plan);
  if (!error && plan->change_user) error = change_user(plan);
  if (error) return error;
  if (plan->death_signal) {
    if (prctl(PR_SET_PDEATHSIG, plan->death_signal)) return errno;
    // The parent may have ended before.
    if (getppid() != job->parent) return ESRCH;
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(plan->path, plan->arguments.items, job->environment);
  return errno;
}

static void __attribute__((noinline)) start(struct job *job) {
  job->parent = getpid();
  // Held until the child is on the list, so that nobody takes it for an orphan.
  if (!own_begin()) {
    job->error = ENOMEM;
    return;
  }
  pid_t pid = vfork();
  if (pid == 0) {
    job->error = become(job);
    _exit(127);
  }
  if (pid < 0) {
    job->error = errno;
  } else if (job->error) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
      ;
  }
  own_end(pid > 0 && !job->error ? pid : 0);
  job->pid = pid;
}

static void *run_spawner(void *argument) {
  (void)argument;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (!current || current->done) pthread_cond_wait(&changed, &lock);
    struct job *job = current;
    pthread_mutex_unlock(&lock);
    start(job);
    pthread_mutex_lock(&lock);
    job->done = true;
    pthread_cond_broadcast(&changed);
  }
  return NULL;
}

/// Call with the lock held; 0 or an errno.
static int ensure_spawner(void) {
  if (has_spawner) return 0;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error) return error;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 128 * 1024);
  // Blocked signals pass to the thread: the program's handlers are not for it, nor for a new child.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  error = pthread_create(&thread, &attributes, run_spawner, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error) return error;
  pthread_setname_np(thread, "spawner");
  has_spawner = true;
  return 0;
}

int child_spawn(const struct child_plan *plan, pid_t *pid) {
  if (plan->error) return plan->error;
  struct job job = {.plan = plan, .environment = plan_environment(plan), .pid = -1};
  if (!job.environment) return ENOMEM;
  pthread_mutex_lock(&lock);
  int error = ensure_spawner();
  if (!error) {
    while (current) pthread_cond_wait(&changed, &lock);
    current = &job;
    pthread_cond_broadcast(&changed);
    while (!job.done) pthread_cond_wait(&changed, &lock);
    current = NULL;
    pthread_cond_broadcast(&changed);
    error = job.error;
  }
  pthread_mutex_unlock(&lock);
  free(job.environment);
  if (!error) *pid = job.pid;
  return error;
}
