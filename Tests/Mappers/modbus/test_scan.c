/* SPDX-License-Identifier: Apache-2.0
 *
 * "mapper.discovery/1": scans of TCP and serial lines, and what a device says of itself.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "bus.h"
#include "harness.h"
#include "mapper/ext/discovery.h"

/* What came to the sink of the scan that runs; one at a time. */
static struct {
  char text[2048]; /* "95 modbus-3 Acme TX {…}\n" per item */
  uint32_t items, last_done, last_total;
  char last_step[40];
  mapper_status answer; /* what `found` answers */
} got;

static mapper_status take(const mapper_call *call, const mapper_found *found) {
  (void)call;
  size_t size = strlen(got.text);
  snprintf(got.text + size, sizeof got.text - size, "%u %s %s %s\n", found->confidence, found->name,
           found->title ? found->title : "-", found->settings);
  got.items++;
  CHECK_INT(found->size, sizeof(mapper_found));
  CHECK_INT(found->count, 0);
  return got.answer;
}

static mapper_status follow(const mapper_call *call, uint32_t done, uint32_t total,
                            const char *text, size_t size) {
  (void)call;
  got.last_done = done;
  got.last_total = total;
  snprintf(got.last_step, sizeof got.last_step, "%.*s", (int)size, text ? text : "");
  return MAPPER_OK;
}

static const mapper_sink sink = {sizeof sink, 0, take, follow};

static const mapper_discovery *discovery(void) { return the_driver()->query(MAPPER_EXT_DISCOVERY); }

static mapper_status scan(mapper_call *call, const char *options) {
  memset(&got, 0, sizeof got);
  mapper_settings settings = fake_settings(options);
  mapper_status status = discovery()->scan(the_host(), call, &settings, &sink);
  fake_settings_free(&settings);
  return status;
}

static const char *tcp(slave *slave, const char *more) {
  static char text[160];
  snprintf(text, sizeof text, "ip: 127.0.0.1, port: %d, %s", slave_port(slave), more);
  return text;
}

TEST(the_schema_of_a_scan_is_that_of_the_folder) {
  char text[16384];
  FILE *file = fopen(MAPPER_FOLDER "/scan.schema.json", "r");
  REQUIRE(file != NULL);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  CHECK_TEXT(discovery()->scan_schema, text);
}

TEST(units_that_answer_are_found_with_their_names) {
  static const int units[] = {3, 5};
  static const char *const objects[] = {"Acme", "TX-3", "2.1"};
  slave *slave = slave_start();
  slave_leave(slave, units, 2);
  slave_identify(slave, objects, 3);
  mapper_call *call = fake_call_new(30000);
  CHECK_INT(scan(call, tcp(slave, "unitFrom: 2, unitTo: 6, timeoutMs: 1000")), MAPPER_OK);
  char expected[512];
  snprintf(expected, sizeof expected,
           "95 modbus-3 Acme TX-3 2.1 "
           "{\"communicateMode\":\"TCP\",\"ip\":\"127.0.0.1\",\"port\":%d,\"slaveID\":3}\n"
           "95 modbus-5 Acme TX-3 2.1 "
           "{\"communicateMode\":\"TCP\",\"ip\":\"127.0.0.1\",\"port\":%d,\"slaveID\":5}\n",
           slave_port(slave), slave_port(slave));
  CHECK_TEXT(got.text, expected);
  CHECK_INT(got.last_done, 5);
  CHECK_INT(got.last_total, 5);
  fake_call_free(call);
  slave_stop(slave);
}

TEST(the_kind_of_answer_says_how_sure_it_is) {
  slave *slave = slave_start();
  mapper_call *call = fake_call_new(30000);
  CHECK_INT(scan(call, tcp(slave, "unitFrom: 7, unitTo: 7, timeoutMs: 20000")), MAPPER_OK);
  CHECK(strncmp(got.text, "80 modbus-7 - ", 14) == 0);
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 0, 1, 2);
  CHECK_INT(scan(call, tcp(slave, "unitFrom: 7, unitTo: 7, timeoutMs: 20000")), MAPPER_OK);
  CHECK(strncmp(got.text, "60 modbus-7 - ", 14) == 0);
  /* That is the gateway, and not the unit. */
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 0, 1, 11);
  CHECK_INT(scan(call, tcp(slave, "unitFrom: 7, unitTo: 7, timeoutMs: 20000")), MAPPER_OK);
  CHECK_INT(got.items, 0);
  fake_call_free(call);
  slave_stop(slave);
}

