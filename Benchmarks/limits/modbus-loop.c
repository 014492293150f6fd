// SPDX-License-Identifier: Apache-2.0
// The limit of polling over Modbus TCP: bare libmodbus, a thread a connection, every point a float
// of two holding registers, 124 registers a request, no decoding, no pipeline behind it.
#define _GNU_SOURCE
#include <errno.h>
#include <modbus.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"

static const char *host = "127.0.0.1";
static double port = 1502, connections = 10, points = 1000, cycle = 100, seconds = 10, unit = 1;

enum { REQUEST_REGISTERS = 124 };

/// What one connection did.
struct line {
  pthread_t thread;
  int number;
  unsigned long cycles, missed, failures;
  /// From the moment at which a cycle was due to the moment at which each point of it was read.
  struct samples ages;
};

static int64_t start_time, end_time;

static void sleep_until(int64_t when) {
  struct timespec time = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void *poll_line(void *argument) {
  struct line *line = argument;
  modbus_t *client = modbus_new_tcp(host, (int)port);
  if (!client) fail("out of memory");
  if (modbus_connect(client)) fail("no device at %s:%.0f: %s", host, port, strerror(errno));
  modbus_set_slave(client, (int)unit);
  int64_t period = (int64_t)(cycle * 1e6);
  // Phases are spread over the cycle, as a scheduler would do it.
  int64_t due = start_time + period * line->number / (int64_t)connections;
  uint16_t registers[REQUEST_REGISTERS];
  while (due < end_time && !stop_requested) {
    sleep_until(due);
    for (int first = 0; first < (int)points * 2; first += REQUEST_REGISTERS) {
      int count = (int)points * 2 - first;
      if (count > REQUEST_REGISTERS) count = REQUEST_REGISTERS;
      if (modbus_read_registers(client, first, count, registers) != count) line->failures++;
      samples_add(&line->ages, (double)(monotonic_ns() - due) / 1e3);
    }
    line->cycles++;
    for (due += period; due + period < monotonic_ns(); due += period) line->missed++;
  }
  modbus_close(client);
  modbus_free(client);
  return NULL;
}

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"host", "address of the device", &host, NULL},
      {"port", "port of the device", NULL, &port},
      {"unit", "unit of the device", NULL, &unit},
      {"connections", "connections, a thread each", NULL, &connections},
      {"points", "floats that each reads a cycle", NULL, &points},
      {"cycle", "milliseconds from cycle to cycle", NULL, &cycle},
      {"seconds", "time measured", NULL, &seconds},
  };
  read_options(argc, argv, "polls a Modbus TCP device", specs, sizeof specs / sizeof *specs);
  if (connections < 1 || points < 1 || cycle <= 0)
    fail("--connections, --points and --cycle: expected 1 or above");
  catch_stop();
  int count = (int)connections;
  struct line *lines = calloc((size_t)count, sizeof *lines);
  if (!lines) fail("out of memory");
  start_time = monotonic_ns() + 200000000;
  end_time = start_time + (int64_t)(seconds * 1e9);
  for (int i = 0; i < count; i++) {
    lines[i].number = i;
    if (pthread_create(&lines[i].thread, NULL, poll_line, &lines[i])) fail("no thread");
  }
  sleep_until(start_time);
  int64_t cpu = own_cpu_ns();
  struct samples ages = {0};
  unsigned long cycles = 0, missed = 0, failures = 0;
  for (int i = 0; i < count; i++) {
    pthread_join(lines[i].thread, NULL);
    cycles += lines[i].cycles;
    missed += lines[i].missed;
    failures += lines[i].failures;
  }
  cpu = own_cpu_ns() - cpu;
  for (int i = 0; i < count; i++) {
    for (size_t j = 0; j < lines[i].ages.count; j++) samples_add(&ages, lines[i].ages.values[j]);
    samples_free(&lines[i].ages);
  }
  free(lines);
  double read = (double)cycles * points;
  printf("{\"tool\":\"modbus-loop\",\"connections\":%d,\"points\":%.0f,\"cycle_ms\":%g,"
         "\"seconds\":%g,\"points_read\":%.0f,\"points_per_second\":%.0f,\"missed_cycles\":%lu,"
         "\"failures\":%lu,\"cpu_us_per_point\":%.4f,\"age_p50_us\":%.1f,\"age_p99_us\":%.1f}\n",
         count, points, cycle, seconds, read, read / seconds, missed, failures,
         read > 0 ? (double)cpu / 1e3 / read : 0, samples_quantile(&ages, 0.5),
         samples_quantile(&ages, 0.99));
  samples_free(&ages);
  return failures || !cycles ? 1 : 0;
}
