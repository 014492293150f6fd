/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading from a slave: values, merging into requests, exceptions.
 */
#include "harness.h"

/* A device with `count` float32 points from holding register `first` on, `step` registers apart. */
static void add_floats(fake_points *points, unsigned first, unsigned count, unsigned step) {
  for (unsigned i = 0; i < count; i++) {
    char name[24], settings[96];
    snprintf(name, sizeof name, "f%u", i);
    snprintf(settings, sizeof settings,
             "register: HoldingRegister, offset: %u, limit: 2, dataType: float32",
             first + i * step);
    fake_points_add(points, name, MAPPER_TYPE_F32, settings);
  }
}

static void add_words(fake_points *points, const unsigned *offsets, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char settings[64];
    snprintf(settings, sizeof settings, "register: HoldingRegister, offset: %u", offsets[i]);
    fake_points_add(points, "word", MAPPER_TYPE_I64, settings);
  }
}

TEST(all_four_kinds_of_registers_are_read) {
  fake_points points = {NULL, 0};
  fake_points_add(&points, "coil", MAPPER_TYPE_BOOL, "register: CoilRegister, offset: 3");
  fake_points_add(&points, "input", MAPPER_TYPE_BOOL, "register: DiscreteInputRegister, offset: 4");
  fake_points_add(&points, "temperature", MAPPER_TYPE_F64,
                  "register: InputRegister, offset: 5, limit: 1, scale: 0.5");
  fake_points_add(&points, "set-point", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 6");
  slave *slave = slave_start();
  slave_set(slave, SPACE_COIL, 3, 1);
  slave_set(slave, SPACE_DISCRETE_INPUT, 4, 1);
  slave_set(slave, SPACE_INPUT_REGISTER, 5, 43);
  slave_set(slave, SPACE_HOLDING_REGISTER, 6, 1234);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "1 3 1, 2 4 1, 4 5 1, 3 6 1");
  for (uint32_t i = 0; i < 4; i++) {
    CHECK_INT(device.samples[i].status, MAPPER_OK);
    CHECK_INT(device.samples[i].quality, MAPPER_GOOD);
    CHECK_INT(device.samples[i].point, i);
  }
  CHECK_INT(device.samples[0].value.type, MAPPER_TYPE_BOOL);
  CHECK_INT(device.samples[0].value.u64, 1);
  CHECK_INT(device.samples[1].value.u64, 1);
  CHECK_DOUBLE(device.samples[2].value.f64, 21.5);
  CHECK_INT(device.samples[3].value.type, MAPPER_TYPE_U16);
  CHECK_INT(device.samples[3].value.u64, 1234);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_thousand_floats_take_seventeen_requests) {
  fake_points points = {NULL, 0};
  add_floats(&points, 0, 1000, 2);
  slave *slave = slave_start();
  for (unsigned i = 0; i < 1000; i++) set_float(slave, SPACE_HOLDING_REGISTER, 2 * i, (float)i / 4);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(slave_seen(slave), 17);
  for (int i = 0; i < slave_seen(slave); i++) CHECK(slave_request_at(slave, i).quantity <= 124);
  for (unsigned i = 0; i < 1000; i++) {
    if (!CHECK_INT(device.samples[i].status, MAPPER_OK)) break;
    if (!CHECK_DOUBLE(device.samples[i].value.f64, i / 4.0)) break;
    if (!CHECK_INT(device.samples[i].value.type, MAPPER_TYPE_F32)) break;
  }
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

static void merges(const char *more, const unsigned *offsets, size_t count, const char *expected) {
  fake_points points = {NULL, 0};
  add_words(&points, offsets, count);
  slave *slave = slave_start();
  for (size_t i = 0; i < count; i++)
    slave_set(slave, SPACE_HOLDING_REGISTER, offsets[i], (uint16_t)(offsets[i] + 7));
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, more), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), expected);
  for (uint32_t i = 0; i < count; i++) CHECK_INT(device.samples[i].value.u64, offsets[i] + 7);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

#define OFFSETS(...)                                                                               \
  ((const unsigned[]){__VA_ARGS__}), sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned)

