/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the child needs until exec. */
typedef struct child {
  const char *path, *folder;
  char *const *arguments, *const *environment;
  int files[4]; /* its ends of the pipes; the last one tells a failure, exec closes it */
  pid_t parent;
} child;

/* What the child tells, if it comes to that. */
typedef struct failure {
  int error;
  bool in_folder;
} failure;

void process_close(int *file) {
  if (*file >= 0) close(*file);
  *file = -1;
}

ssize_t process_write(int file, const void *bytes, size_t size) {
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t written = write(file, bytes, size);
  int error = errno;
  if (written < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE)) {
    struct timespec none = {0};
    while (sigtimedwait(&pipe_signal, NULL, &none) < 0 && errno == EINTR) continue;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return written;
}

/* ---- in the child, on the parent's memory: system calls only ------------------------------ */

static void close_from(unsigned first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  struct rlimit limit; /* a kernel before 5.9 */
  if (getrlimit(RLIMIT_NOFILE, &limit)) return;
  for (unsigned file = first; file < limit.rlim_cur; file++) close((int)file);
}

/* Comes back only when something fails, with errno; *report is then where to tell it. */
static void become(const child *child, int *report, bool *in_folder) {
  *report = child->files[3];
  *in_folder = false;
  if (setpgid(0, 0)) return;
  /* The kernel's own form, all zero being the default: the C library leaves its own signals out. */
  static const unsigned long standard[8];
  for (int signal = 1; signal < NSIG; signal++)
    syscall(SYS_rt_sigaction, signal, standard, NULL, 8);
  int aside[4];
  for (int i = 0; i < 4; i++) { /* above all targets, so that none overwrites a source */
    aside[i] = fcntl(child->files[i], F_DUPFD_CLOEXEC, 4);
    if (aside[i] < 0) return;
  }
  *report = aside[3];
  for (int i = 0; i < 3; i++)
    if (dup2(aside[i], i) < 0) return;
  if (dup3(aside[3], 3, O_CLOEXEC) < 0) return;
  *report = 3;
  close_from(4);
  *in_folder = child->folder && chdir(child->folder);
  if (*in_folder || prctl(PR_SET_PDEATHSIG, SIGKILL)) return;
  if (getppid() != child->parent) _exit(127); /* it ended before that */
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(child->path, child->arguments, child->environment);
}

/* Apart, so that no variable of the caller lives in a register over vfork. fork would copy the page
 * tables of a process that may be large. */
static __attribute__((noinline)) pid_t launch(const child *child) {
  pid_t pid = vfork();
  if (pid == 0) {
    failure failure;
    int report;
    become(child, &report, &failure.in_folder);
    failure.error = errno;
    _exit(write(report, &failure, sizeof failure) > 0 ? 127 : 126);
  }
  return pid;
}

/* ---- in the parent ------------------------------------------------------------------------ */

static bool open_pipes(int pipes[4][2]) {
  for (int i = 0; i < 4; i++) pipes[i][0] = pipes[i][1] = -1;
  for (int i = 0; i < 4; i++) {
    if (pipe2(pipes[i], O_CLOEXEC)) return false;
    if (i == 3) break;
    int own = pipes[i][i == 0]; /* the other end blocks, as programs expect */
    if (fcntl(own, F_SETFL, O_NONBLOCK)) return false;
  }
  return true;
}

/* Starts it; the pipe `told` says whether it came to exec. */
static failure run(exec_process *process, child *child, int told) {
  sigset_t all, before;
  failure failure = {0};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the host may run in the child */
  child->parent = getpid();
  pid_t pid = launch(child);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  process_close(&child->files[3]);
  if (pid < 0) {
    failure.error = error;
    return failure;
  }
  ssize_t size;
  do {
    size = read(told, &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return failure;
  }
  process->pid = pid;
#ifdef SYS_pidfd_open
  process->watch = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
#endif
  return failure;
}

int process_start(exec_process *process, const char *path, char *const *arguments,
                  char *const *environment, const char *folder, const char **failed) {
  *process = (exec_process){.watch = -1, .in = -1, .out = -1, .err = -1};
  int pipes[4][2];
  bool good = open_pipes(pipes);
  failure failure = {.error = good ? 0 : errno};
  child child = {.path = path,
                 .folder = folder,
                 .arguments = arguments,
                 .environment = environment,
                 .files = {pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1]}};
  if (good) failure = run(process, &child, pipes[3][0]);
  *failed = failure.in_folder ? "folder" : "program";
  for (int i = 0; i < 4; i++) process_close(&child.files[i]);
  process_close(&pipes[3][0]);
  process->in = pipes[0][1];
  process->out = pipes[1][0];
  process->err = pipes[2][0];
  if (failure.error) {
    process_close(&process->in);
    process_close(&process->out);
    process_close(&process->err);
  }
  return failure.error;
}

bool process_has_ended(const exec_process *process) {
  siginfo_t info = {0};
  int answer;
  do {
    answer = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
  } while (answer && errno == EINTR);
  return answer || info.si_pid == process->pid;
}

void process_signal(const exec_process *process, int signal) {
  if (process->pid > 0) kill(-process->pid, signal);
}

int process_finish(exec_process *process) {
  int status = -1;
  if (process->pid > 0) {
    /* Before the wait: until then nobody else can get the group's number. */
    process_signal(process, SIGKILL);
    pid_t waited;
    do {
      waited = waitpid(process->pid, &status, 0);
    } while (waited < 0 && errno == EINTR);
    if (waited < 0) status = -1;
  }
  process->pid = 0;
  process_close(&process->watch);
  process_close(&process->in);
  process_close(&process->out);
  process_close(&process->err);
  return status;
}

void process_describe(int status, char *text, size_t capacity) {
  if (status == -1)
    snprintf(text, capacity, "ended");
  else if (WIFSIGNALED(status))
    snprintf(text, capacity, "was killed by signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
  else
    snprintf(text, capacity, "ended with status %d", WEXITSTATUS(status));
}
