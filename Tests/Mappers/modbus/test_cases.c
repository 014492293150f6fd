/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "bus.h"
#include "cases/cases.h"
#include "harness.h"

typedef struct peer {
  slave *slave;
  bus *bus;      /* of a device on a serial line; else null */
  bool is_write; /* the last step */
  int requests;  /* that the expectations of this step have named */
} peer;

static const char *type_name(const mapper_value *value) {
  static const char *const names[] = {"none", "bool", "i8",  "u8",  "i16", "u16",  "i32",
                                      "u32",  "i64",  "u64", "f32", "f64", "text", "bytes"};
  return value->type < sizeof names / sizeof *names ? names[value->type] : "?";
}

static void slave_value(const peer *peer, frame_space space, unsigned address, uint16_t value) {
  slave_set(peer->slave, space, address, value);
}

static void bus_value(const peer *peer, frame_space space, unsigned address, uint16_t value) {
  bus_set(peer->bus, space, address, value);
}

/* "slave holding 0 00d2 0001": words in hexadecimal from an address on; bits as 0 and 1. */
static bool fill_slave(case_run *run, char *rest) {
  static const char *const spaces[] = {"coil", "discrete", "input", "holding"};
  const peer *peer = run->peer;
  const char *space = case_word(&rest), *address = case_word(&rest);
  for (int i = 0; i < 4 && *address; i++) {
    if (strcmp(spaces[i], space) != 0) continue;
    for (unsigned at = (unsigned)atoi(address); *rest; at++)
      (peer->bus ? bus_value : slave_value)(peer, (frame_space)i, at,
                                            (uint16_t)strtoul(case_word(&rest), NULL, 16));
    return true;
  }
  return case_complain(run, "expected coil, discrete, input or holding and an address", space);
}

static bool write_property(case_run *run, char *rest) {
  const mapper_point *point = case_point(run, case_word(&rest));
  if (!point) return false;
  if (!*rest) return case_complain(run, "expected a property and a value", point->name);
  mapper_settings one = {NULL, 0};
  bool is_quoted = rest[0] == '"';
  if (is_quoted) rest[strlen(rest) - 1] = 0;
  fake_settings_put_scalar(&one, "value", rest + is_quoted, !is_quoted);
  mapper_write write = {point->id, 0, one.items[0].value};
  mapper_status status = fake_device_write(&run->device, &write, 1, 2000);
  fake_settings_free(&one);
  return status == MAPPER_OK ||
         case_complain(run, "write failed", fake_call_text(run->device.call));
}

static bool read_properties(case_run *run) {
  return fake_device_read_all(&run->device, 2000) == MAPPER_OK ||
         case_complain(run, "read failed", fake_call_text(run->device.call));
}

/* All requests of a read or write have to be named. */
static bool end_step(case_run *run) {
  peer *peer = run->peer;
  int seen = peer->bus ? bus_seen(peer->bus) : slave_seen(peer->slave);
  if (seen != peer->requests)
    return case_complain(run, "requests of the step before",
                         peer->bus ? "on the serial line" : seen_text(peer->slave));
  slave_forget(peer->slave);
  if (peer->bus) bus_forget(peer->bus);
  peer->requests = 0;
  return true;
}

static bool expect_request(case_run *run, const char *expected) {
  peer *peer = run->peer;
  slave_request request = peer->bus ? bus_request_at(peer->bus, peer->requests)
                                    : slave_request_at(peer->slave, peer->requests);
  peer->requests++;
  char found[32];
  snprintf(found, sizeof found, "%u %u %u", request.function, request.address, request.quantity);
  return case_expect(run, found, expected);
}

static bool step(case_run *run, const char *verb, char *rest) {
  peer *peer = run->peer;
  if (strcmp(verb, "slave") == 0) return fill_slave(run, rest);
  if (strcmp(verb, "request") == 0) return expect_request(run, rest);
  bool is_read = strcmp(verb, "read") == 0;
  if (is_read || strcmp(verb, "write") == 0) {
    if (!end_step(run)) return false;
    peer->is_write = !is_read;
    return is_read ? read_properties(run) : write_property(run, rest);
  }
  bool is_value = strcmp(verb, "value") == 0;
  if (!is_value && strcmp(verb, "failed") != 0) return case_complain(run, "not understood", verb);
  const mapper_point *point = case_point(run, case_word(&rest));
  if (!point) return false;
  const mapper_sample *sample = &run->device.samples[point->id];
  const char *found = fake_call_item(run->device.call, peer->is_write ? 0 : point->id);
  if (is_value && !sample->status) found = case_value(type_name(&sample->value), &sample->value);
  return case_expect(run, found, rest);
}

/* The slave takes the device's place; a serial line gets one of its own. */
static void start(case_run *run) {
  peer *peer = run->peer;
  if (mapper_find(&run->file.settings, "serialPort")) {
    int unit = (int)mapper_find_int(&run->file.settings, "slaveID", 1);
    peer->bus = bus_start(&unit, 1);
    fake_settings_put_scalar(&run->file.settings, "serialPort", bus_path(peer->bus), true);
    return;
  }
  if (!mapper_find(&run->file.settings, "ip")) return;
  char port[16];
  snprintf(port, sizeof port, "%d", slave_port(peer->slave));
  fake_settings_put_scalar(&run->file.settings, "ip", "127.0.0.1", true);
  fake_settings_put_scalar(&run->file.settings, "port", port, true);
}

static void run_case(const char *name, void *context) {
  static const case_suite suite = {
      .driver = "modbus", .open_ms = 2000, .start = start, .step = step, .end = end_step};
  (void)context;
  peer peer = {.slave = slave_start()};
  case_run_folder(&suite, the_host(), MAPPER_FOLDER, name, &peer);
  if (peer.bus) bus_stop(peer.bus);
  slave_stop(peer.slave);
}

TEST(each_case_folder_does_what_it_says) { CHECK(each_case(MAPPER_FOLDER, run_case, NULL) >= 9); }