TEST(neighbours_within_the_gap_are_read_together) {
  /* 1 … 16 are unused: 16 registers */
  merges("", OFFSETS(0, 17), "3 0 18");
  merges("", OFFSETS(0, 18), "3 0 1, 3 18 1");
  merges("maxGap: 0", OFFSETS(0, 1, 3), "3 0 2, 3 3 1");
  merges("maxGap: 3", OFFSETS(0, 4, 9), "3 0 5, 3 9 1");
}

TEST(the_order_of_the_list_does_not_matter) {
  merges("", OFFSETS(9, 3, 200, 0, 3, 190), "3 0 10, 3 190 11");
}

TEST(a_request_is_no_longer_than_max_registers) {
  merges("", OFFSETS(0, 16, 32, 48, 64, 80, 96, 112, 123, 124), "3 0 124, 3 124 1");
  merges("maxRegisters: 125", OFFSETS(0, 16, 32, 48, 64, 80, 96, 112, 123, 124), "3 0 125");
  merges("maxRegisters: 10", OFFSETS(0, 9, 10, 19), "3 0 10, 3 10 10");
  merges("maxRegisters: 1", OFFSETS(0, 1, 2), "3 0 1, 3 1 1, 3 2 1");
}

TEST(points_are_not_torn_between_requests) {
  fake_points points = {NULL, 0};
  add_floats(&points, 0, 6, 2);
  slave *slave = slave_start();
  for (unsigned i = 0; i < 6; i++) set_float(slave, SPACE_HOLDING_REGISTER, 2 * i, (float)i);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, "maxRegisters: 5"), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "3 0 4, 3 4 4, 3 8 4");
  for (unsigned i = 0; i < 6; i++) CHECK_DOUBLE(device.samples[i].value.f64, i);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(overlapping_points_share_a_request) {
  fake_points points = {NULL, 0};
  fake_points_add(&points, "whole", MAPPER_TYPE_I64,
                  "register: HoldingRegister, offset: 10, dataType: uint32");
  fake_points_add(&points, "low", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 11");
  fake_points_add(&points, "high", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 10");
  slave *slave = slave_start();
  slave_set(slave, SPACE_HOLDING_REGISTER, 10, 1);
  slave_set(slave, SPACE_HOLDING_REGISTER, 11, 2);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "3 10 2");
  CHECK_INT(device.samples[0].value.u64, 65538);
  CHECK_INT(device.samples[1].value.u64, 2);
  CHECK_INT(device.samples[2].value.u64, 1);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(bits_are_merged_up_to_two_thousand) {
  fake_points points = {NULL, 0};
  static const unsigned offsets[] = {0, 255, 511, 767, 1023, 1279, 1535, 1791, 1999, 2000};
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    char settings[64];
    snprintf(settings, sizeof settings, "register: CoilRegister, offset: %u", offsets[i]);
    fake_points_add(&points, "coil", MAPPER_TYPE_BOOL, settings);
  }
  slave *slave = slave_start();
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i += 2)
    slave_set(slave, SPACE_COIL, offsets[i], 1);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, "maxRegisters: 125"), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "1 0 2000, 1 2000 1");
  for (uint32_t i = 0; i < points.count; i++) CHECK_INT(device.samples[i].value.u64, i % 2 == 0);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(text_bytes_and_packed_bits_are_read) {
  fake_points points = {NULL, 0};
  fake_points_add(&points, "name", MAPPER_TYPE_TEXT,
                  "register: HoldingRegister, offset: 20, limit: 4");
  fake_points_add(&points, "raw", MAPPER_TYPE_BYTES,
                  "register: HoldingRegister, offset: 24, limit: 2");
  fake_points_add(&points, "latin", MAPPER_TYPE_TEXT,
                  "register: HoldingRegister, offset: 26, limit: 1");
  fake_points_add(&points, "mask", MAPPER_TYPE_I64, "register: CoilRegister, offset: 9, limit: 5");
  slave *slave = slave_start();
  slave_set(slave, SPACE_HOLDING_REGISTER, 20, 'p' << 8 | 'u');
  slave_set(slave, SPACE_HOLDING_REGISTER, 21, 'm' << 8 | 'p');
  slave_set(slave, SPACE_HOLDING_REGISTER, 24, 0x0102);
  slave_set(slave, SPACE_HOLDING_REGISTER, 25, 0x0003);
  slave_set(slave, SPACE_HOLDING_REGISTER, 26, 0xe900);
  slave_set(slave, SPACE_COIL, 9, 1);
  slave_set(slave, SPACE_COIL, 13, 1);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "1 9 5, 3 20 7");
  CHECK_INT(device.samples[0].value.type, MAPPER_TYPE_TEXT);
  CHECK_INT(device.samples[0].value.count, 4);
  CHECK(memcmp(device.samples[0].value.data, "pump", 4) == 0);
  CHECK_INT(device.samples[1].value.type, MAPPER_TYPE_BYTES);
  CHECK(memcmp(device.samples[1].value.data, "\1\2\0\3", 4) == 0);
  CHECK_INT(device.samples[2].status, MAPPER_TYPE);
  CHECK_TEXT(fake_call_item(device.call, 2),
             "what the registers hold is no UTF-8 text; dataType bytes takes it as it is");
  CHECK_INT(device.samples[3].value.u64, 0x11);

  for (uint32_t i = 0; i < 4; i++) device.samples[i] = (mapper_sample){.point = i};
  fake_call_again(device.call, 60000);
  fake_call_starve(device.call);
  CHECK_INT(device.driver->read(device.device, device.call, device.ids, 4, device.samples),
            MAPPER_OK);
  CHECK_INT(device.samples[0].status, MAPPER_NO_MEMORY);
  CHECK_INT(device.samples[3].status, MAPPER_OK);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(one_bad_point_does_not_spoil_its_neighbours) {
  fake_points points = {NULL, 0};
  add_floats(&points, 0, 62, 2);
  slave *slave = slave_start();
  for (unsigned i = 0; i < 62; i++) set_float(slave, SPACE_HOLDING_REGISTER, 2 * i, (float)i);
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 16, 2, 2); /* point 8 */
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 3, ""), &points));
  int first = 0, later = 0;
  for (int round = 0; round < 3; round++) {
    slave_forget(slave);
    CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
    for (unsigned i = 0; i < 62; i++) {
      if (i == 8) continue;
      CHECK_INT(device.samples[i].status, MAPPER_OK);
      CHECK_DOUBLE(device.samples[i].value.f64, i);
    }
    CHECK_INT(device.samples[8].status, MAPPER_STATUS(MAPPER_NOT_FOUND, 2));
    CHECK_TEXT(fake_call_item(device.call, 8),
               "unit 3, holding register 40017: exception 2, illegal data address");
    if (round == 0)
      first = slave_seen(slave);
    else
      later = slave_seen(slave);
  }
  CHECK(first <= 14); /* 62 points are halved six times */
  CHECK(later <= 8);  /* the cuts are remembered */
  CHECK(later < first);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_gap_that_cannot_be_read_is_left_out) {
  fake_points points = {NULL, 0};
  const unsigned offsets[] = {0, 1, 10, 11};
  add_words(&points, offsets, 4);
  slave *slave = slave_start();
  for (unsigned i = 0; i < 4; i++)
    slave_set(slave, SPACE_HOLDING_REGISTER, offsets[i], (uint16_t)(100 + i));
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 5, 1, 2);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "3 0 12, 3 0 2, 3 10 2");
  slave_forget(slave);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "3 0 2, 3 10 2");
  for (uint32_t i = 0; i < 4; i++) CHECK_INT(device.samples[i].value.u64, 100 + i);
  /* After a new open the device is asked for the whole again. */
  device.driver->close(device.device);
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 5, 0, 0);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  slave_forget(slave);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), "3 0 12");
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_device_that_takes_short_requests_only_gets_short_ones) {
  fake_points points = {NULL, 0};
  add_floats(&points, 0, 50, 2);
  slave *slave = slave_start();
  slave_limit(slave, 32);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  for (unsigned i = 0; i < 50; i++) CHECK_INT(device.samples[i].status, MAPPER_OK);
  slave_forget(slave);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(slave_seen(slave), 4);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(a_request_none_of_whose_points_exists_stays_one_request) {
  fake_points points = {NULL, 0};
  add_floats(&points, 0, 20, 2);
  slave *slave = slave_start();
  for (unsigned i = 0; i < 20; i++) set_float(slave, SPACE_HOLDING_REGISTER, 2 * i, (float)i);
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 0, 100, 2);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, ""), &points));
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_TEXT(fake_call_item(device.call, 1),
             "unit 1, holding register 40003: exception 2, illegal data address");
  slave_forget(slave);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(slave_seen(slave), 1);
  for (unsigned i = 0; i < 20; i++)
    CHECK_INT(device.samples[i].status, MAPPER_STATUS(MAPPER_NOT_FOUND, 2));
  CHECK_TEXT(fake_call_item(device.call, 1),
             "unit 1, holding register 40003: exception 2, illegal data address (read with its "
             "neighbours)");
  /* The device has come up: all is there at once. */
  slave_refuse(slave, SPACE_HOLDING_REGISTER, 0, 0, 0);
  slave_forget(slave);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(slave_seen(slave), 1);
  for (unsigned i = 0; i < 20; i++) {
    CHECK_INT(device.samples[i].status, MAPPER_OK);
    CHECK_DOUBLE(device.samples[i].value.f64, i);
  }
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(exceptions_are_told_by_class_code_and_text) {
  static const struct {
    int code;
    mapper_status status;
    const char *text;
  } cases[] = {
      {1, MAPPER_UNSUPPORTED, "unit 5, input register 30008: exception 1, illegal function"},
      {2, MAPPER_NOT_FOUND, "unit 5, input register 30008: exception 2, illegal data address"},
      {3, MAPPER_INVALID, "unit 5, input register 30008: exception 3, illegal data value"},
      {4, MAPPER_INTERNAL, "unit 5, input register 30008: exception 4, device failure"},
      {5, MAPPER_BUSY,
       "unit 5, input register 30008: exception 5, acknowledged, still working on it"},
      {6, MAPPER_BUSY, "unit 5, input register 30008: exception 6, device busy"},
      {8, MAPPER_INTERNAL, "unit 5, input register 30008: exception 8, memory parity error"},
      {77, MAPPER_INTERNAL, "unit 5, input register 30008: exception 77, unknown"},
  };
  fake_points points = {NULL, 0};
  fake_points_add(&points, "level", MAPPER_TYPE_I64, "register: InputRegister, offset: 7");
  slave *slave = slave_start();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 5, ""), &points));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    slave_plant(slave, FAULT_EXCEPTION, cases[i].code);
    CHECK_INT(read_one(&device, 0).status, MAPPER_STATUS(cases[i].status, cases[i].code));
    CHECK_TEXT(fake_call_item(device.call, 0), cases[i].text);
  }
  /* A gateway that does not reach the unit: the link is what fails. */
  slave_plant(slave, FAULT_EXCEPTION, 11);
  CHECK_INT(fake_device_read_all(&device, 2000), MAPPER_STATUS(MAPPER_TIMEOUT, 11));
  CHECK_TEXT(fake_call_text(device.call), "unit 5: exception 11, gateway target did not respond");
  CHECK_INT(read_one(&device, 0).status, MAPPER_OK);
  CHECK_INT(slave_accepted(slave), 1);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}

TEST(lists_of_several_cycles_have_a_plan_each) {
  fake_points points = {NULL, 0};
  add_floats(&points, 0, 40, 2);
  slave *slave = slave_start();
  for (unsigned i = 0; i < 40; i++) set_float(slave, SPACE_HOLDING_REGISTER, 2 * i, (float)i);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(slave, 1, "maxGap: 0"), &points));
  /* More lists than plans are kept. */
  for (int round = 0; round < 3; round++)
    for (uint32_t length = 1; length <= 40; length++) {
      CHECK_INT(fake_device_read(&device, device.ids + 40 - length, length, 20000), MAPPER_OK);
      for (uint32_t i = 0; i < length; i++)
        if (!CHECK_DOUBLE(device.samples[i].value.f64, 40 - length + i)) break;
    }
  CHECK_INT(slave_seen(slave), 120);
  CHECK_INT(fake_device_read(&device, device.ids, 0, 20000), MAPPER_OK);
  fake_device_free(&device);
  slave_stop(slave);
  fake_points_free(&points);
}
