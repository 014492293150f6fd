/* SPDX-License-Identifier: Apache-2.0
 *
 * Device settings: what is taken, what is refused and how, which line a device sits on.
 */
#include "harness.h"

/* Whether the library holds the schema file word for word. */
static void holds(const char *schema, const char *path) {
  char text[16384];
  FILE *file = fopen(path, "r");
  REQUIRE(file != NULL);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  CHECK_TEXT(schema, text);
}

TEST(the_schemas_of_the_folder_are_in_the_library) {
  holds(the_driver()->device_schema, MAPPER_FOLDER "/device.schema.json");
  holds(the_driver()->point_schema, MAPPER_FOLDER "/point.schema.json");
}

static const fake_points none = {NULL, 0};

static void refuses(const char *settings, const char *text) {
  fake_device device;
  CHECK_INT(fake_device_bind(&device, the_host(), the_driver(), settings, &none), MAPPER_INVALID);
  CHECK(device.device == NULL);
  CHECK_TEXT(fake_call_text(device.call), text);
  fake_device_free(&device);
}

TEST(wrong_device_settings_are_refused_with_what_was_expected) {
  refuses("slaveID: 1", "ip: missing: expected the device's IPv4 or IPv6 address");
  refuses("ip: 10.0.0.7", "slaveID: missing: expected the unit's address, 0 to 255");
  refuses("ip: plc-1, slaveID: 1", "ip: \"plc-1\": expected an IPv4 or IPv6 address");
  refuses("ip: 10.0.0.7, slaveID: 256", "slaveID: 256: expected a whole number from 0 to 255");
  refuses("ip: 10.0.0.7, slaveID: one", "slaveID: \"one\": expected a whole number from 0 to 255");
  refuses("ip: 10.0.0.7, slaveID: 1, port: 0", "port: 0: expected a whole number from 1 to 65535");
  refuses("ip: 10.0.0.7, slaveID: 1, port: \"502x\"",
          "port: \"502x\": expected a whole number from 1 to 65535");
  refuses("ip: 10.0.0.7, slaveID: 1, maxRegisters: 126",
          "maxRegisters: 126: expected a whole number from 1 to 125");
  refuses("ip: 10.0.0.7, slaveID: 1, maxGap: -1",
          "maxGap: -1: expected a whole number from 0 to 124");
}

TEST(wrong_settings_of_a_serial_line_are_refused_with_what_was_expected) {
  static const char port[] = "the path of a serial port, /dev/ttyUSB0 say";
  char text[160];
  snprintf(text, sizeof text, "serialPort: missing: expected %s", port);
  refuses("communicateMode: RTU, ip: 10.0.0.7, slaveID: 1", text);
  snprintf(text, sizeof text, "serialName: \"COM1\": expected %s", port);
  refuses("communicateMode: RTU, serialName: COM1, slaveID: 1", text);
  snprintf(text, sizeof text, "serialPort: 1: expected %s", port);
  refuses("serialPort: 1, slaveID: 1", text);
  refuses("serialPort: /dev/ttyS0, ip: 10.0.0.7, slaveID: 1",
          "communicateMode: missing: expected TCP, RTU or RTUOverTCP, since both ip and a serial "
          "port are given");
  refuses("communicateMode: ASCII, serialPort: /dev/ttyS0, slaveID: 1",
          "communicateMode: \"ASCII\": expected TCP, RTU or RTUOverTCP");
  refuses("serialPort: /dev/ttyS0, slaveID: 0",
          "slaveID: 0: expected a whole number from 1 to 255");
  refuses("serialPort: /dev/ttyS0", "slaveID: missing: expected the unit's address, 1 to 255");
  refuses("serialPort: /dev/ttyS0, slaveID: 1, baudRate: 9601",
          "baudRate: 9601: expected a usual rate: 1200, 2400, 4800, 9600, 19200, 38400, 57600, "
          "115200 …");
  refuses("serialPort: /dev/ttyS0, slaveID: 1, dataBits: 7",
          "dataBits: 7: expected 8: Modbus RTU sends whole bytes");
  refuses("serialPort: /dev/ttyS0, slaveID: 1, stopBits: 3",
          "stopBits: 3: expected a whole number from 1 to 2");
  refuses("serialPort: /dev/ttyS0, slaveID: 1, parity: mark",
          "parity: \"mark\": expected none, even or odd");
  refuses("serialPort: /dev/ttyS0, slaveID: 1, bitWrite: never",
          "bitWrite: \"never\": expected auto, mask or readModifyWrite");
}

static const char *lane_of(const char *settings) {
  static char key[128];
  mapper_settings given = fake_settings(settings);
  size_t size = the_driver()->lane(&given, key, sizeof key - 1);
  key[size] = 0;
  fake_settings_free(&given);
  return key;
}

TEST(devices_behind_one_address_and_port_share_a_lane) {
  CHECK_TEXT(lane_of("ip: 10.0.0.7, slaveID: 1"), "10.0.0.7:502");
  CHECK_TEXT(lane_of("ip: 10.0.0.7, port: \"502\", slaveID: 2, communicateMode: TCP"),
             "10.0.0.7:502");
  CHECK_TEXT(lane_of("ip: 10.0.0.7, port: 1502, slaveID: 1"), "10.0.0.7:1502");
  CHECK_TEXT(lane_of("ip: \"FD00:0::0007\", slaveID: 1"), "[fd00::7]:502");
  CHECK_TEXT(lane_of("ip: nowhere, slaveID: 1"), "");
}

