/* SPDX-License-Identifier: Apache-2.0
 *
 * A child process with its three pipes, in a process group of its own.
 */
#ifndef EXEC_PROCESS_H
#define EXEC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Descriptors are -1 once closed. All are close-on-exec and do not block. */
typedef struct exec_process {
  pid_t pid;        /* 0: there is none */
  int watch;        /* becomes readable when it has ended; -1 on kernels before 5.3 */
  int in, out, err; /* its standard input, to write; output and errors, to read */
} exec_process;

/* All of `path` is used as it is: it is not searched for. Null texts end the lists. The kernel
 * kills the child when the calling *thread* ends, so that thread has to stay.
 * 0, or an errno; *failed is then what failed: "folder" or "program". */
int process_start(exec_process *process, const char *path, char *const *arguments,
                  char *const *environment, const char *folder, const char **failed);

/* Whether it has ended. It stays a zombie until process_finish. */
bool process_has_ended(const exec_process *process);

/* To the whole group. */
void process_signal(const exec_process *process, int signal);

/* Kills what is left of the group, waits for the end, closes all. The status as of waitpid, or -1
 * when somebody else has taken it. */
int process_finish(exec_process *process);

/* "ended with status 3", "was killed by signal 9 (Killed)". */
void process_describe(int status, char *text, size_t capacity);

/* write(2) that raises no SIGPIPE: EPIPE when nobody reads. */
ssize_t process_write(int file, const void *bytes, size_t size);

void process_close(int *file);

#endif
