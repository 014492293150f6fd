/* SPDX-License-Identifier: Apache-2.0
 *
 * CPU per point of reading float32 input registers through the mapper, beside a bare libmodbus loop
 * that reads the same registers and does nothing with them. Both take turns on the same server.
 *
 *   modbus-sim --host 0.0.0.0 --port 1502 &
 *   make -C Tests/Mappers bench-modbus && bench-modbus PORT [SECONDS] [CYCLE_MS]
 *
 * Ten devices of 1,000 floats, each on a connection of its own (127.0.0.1 to 127.0.0.10). With a
 * cycle of 0, reads follow each other without a pause.
 */
#define _GNU_SOURCE
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fakehost.h"

enum { DEVICES = 10, POINTS = 1000, REGISTERS = 2 * POINTS, LENGTH = 124, TURNS = 6 };

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static modbus_t *bare[DEVICES];
static fake_device devices[DEVICES];

static void read_bare(int i) {
  uint16_t words[LENGTH];
  for (int at = 0; at < REGISTERS; at += LENGTH) {
    int length = REGISTERS - at < LENGTH ? REGISTERS - at : LENGTH;
    if (modbus_read_input_registers(bare[i], at, length, words) != length) abort();
  }
}

static void read_mapper(int i) {
  if (fake_device_read_all(&devices[i], 1000) != MAPPER_OK) abort();
}

/* The host's part of fake_device_read_all, to be taken off: no request is made. */
static void read_nothing(int i) {
  fake_device *device = &devices[i];
  for (uint32_t j = 0; j < device->count; j++)
    device->samples[j] = (mapper_sample){.point = j, .status = MAPPER_NOT_FILLED};
  fake_call_again(device->call, 1000);
}

/* CPU nanoseconds a point, over `span` seconds. */
static double measure(void (*read)(int), double span, int cycle_ms) {
  double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  long rounds = 0;
  while (seconds(CLOCK_MONOTONIC) - start < span) {
    for (int i = 0; i < DEVICES; i++) read(i);
    rounds++;
    double left = start + (double)rounds * cycle_ms / 1e3 - seconds(CLOCK_MONOTONIC);
    if (left > 0) {
      struct timespec pause = {0, (long)(left * 1e9)};
      nanosleep(&pause, NULL);
    }
  }
  return (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e9 / ((double)rounds * DEVICES * POINTS);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: bench-modbus PORT [SECONDS] [CYCLE_MS]\n");
    return 2;
  }
  int port = atoi(argv[1]), cycle_ms = argc > 3 ? atoi(argv[3]) : 0;
  double span = argc > 2 ? atof(argv[2]) : 2;
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  if (!host) return 1;
  const mapper_driver *driver = fake_host_driver(host, "modbus");
  fake_points points = {NULL, 0};
  for (int i = 0; i < POINTS; i++) {
    char settings[80];
    snprintf(settings, sizeof settings, "register: InputRegister, offset: %d, limit: 2", 2 * i);
    fake_points_add(&points, "float", MAPPER_TYPE_F32, settings);
  }
  for (int i = 0; i < DEVICES; i++) {
    char settings[80], ip[16];
    snprintf(ip, sizeof ip, "127.0.0.%d", i + 1);
    snprintf(settings, sizeof settings, "ip: %s, port: %d, slaveID: 1", ip, port);
    if (fake_device_bind(&devices[i], host, driver, settings, &points) != MAPPER_OK ||
        fake_device_open(&devices[i], 1000) != MAPPER_OK) {
      fprintf(stderr, "%s\n", fake_call_text(devices[i].call));
      return 1;
    }
    bare[i] = modbus_new_tcp(ip, port);
    if (!bare[i] || modbus_set_slave(bare[i], 1) != 0 || modbus_connect(bare[i]) != 0) return 1;
  }
  double loop = 0, mapper = 0, harness = 0;
  for (int turn = 0; turn < TURNS; turn++) {
    loop += measure(read_bare, span / TURNS, cycle_ms) / TURNS;
    mapper += measure(read_mapper, span / TURNS, cycle_ms) / TURNS;
  }
  harness = measure(read_nothing, 0.2, 0);
  printf("CPU per point: libmodbus loop %.0f ns, mapper %.0f ns (without the test's own %.0f ns: "
         "%.0f ns), ratio %.2f\n",
         loop, mapper, harness, mapper - harness, (mapper - harness) / loop);
  for (int i = 0; i < DEVICES; i++) {
    modbus_close(bare[i]);
    modbus_free(bare[i]);
    fake_device_free(&devices[i]);
  }
  fake_points_free(&points);
  fake_host_unload(host);
  return 0;
}
