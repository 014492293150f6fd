/* SPDX-License-Identifier: Apache-2.0
 *
 * Serial lines, with libmodbus at the other end of a pseudo terminal.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "bus.h"
#include "harness.h"

/* A line with units 1 and 2, 4711 in holding register 0, and devices with that one point. */
typedef struct stage {
  bus *bus;
  fake_points points;
} stage;

static stage set_up(void) {
  static const int units[] = {1, 2};
  stage stage = {bus_start(units, 2), {NULL, 0}};
  fake_points_add(&stage.points, "value", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 0");
  bus_set(stage.bus, SPACE_HOLDING_REGISTER, 0, 4711);
  return stage;
}

static void clear(stage *stage) {
  bus_stop(stage->bus);
  fake_points_free(&stage->points);
}

static bool reads_well(fake_device *device) {
  mapper_status status = fake_device_read_all(device, 30000);
  if (status != MAPPER_OK) CHECK_TEXT(fake_call_text(device->call), "");
  return CHECK_INT(status, MAPPER_OK) && CHECK_INT(device->samples[0].status, MAPPER_OK) &&
         CHECK_INT(device->samples[0].value.u64, 4711);
}

TEST(all_functions_work_over_a_serial_line) {
  stage stage = set_up();
  fake_points_add(&stage.points, "coils", MAPPER_TYPE_I64,
                  "register: CoilRegister, offset: 3, limit: 20");
  fake_points_add(&stage.points, "door", MAPPER_TYPE_BOOL,
                  "register: DiscreteInputRegister, offset: 7");
  fake_points_add(&stage.points, "level", MAPPER_TYPE_F32,
                  "register: InputRegister, offset: 0, dataType: float32");
  fake_points_add(&stage.points, "long", MAPPER_TYPE_I64,
                  "register: HoldingRegister, offset: 100, dataType: int32");
  fake_points_add(&stage.points, "coil", MAPPER_TYPE_BOOL, "register: CoilRegister, offset: 100");
  fake_points_add(&stage.points, "many", MAPPER_TYPE_BYTES,
                  "register: HoldingRegister, offset: 200, limit: 123");
  bus_set(stage.bus, SPACE_DISCRETE_INPUT, 7, 1);
  bus_set(stage.bus, SPACE_INPUT_REGISTER, 0, 0x41ac);
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 1, "parity: none"), &stage.points));
  uint8_t bytes[246];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
  mapper_write writes[] = {{1, 0, mapper_int(MAPPER_TYPE_I64, 0xa5a5a)},
                           {4, 0, mapper_int(MAPPER_TYPE_I64, -2)},
                           {5, 0, mapper_bool(true)},
                           {0, 0, mapper_int(MAPPER_TYPE_I64, 4711)},
                           {6, 0, mapper_data(MAPPER_TYPE_BYTES, bytes, sizeof bytes)}};
  CHECK_INT(fake_device_write(&device, writes, 5, 30000), MAPPER_OK);
  for (int i = 0; i < 5; i++) CHECK_INT(device.results[i], MAPPER_OK);
  reads_well(&device);
  CHECK_INT(device.samples[1].value.u64, 0xa5a5a);
  CHECK_INT(device.samples[2].value.u64, 1);
  CHECK_DOUBLE(device.samples[3].value.f64, 21.5);
  CHECK_INT(device.samples[4].value.i64, -2);
  CHECK_INT(device.samples[5].value.u64, 1);
  CHECK(device.samples[6].value.count == sizeof bytes &&
        memcmp(device.samples[6].value.data, bytes, sizeof bytes) == 0);
  fake_device_free(&device);
  clear(&stage);
}

