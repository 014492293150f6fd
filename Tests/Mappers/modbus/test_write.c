/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing to a slave: functions, merging, what is refused.
 */
#include "harness.h"

static void add(fake_points *points, const char *space, unsigned offset, const char *more,
                mapper_type type) {
  char settings[128];
  snprintf(settings, sizeof settings, "register: %s, offset: %u, %s", space, offset, more);
  fake_points_add(points, "value", type, settings);
}

static mapper_write whole(uint32_t point, int64_t value) {
  return (mapper_write){point, 0, mapper_int(MAPPER_TYPE_I64, value)};
}

TEST(each_kind_of_write_has_its_function) {
  fake_points points = {NULL, 0};
  add(&points, "CoilRegister", 1, "", MAPPER_TYPE_BOOL);
  add(&points, "HoldingRegister", 2, "", MAPPER_TYPE_I64);
  add(&points, "CoilRegister", 10, "limit: 3", MAPPER_TYPE_I64);
  add(&points, "HoldingRegister", 20, "limit: 2", MAPPER_TYPE_F32);
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(write_one(&device, 0, mapper_bool(true)), MAPPER_OK);
  CHECK_INT(slave_get(slave, SPACE_COIL, 1), 1);
  CHECK_INT(write_one(&device, 1, mapper_int(MAPPER_TYPE_I64, 513)), MAPPER_OK);
  CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 2), 513);
  CHECK_INT(write_one(&device, 2, mapper_int(MAPPER_TYPE_I64, 5)), MAPPER_OK);
  CHECK_INT(slave_get(slave, SPACE_COIL, 10), 1);
  CHECK_INT(slave_get(slave, SPACE_COIL, 11), 0);
  CHECK_INT(slave_get(slave, SPACE_COIL, 12), 1);
  CHECK_INT(write_one(&device, 3, mapper_float(MAPPER_TYPE_F32, 21.5)), MAPPER_OK);
  CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 20), 0x41ac);
  CHECK_TEXT(seen_text(slave), "5 1 65280, 6 2 513, 15 10 3, 16 20 2");
  CHECK_INT(write_one(&device, 0, mapper_bool(false)), MAPPER_OK);
  CHECK_INT(slave_get(slave, SPACE_COIL, 1), 0);
  CHECK_DOUBLE(read_one(&device, 3).value.f64, 21.5);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(neighbours_in_a_batch_are_written_together_in_order) {
  fake_points points = {NULL, 0};
  for (unsigned i = 0; i < 6; i++) add(&points, "HoldingRegister", 100 + i, "", MAPPER_TYPE_I64);
  add(&points, "HoldingRegister", 110, "limit: 2", MAPPER_TYPE_I64);
  for (unsigned i = 0; i < 10; i++) add(&points, "CoilRegister", 3 + i, "", MAPPER_TYPE_BOOL);
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));

  mapper_write up[] = {whole(0, 10), whole(1, 11), whole(2, 12)};
  CHECK_INT(fake_device_write(&device, up, 3, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "16 100 3");
  for (unsigned i = 0; i < 3; i++) {
    CHECK_INT(device.results[i], MAPPER_OK);
    CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 100 + i), 10 + i);
  }

  slave_forget(slave);
  mapper_write down[] = {whole(2, 22), whole(1, 21), whole(0, 20), whole(3, 23)};
  CHECK_INT(fake_device_write(&device, down, 4, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "16 100 4");
  for (unsigned i = 0; i < 4; i++)
    CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 100 + i), 20 + i);

  /* A gap is never written, and the same register twice is two writes. */
  slave_forget(slave);
  mapper_write mixed[] = {whole(0, 1), whole(2, 3), whole(2, 4), whole(6, 70000), whole(5, 9)};
  CHECK_INT(fake_device_write(&device, mixed, 5, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "6 100 1, 6 102 3, 6 102 4, 16 110 2, 6 105 9");
  CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 102), 4);
  CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 110), 1);

  slave_forget(slave);
  mapper_write coils[10];
  for (uint32_t i = 0; i < 10; i++) coils[i] = (mapper_write){7 + i, 0, mapper_bool(i % 3 == 0)};
  CHECK_INT(fake_device_write(&device, coils, 10, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "15 3 10");
  for (unsigned i = 0; i < 10; i++) CHECK_INT(slave_get(slave, SPACE_COIL, 3 + i), i % 3 == 0);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_merged_write_is_no_longer_than_the_protocol_allows) {
  fake_points points = {NULL, 0};
  for (unsigned i = 0; i < 130; i++) add(&points, "HoldingRegister", i, "", MAPPER_TYPE_I64);
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  mapper_write writes[130];
  for (uint32_t i = 0; i < 130; i++) writes[i] = whole(i, i + 1);
  CHECK_INT(fake_device_write(&device, writes, 130, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "16 0 123, 16 123 7");
  for (unsigned i = 0; i < 130; i++) CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, i), i + 1);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_value_that_is_refused_does_not_stop_the_others) {
  fake_points points = {NULL, 0};
  add(&points, "HoldingRegister", 0, "", MAPPER_TYPE_I64);
  add(&points, "HoldingRegister", 1, "", MAPPER_TYPE_I64);
  add(&points, "HoldingRegister", 2, "", MAPPER_TYPE_I64);
  add(&points, "InputRegister", 2, "", MAPPER_TYPE_I64);
  add(&points, "DiscreteInputRegister", 2, "", MAPPER_TYPE_BOOL);
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  mapper_write writes[] = {whole(0, 1), whole(1, 65536), whole(2, 3),
                           whole(3, 4), whole(4, 1),     whole(99, 1)};
  CHECK_INT(fake_device_write(&device, writes, 6, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "6 0 1, 6 2 3");
  CHECK_INT(device.results[0], MAPPER_OK);
  CHECK_INT(device.results[1], MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(device.call, 1), "65536 is outside 0 to 65535 (uint16)");
  CHECK_INT(device.results[2], MAPPER_OK);
  CHECK_INT(device.results[3], MAPPER_UNSUPPORTED);
  CHECK_TEXT(fake_call_item(device.call, 3), "input registers cannot be written");
  CHECK_INT(device.results[4], MAPPER_UNSUPPORTED);
  CHECK_TEXT(fake_call_item(device.call, 4), "discrete inputs cannot be written");
  CHECK_INT(device.results[5], MAPPER_INVALID);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_merged_write_that_is_refused_is_tried_apart) {
  fake_points points = {NULL, 0};
  for (unsigned i = 0; i < 3; i++) add(&points, "HoldingRegister", i, "", MAPPER_TYPE_I64);
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 3, ""), &points));
  mapper_write writes[] = {whole(0, 1), whole(1, 2), whole(2, 3)};
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 1, 1, 2);
  CHECK_INT(fake_device_write(&device, writes, 3, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "16 0 3, 6 0 1, 6 1 2, 6 2 3");
  CHECK_INT(device.results[0], MAPPER_OK);
  CHECK_INT(device.results[1], MAPPER_STATUS(MAPPER_NOT_FOUND, 2));
  CHECK_TEXT(fake_call_item(device.call, 1),
             "unit 3, writing holding register 40002: exception 2, illegal data address");
  CHECK_INT(device.results[2], MAPPER_OK);
  CHECK_INT(slave_get(slave, SPACE_HOLDING_REGISTER, 2), 3);

  /* A device that knows the functions for one value only. */
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 1, 0, 0);
  slave_lack_functions(slave, 15);
  slave_forget(slave);
  CHECK_INT(fake_device_write(&device, writes, 3, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "16 0 3, 6 0 1, 6 1 2, 6 2 3");
  for (int i = 0; i < 3; i++) CHECK_INT(device.results[i], MAPPER_OK);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_write_that_is_not_confirmed_as_sent_is_a_protocol_error) {
  fake_points points = {NULL, 0};
  add(&points, "HoldingRegister", 0, "", MAPPER_TYPE_I64);
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 3, ""), &points));
  slave_plant(slave, FAULT_ECHO, 0);
  CHECK_INT(write_one(&device, 0, mapper_int(MAPPER_TYPE_I64, 1)), MAPPER_PROTOCOL);
  CHECK_TEXT(fake_call_text(device.call),
             "unit 3, function 6: wrong answer: address 1, expected 0");
  slave_plant(slave, FAULT_EXCEPTION, 6);
  CHECK_INT(write_one(&device, 0, mapper_int(MAPPER_TYPE_I64, 1)), MAPPER_STATUS(MAPPER_BUSY, 6));
  CHECK_INT(write_one(&device, 0, mapper_int(MAPPER_TYPE_I64, 1)), MAPPER_OK);
  CHECK_INT(slave_accepted(slave), 1);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}
