// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "common.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

volatile bool stop_requested;

static int64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t monotonic_ns(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t wall_ns(void) { return read_clock(CLOCK_REALTIME); }

int64_t own_cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
         ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/// Reads parent and CPU time, which holds the time of children that have ended.
static bool read_stat(pid_t pid, pid_t *parent, int64_t *cpu) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "re");
  if (!file) return false;
  char text[1024];
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  // The name stands in parentheses and may hold anything, so the fields start after the last one.
  char *fields = strrchr(text, ')');
  if (!fields) return false;
  int ppid = 0;
  long long user, system, children_user, children_system;
  if (sscanf(fields + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld", &ppid,
             &user, &system, &children_user, &children_system) != 5)
    return false;
  *parent = ppid;
  *cpu = (user + system + children_user + children_system) * (1000000000 / sysconf(_SC_CLK_TCK));
  return true;
}

int64_t tree_cpu_ns(pid_t pid) {
  pid_t parent;
  int64_t total;
  if (!read_stat(pid, &parent, &total)) return -1;
  DIR *processes = opendir("/proc");
  if (!processes) return total;
  struct dirent *entry;
  while ((entry = readdir(processes))) {
    pid_t other = (pid_t)atoi(entry->d_name);
    int64_t cpu;
    if (other > 0 && read_stat(other, &parent, &cpu) && parent == pid) {
      int64_t below = tree_cpu_ns(other);
      total += below > 0 ? below : 0;
    }
  }
  closedir(processes);
  return total;
}

void samples_add(struct samples *samples, double value) {
  if (samples->count == samples->capacity) {
    samples->capacity = samples->capacity ? samples->capacity * 2 : 4096;
    samples->values = realloc(samples->values, samples->capacity * sizeof *samples->values);
    if (!samples->values) fail("out of memory");
  }
  samples->values[samples->count++] = value;
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

double samples_quantile(struct samples *samples, double share) {
  if (!samples->count) return 0;
  qsort(samples->values, samples->count, sizeof *samples->values, compare);
  size_t index = (size_t)(share * (double)samples->count);
  return samples->values[index < samples->count ? index : samples->count - 1];
}

void samples_free(struct samples *samples) {
  free(samples->values);
  *samples = (struct samples){0};
}

static _Noreturn void usage(const char *program, const char *purpose,
                            const struct option_spec *specs, size_t count, int status) {
  FILE *out = status ? stderr : stdout;
  fprintf(out, "%s: %s\n", program, purpose);
  for (size_t i = 0; i < count; i++) {
    if (specs[i].text)
      fprintf(out, "  --%-12s %s (%s)\n", specs[i].name, specs[i].help,
              *specs[i].text ? *specs[i].text : "none");
    else
      fprintf(out, "  --%-12s %s (%g)\n", specs[i].name, specs[i].help, *specs[i].number);
  }
  exit(status);
}

void read_options(int argc, char **argv, const char *purpose, const struct option_spec *specs,
                  size_t count) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) usage(argv[0], purpose, specs, count, 0);
    const struct option_spec *found = NULL;
    for (size_t j = 0; j < count; j++)
      if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, specs[j].name) == 0)
        found = &specs[j];
    if (!found || i + 1 == argc) {
      fprintf(stderr, "%s: %s\n", argv[i], found ? "value missing" : "unknown argument");
      usage(argv[0], purpose, specs, count, 64);
    }
    const char *value = argv[++i];
    if (found->text) {
      *found->text = value;
      continue;
    }
    char *end;
    *found->number = strtod(value, &end);
    if (end == value || *end || *found->number < 0) {
      fprintf(stderr, "--%s %s: expected a number, zero or above\n", found->name, value);
      usage(argv[0], purpose, specs, count, 64);
    }
  }
}

static void request_stop(int signal) {
  (void)signal;
  stop_requested = true;
}

void catch_stop(void) {
  struct sigaction action = {.sa_handler = request_stop};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}