TEST(two_units_share_one_line) {
  stage stage = set_up();
  fake_device one, two;
  REQUIRE(start_device(&one, bus_settings(stage.bus, 1, ""), &stage.points));
  REQUIRE(start_device(&two, bus_settings(stage.bus, 2, ""), &stage.points));
  for (int i = 0; i < 5; i++) {
    reads_well(&one);
    reads_well(&two);
  }
  CHECK_INT(bus_request_at(stage.bus, 0).unit, 1);
  CHECK_INT(bus_request_at(stage.bus, 1).unit, 2);
  /* The port stays open for the one that is left. */
  fake_device_free(&one);
  reads_well(&two);
  fake_device_free(&two);
  clear(&stage);
}

TEST(a_dead_unit_leaves_its_neighbour_alone) {
  stage stage = set_up();
  fake_device live, dead;
  REQUIRE(start_device(&live, bus_settings(stage.bus, 1, ""), &stage.points));
  REQUIRE(start_device(&dead, bus_settings(stage.bus, 9, "timeoutMs: 30"), &stage.points));
  for (int i = 0; i < 6; i++) {
    CHECK_INT(fake_device_read_all(&dead, 30000), MAPPER_TIMEOUT);
    CHECK(strstr(fake_call_text(dead.call), "unit 9 did not answer within ") != NULL);
    reads_well(&live);
  }
  fake_device_free(&live);
  fake_device_free(&dead);
  clear(&stage);
}

TEST(an_answer_that_comes_late_is_not_taken_for_the_next) {
  stage stage = set_up();
  bus_set(stage.bus, SPACE_HOLDING_REGISTER, 50, 99);
  fake_points_add(&stage.points, "other", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 50");
  fake_device one, two;
  /* The late one is of unit 2, and comes while unit 1 is asked. */
  REQUIRE(start_device(&one, bus_settings(stage.bus, 1, "maxGap: 0"), &stage.points));
  REQUIRE(
      start_device(&two, bus_settings(stage.bus, 2, "timeoutMs: 500, maxGap: 0"), &stage.points));
  for (int i = 0; i < 3; i++) {
    bus_plant(stage.bus, BUS_LATE, 0);
    CHECK_INT(read_one(&two, 1).status, MAPPER_INTERNAL);
    reads_well(&one);
  }
  fake_device_free(&one);
  fake_device_free(&two);
  clear(&stage);
}

/* A fault of one answer, and that the line works on. */
static void is_protocol_error(bus_fault fault, int argument, const char *text) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 1, "timeoutMs: 1000"), &stage.points));
  bus_plant(stage.bus, fault, argument);
  CHECK_INT(fake_device_read_all(&device, 30000), MAPPER_PROTOCOL);
  const char *found = fake_call_text(device.call);
  if (!CHECK(strncmp(found, text, strlen(text)) == 0)) CHECK_TEXT(found, text);
  device.driver->close(device.device);
  CHECK_INT(fake_device_open(&device, 30000), MAPPER_OK);
  reads_well(&device);
  reads_well(&device);
  fake_device_free(&device);
  clear(&stage);
}

TEST(an_answer_that_is_none_is_a_protocol_error_and_says_why) {
  is_protocol_error(BUS_CRC, 0, "unit 1, function 3: wrong answer: CRC 0x");
  is_protocol_error(BUS_UNIT, 4, "unit 1, function 3: wrong answer: unit 4, expected 1");
  is_protocol_error(BUS_HALF, 0, "unit 1, function 3: no whole answer within ");
  is_protocol_error(BUS_GARBAGE, 0, "unit 1, function 3: wrong answer: ");
}

TEST(noise_around_an_answer_costs_nothing) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 1, ""), &stage.points));
  static const bus_fault faults[] = {BUS_NOISE, BUS_TAIL, BUS_PIECES};
  for (int i = 0; i < 9; i++) {
    bus_plant(stage.bus, faults[i % 3], 0);
    reads_well(&device);
  }
  fake_device_free(&device);
  clear(&stage);
}