TEST(devices_on_one_serial_port_share_a_lane_whatever_its_name) {
  CHECK_TEXT(lane_of("serialPort: /dev/ttyNONE, slaveID: 1"), "/dev/ttyNONE");
  CHECK_TEXT(lane_of("serialName: /dev/ttyNONE, slaveID: 2, communicateMode: rtu"), "/dev/ttyNONE");
  CHECK_TEXT(lane_of("serialPort: /dev/../dev/null, slaveID: 1"), "/dev/null");
  /* What a model carries for serial devices is no matter to one of TCP. */
  CHECK_TEXT(lane_of("ip: 10.0.0.7, serialPort: /dev/ttyS0, communicateMode: TCP, slaveID: 1"),
             "10.0.0.7:502");
  CHECK_TEXT(lane_of("ip: 10.0.0.7, communicateMode: RTUoverTCP, slaveID: 1"), "10.0.0.7:502");
}

/* The lane of a device whose settings hold these JSON objects too. */
static const char *lane_with(const char *settings, const char *key, const char *json) {
  static char lane[128];
  mapper_settings given = fake_settings(settings);
  fake_settings_put(&given, key, mapper_data(MAPPER_TYPE_BYTES, json, (uint32_t)strlen(json)));
  size_t size = the_driver()->lane(&given, lane, sizeof lane - 1);
  lane[size] = 0;
  fake_settings_free(&given);
  return lane;
}

TEST(the_objects_of_old_manifests_are_taken) {
  CHECK_TEXT(
      lane_with("slaveID: 1", "com",
                "{\"serialPort\":\"\\/dev\\/tty\\u004eONE\",\"baudRate\":9600,\"dataBits\":8,"
                "\"parity\":\"even\",\"stopBits\":1}"),
      "/dev/ttyNONE");
  /* The port is the host's default. */
  CHECK_TEXT(lane_with("slaveID: 1, port: 502", "tcp", "{\"ip\":\"10.0.0.7\",\"port\":\"1502\"}"),
             "10.0.0.7:1502");
  CHECK_TEXT(lane_with("slaveID: 1, serialPort: /dev/ttyNONE", "customizedValues",
                       "{ \"serialType\" : \"RS485\" , \"other\" : true }"),
             "/dev/ttyNONE");
  CHECK_TEXT(lane_with("slaveID: 1, ip: 10.0.0.7", "com", "{}"), "10.0.0.7:502");
}

TEST(an_object_that_is_not_flat_is_refused) {
  static const char *const bad[] = {"{\"baudRate\":[1]}",
                                    "{\"baudRate\":}",
                                    "{\"baudRate\"",
                                    "{\"baudRate",
                                    "[]",
                                    "{\"a\":1,}",
                                    "{\"a\":\"\\x\"}",
                                    "{\"a\":\"\\u00",
                                    "",
                                    "{\"a\":1 \"b\":2}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    mapper_settings given = fake_settings("serialPort: /dev/ttyNONE, slaveID: 1");
    fake_settings_put(&given, "com",
                      mapper_data(MAPPER_TYPE_BYTES, bad[i], (uint32_t)strlen(bad[i])));
    fake_device device;
    CHECK_INT(fake_device_bind_settings(&device, the_host(), the_driver(), &given, &none),
              MAPPER_INVALID);
    CHECK_TEXT(fake_call_text(device.call),
               "com: expected an object of numbers, texts and truth values");
    fake_device_free(&device);
    fake_settings_free(&given);
  }
}

TEST(a_lane_key_that_does_not_fit_is_none) {
  mapper_settings given = fake_settings("ip: 10.0.0.7, slaveID: 1");
  char key[12];
  CHECK_INT(the_driver()->lane(&given, key, 11), 0);
  CHECK_INT(the_driver()->lane(&given, key, 12), 12);
  fake_settings_free(&given);
}

TEST(a_point_that_is_refused_leaves_the_others_alone) {
  fake_points points = {NULL, 0};
  fake_points_add(&points, "good", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 1");
  fake_points_add(&points, "bad", MAPPER_TYPE_I64, "register: HoldingRegister, offset: -1");
  slave *slave = slave_start();
  slave_set(slave, SPACE_HOLDING_REGISTER, 1, 77);
  fake_device device;
  CHECK_INT(
      fake_device_bind(&device, the_host(), the_driver(), slave_settings(slave, 1, ""), &points),
      MAPPER_OK);
  CHECK_INT(device.results[0], MAPPER_OK);
  CHECK_INT(device.results[1], MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(device.call, 1), "offset: -1: expected a whole number from 0 to 65535");
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(device.samples[0].value.u64, 77);
  CHECK_INT(device.samples[1].status, MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(device.call, 1), "point 1 is not bound");
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_later_bind_replaces_the_points) {
  fake_points points = {NULL, 0}, others = {NULL, 0};
  fake_points_add(&points, "a", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 1");
  fake_points_add(&others, "b", MAPPER_TYPE_I64, "register: InputRegister, offset: 2");
  slave *slave = slave_start();
  slave_set(slave, SPACE_HOLDING_REGISTER, 1, 11);
  slave_set(slave, SPACE_INPUT_REGISTER, 2, 22);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(read_one(&device, 0).value.u64, 11);
  device.driver->close(device.device);
  device.is_open = false;
  fake_call_again(device.call, 60000);
  CHECK_INT(device.driver->bind(device.device, device.call, others.items, 1, device.results),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  CHECK_INT(read_one(&device, 0).value.u64, 22);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
  fake_points_free(&others);
}
