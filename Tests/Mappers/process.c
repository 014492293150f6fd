/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "process.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool blocks_signals(int thread) {
  char path[64], line[128];
  unsigned long long mask = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  FILE *file = fopen(path, "r");
  if (!file) return false;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "SigBlk: %llx", &mask) == 1) break;
  fclose(file);
  unsigned long long wanted = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGPIPE - 1);
  return (mask & wanted) == wanted;
}

int other_threads(int *blocking) {
  int count = 0;
  *blocking = 0;
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return -1;
  for (struct dirent *task; (task = readdir(tasks));) {
    int id = atoi(task->d_name);
    if (id == 0 || id == getpid()) continue; /* ".", ".." and the first */
    count++;
    *blocking += blocks_signals(id);
  }
  closedir(tasks);
  return count;
}

int end_of(void (*body)(const char *), const char *argument, int limit_ms) {
  pid_t child = fork();
  if (child == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own */
    signal(SIGABRT, SIG_DFL);
    body(argument);
    _exit(92);
  }
  for (int waited = 0; waited < limit_ms; waited += 10) {
    int status;
    if (waitpid(child, &status, WNOHANG) == child) return status;
    usleep(10000);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return -1;
}