TEST(a_scan_of_a_serial_line_shares_the_port_with_its_devices) {
  static const int units[] = {2, 9};
  bus *bus = bus_start(units, 2);
  fake_points points = {NULL, 0};
  fake_points_add(&points, "value", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 0");
  bus_set(bus, SPACE_HOLDING_REGISTER, 0, 4711);
  fake_device device;
  REQUIRE(start_device(&device, bus_settings(bus, 2, "parity: none"), &points));
  mapper_call *call = fake_call_new(60000);
  char options[256];
  snprintf(
      options, sizeof options,
      "serialPort: %s, baudRate: 115200, parity: none, unitFrom: 1, unitTo: 10, timeoutMs: 1000",
      bus_path(bus));
  CHECK_INT(scan(call, options), MAPPER_OK);
  char expected[512];
  snprintf(expected, sizeof expected,
           "80 modbus-2 - {\"communicateMode\":\"RTU\",\"serialPort\":\"%s\",\"baudRate\":115200,"
           "\"parity\":\"none\",\"stopBits\":1,\"slaveID\":2}\n"
           "80 modbus-9 - {\"communicateMode\":\"RTU\",\"serialPort\":\"%s\",\"baudRate\":115200,"
           "\"parity\":\"none\",\"stopBits\":1,\"slaveID\":9}\n",
           bus_path(bus), bus_path(bus));
  CHECK_TEXT(got.text, expected);
  CHECK_INT(read_one(&device, 0).value.u64, 4711);

  /* The lane is that of the port; to TCP a scan connects by itself. */
  char key[128], *real = realpath(bus_path(bus), NULL);
  mapper_settings settings = fake_settings(options);
  size_t size = discovery()->lane(&settings, key, sizeof key - 1);
  key[size] = 0;
  CHECK_TEXT(key, real);
  fake_settings_free(&settings);
  settings = fake_settings("ip: 10.0.0.7");
  CHECK_INT(discovery()->lane(&settings, key, sizeof key), 0);
  fake_settings_free(&settings);
  settings = fake_settings("ip: 10.0.0.7, communicateMode: RTUOverTCP");
  CHECK_INT(discovery()->lane(&settings, key, sizeof key), 12);
  fake_settings_free(&settings);
  free(real);
  fake_call_free(call);
  fake_device_free(&device);
  bus_stop(bus);
  fake_points_free(&points);
}

TEST(a_scan_can_be_cancelled_and_keeps_to_its_deadline) {
  static const int nobody[] = {255};
  slave *slave = slave_start();
  slave_leave(slave, nobody, 1);
  mapper_call *call = fake_call_new(60000);
  fake_call_cancel_after(call, 50);
  CHECK_INT(scan(call, tcp(slave, "timeoutMs: 60000")), MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(call) < 20000);
  CHECK_TEXT(got.last_step, "unit 1");
  fake_call_again(call, 200);
  CHECK_INT(scan(call, tcp(slave, "timeoutMs: 40")), MAPPER_TIMEOUT);
  CHECK_INT(got.last_total, 247);
  fake_call_free(call);
  slave_stop(slave);
}

TEST(a_scan_ends_when_the_sink_wants_no_more) {
  slave *slave = slave_start();
  mapper_call *call = fake_call_new(30000);
  memset(&got, 0, sizeof got);
  got.answer = MAPPER_CLOSED;
  mapper_settings settings = fake_settings(tcp(slave, "timeoutMs: 20000"));
  CHECK_INT(discovery()->scan(the_host(), call, &settings, &sink), MAPPER_CLOSED);
  CHECK_INT(got.items, 1);
  /* An item that was not usable is left out. */
  memset(&got, 0, sizeof got);
  got.answer = MAPPER_INVALID;
  fake_settings_put_scalar(&settings, "unitTo", "3", true);
  CHECK_INT(discovery()->scan(the_host(), call, &settings, &sink), MAPPER_OK);
  CHECK_INT(got.items, 3);
  fake_settings_free(&settings);
  fake_call_free(call);
  slave_stop(slave);
}

TEST(wrong_options_of_a_scan_are_refused) {
  mapper_call *call = fake_call_new(30000);
  CHECK_INT(scan(call, "unitFrom: 1"), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(call), "ip: missing: expected the device's IPv4 or IPv6 address");
  CHECK_INT(scan(call, "ip: 127.0.0.1, unitFrom: 9, unitTo: 3"), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(call), "unitTo: 3: expected unitFrom, which is 9, or more");
  CHECK_INT(scan(call, "serialPort: /dev/ttyS0, unitFrom: 0"), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(call), "unitFrom: 0: expected a whole number from 1 to 255");
  CHECK_INT(scan(call, "serialPort: /dev/ttyNONE"), MAPPER_UNAVAILABLE);
  CHECK_TEXT(fake_call_text(call), "/dev/ttyNONE: opening: No such file or directory");
  fake_call_free(call);
}

TEST(a_device_is_described_by_its_settings_and_its_name) {
  static const char *const objects[] = {"Acme", "TX-3"};
  static const fake_points none = {NULL, 0};
  slave *slave = slave_start();
  slave_identify(slave, objects, 2);
  fake_device device;
  REQUIRE(start_device(&device,
                       slave_settings(slave, 6,
                                      "maxGap: 2, timeoutMs: 5000, bitWrite: mask, "
                                      "lineDelayMs: 1, maxRegisters: 20"),
                       &none));
  memset(&got, 0, sizeof got);
  fake_call_again(device.call, 30000);
  CHECK_INT(discovery()->describe(device.device, device.call, &sink), MAPPER_OK);
  char expected[320];
  snprintf(expected, sizeof expected,
           "95 modbus-6 Acme TX-3 {\"communicateMode\":\"TCP\",\"ip\":\"127.0.0.1\",\"port\":%d,"
           "\"slaveID\":6,\"maxGap\":2,\"maxRegisters\":20,\"timeoutMs\":5000,\"lineDelayMs\":1,"
           "\"bitWrite\":\"mask\"}\n",
           slave_port(slave));
  CHECK_TEXT(got.text, expected);
  slave_kill_unit(slave, 6);
  fake_call_again(device.call, 100);
  CHECK_INT(discovery()->describe(device.device, device.call, &sink), MAPPER_TIMEOUT);
  fake_device_free(&device);
  slave_stop(slave);
}
