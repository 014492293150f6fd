// SPDX-License-Identifier: Apache-2.0
// What the programs of this folder share: clocks, percentiles, arguments, CPU of other processes.
#ifndef LIMITS_COMMON_H
#define LIMITS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// CLOCK_MONOTONIC in nanoseconds.
int64_t monotonic_ns(void);

/// CLOCK_REALTIME in nanoseconds.
int64_t wall_ns(void);

/// User and system time of this process in nanoseconds.
int64_t own_cpu_ns(void);

/// User and system time of a process and its living descendants in nanoseconds; -1 if it is gone.
int64_t tree_cpu_ns(pid_t pid);

/// A growing list of measurements.
struct samples {
  double *values;
  size_t count;
  size_t capacity;
};

/// Ends the program when memory is out.
void samples_add(struct samples *samples, double value);

/// The value below which `share` (0 to 1) of the samples lie; sorts them. 0 when there are none.
double samples_quantile(struct samples *samples, double share);

void samples_free(struct samples *samples);

/// One `--name value` argument of a program.
struct option_spec {
  const char *name;
  const char *help;
  /// Exactly one of these is set: where the value goes.
  const char **text;
  double *number;
};

/// Reads the arguments; prints the usage and ends the program when one is unknown or malformed.
void read_options(int argc, char **argv, const char *purpose, const struct option_spec *specs,
                  size_t count);

/// Set by SIGINT and SIGTERM after `catch_stop`.
extern volatile bool stop_requested;
void catch_stop(void);

/// Prints to standard error and ends the program with status 1.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