TEST(an_exception_names_unit_and_register) {
  stage stage = set_up();
  fake_points_add(&stage.points, "beyond", MAPPER_TYPE_I64,
                  "register: HoldingRegister, offset: 30000");
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 2, ""), &stage.points));
  reads_well(&device);
  CHECK_INT(device.samples[1].status, MAPPER_STATUS(MAPPER_NOT_FOUND, 2));
  CHECK_TEXT(fake_call_item(device.call, 1),
             "unit 2, holding register 430001: exception 2, illegal data address");
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_port_that_is_pulled_out_is_unavailable_and_comes_back) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 1, ""), &stage.points));
  reads_well(&device);
  bus_unplug(stage.bus);
  CHECK_INT(fake_device_read_all(&device, 30000), MAPPER_UNAVAILABLE);
  device.driver->close(device.device);
  device.is_open = false;
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_UNAVAILABLE);
  CHECK(strstr(fake_call_text(device.call), "opening: No such file or directory") != NULL);
  bus_plug(stage.bus);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  reads_well(&device);
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_port_that_another_program_holds_is_told) {
  stage stage = set_up();
  fake_device device;
  int other = open(bus_path(stage.bus), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(other >= 0 && flock(other, LOCK_EX | LOCK_NB) == 0);
  CHECK_INT(fake_device_bind(&device, the_host(), the_driver(), bus_settings(stage.bus, 1, ""),
                             &stage.points),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_UNAVAILABLE);
  CHECK(strstr(fake_call_text(device.call), "locking: Device or resource busy") != NULL);
  close(other);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  reads_well(&device);
  /* And ours keeps others out. */
  other = open(bus_path(stage.bus), O_RDWR | O_NOCTTY | O_CLOEXEC);
  CHECK(other < 0 || flock(other, LOCK_EX | LOCK_NB) != 0);
  if (other >= 0) close(other);
  fake_device_free(&device);
  clear(&stage);
}

TEST(devices_of_one_port_with_other_settings_are_told_which) {
  stage stage = set_up();
  fake_device one, two;
  REQUIRE(start_device(&one, bus_settings(stage.bus, 1, "parity: none"), &stage.points));
  CHECK_INT(fake_device_bind(&two, the_host(), the_driver(),
                             bus_settings(stage.bus, 2, "parity: even"), &stage.points),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&two, 20000), MAPPER_UNAVAILABLE);
  CHECK(strstr(fake_call_text(two.call),
               ": open with 115200 8N1 for other devices: expected the same, not 115200 8E1"));
  /* Once nobody has the port open, the next one's settings count. */
  fake_device_free(&one);
  CHECK_INT(fake_device_open(&two, 20000), MAPPER_OK);
  reads_well(&two);
  fake_device_free(&two);
  clear(&stage);
}

TEST(a_request_on_a_serial_line_can_be_cancelled) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 9, "timeoutMs: 60000"), &stage.points));
  fake_call_again(device.call, 60000);
  fake_call_cancel_after(device.call, 50);
  CHECK_INT(device.driver->read(device.device, device.call, device.ids, 1, device.samples),
            MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(device.call) < 20000);
  fake_device_free(&device);
  clear(&stage);
}

TEST(the_delay_of_a_line_is_kept_before_each_request) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(stage.bus, 1, "lineDelayMs: 50"), &stage.points));
  reads_well(&device);
  double start = now_ms();
  for (int i = 0; i < 3; i++) reads_well(&device);
  CHECK(now_ms() - start >= 145);
  fake_device_free(&device);
  clear(&stage);
}

TEST(what_is_no_serial_port_is_told) {
  stage stage = set_up();
  fake_device device;
  char path[] = "/tmp/modbus-file-XXXXXX", settings[96];
  int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  snprintf(settings, sizeof settings, "serialPort: %s, slaveID: 1", path);
  CHECK_INT(fake_device_bind(&device, the_host(), the_driver(), settings, &stage.points),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_UNAVAILABLE);
  CHECK(strstr(fake_call_text(device.call),
               "setting up the serial port: Inappropriate ioctl for device") != NULL);
  fake_device_free(&device);
  close(fd);
  unlink(path);
  clear(&stage);
}
