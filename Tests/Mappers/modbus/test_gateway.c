/* SPDX-License-Identifier: Apache-2.0
 *
 * RTU over TCP: the units of a serial line behind a gateway that only passes bytes on.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "bus.h"
#include "harness.h"
#include "relay.h"

/* Units 1 and 2 behind the gateway, 4711 in holding register 0, devices with that one point. */
typedef struct stage {
  bus *bus;
  relay *relay;
  fake_points points;
} stage;

static stage set_up(void) {
  static const int units[] = {1, 2};
  stage stage = {bus_start(units, 2), NULL, {NULL, 0}};
  stage.relay = relay_start(bus_path(stage.bus));
  fake_points_add(&stage.points, "value", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 0");
  bus_set(stage.bus, SPACE_HOLDING_REGISTER, 0, 4711);
  return stage;
}

static void clear(stage *stage) {
  relay_stop(stage->relay);
  bus_stop(stage->bus);
  fake_points_free(&stage->points);
}

static const char *settings_of(const stage *stage, int unit, const char *more) {
  static char text[192];
  snprintf(
      text, sizeof text, "communicateMode: RTUOverTCP, ip: 127.0.0.1, port: %d, slaveID: %d, %s%s",
      relay_port(stage->relay), unit, strstr(more, "timeoutMs") ? "" : "timeoutMs: 20000, ", more);
  return text;
}

static bool reads_well(fake_device *device) {
  mapper_status status = fake_device_read_all(device, 30000);
  if (status != MAPPER_OK) CHECK_TEXT(fake_call_text(device->call), "");
  return CHECK_INT(status, MAPPER_OK) && CHECK_INT(device->samples[0].value.u64, 4711);
}

TEST(units_behind_a_gateway_share_its_connection) {
  stage stage = set_up();
  fake_device one, two, dead;
  REQUIRE(start_device(&one, settings_of(&stage, 1, ""), &stage.points));
  REQUIRE(start_device(&two, settings_of(&stage, 2, ""), &stage.points));
  REQUIRE(start_device(&dead, settings_of(&stage, 7, "timeoutMs: 30"), &stage.points));
  for (int i = 0; i < 5; i++) {
    reads_well(&one);
    CHECK_INT(fake_device_read_all(&dead, 30000), MAPPER_TIMEOUT);
    reads_well(&two); /* the relay serves one connection: a second one would hang */
  }
  CHECK_INT(write_one(&one, 0, mapper_int(MAPPER_TYPE_I64, 12)), MAPPER_OK);
  CHECK_INT(bus_get(stage.bus, SPACE_HOLDING_REGISTER, 0), 12);
  fake_device_free(&one);
  fake_device_free(&two);
  fake_device_free(&dead);
  clear(&stage);
}

TEST(bytes_that_are_no_answer_cost_one_read_and_not_the_connection) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, settings_of(&stage, 1, "timeoutMs: 1000"), &stage.points));
  static const bus_fault faults[] = {BUS_CRC, BUS_HALF, BUS_GARBAGE};
  for (int i = 0; i < 3; i++) {
    bus_plant(stage.bus, faults[i], 0);
    CHECK_INT(fake_device_read_all(&device, 30000), MAPPER_PROTOCOL);
    reads_well(&device);
  }
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_gateway_that_hangs_up_is_connected_to_again) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, settings_of(&stage, 1, ""), &stage.points));
  reads_well(&device);
  relay_hang_up(stage.relay);
  /* Whether the end shows before the request or in place of its answer is chance. */
  mapper_status status = MAPPER_OK;
  double start = now_ms();
  while (status == MAPPER_OK && now_ms() - start < 30000)
    status = fake_device_read_all(&device, 30000);
  CHECK_INT(status, MAPPER_UNAVAILABLE);
  device.driver->close(device.device);
  CHECK_INT(fake_device_open(&device, 30000), MAPPER_OK);
  reads_well(&device);
  fake_device_free(&device);
  clear(&stage);
}
