/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing bits of holding registers: with a mask, and by reading and writing back.
 */
#include "harness.h"

/* A slave with 0xffff in holding register 10, and points on bits of it and of the next. */
typedef struct stage {
  slave *slave;
  fake_points points;
  fake_device device;
} stage;

enum { RUN, MODE, HIGH, NEXT, WHOLE, WRONG };

static bool set_up(stage *stage, const char *settings) {
  *stage = (struct stage){.slave = slave_start()};
  fake_points *points = &stage->points;
  fake_points_add(points, "run", MAPPER_TYPE_BOOL, "register: HoldingRegister, offset: 10, bit: 0");
  fake_points_add(points, "mode", MAPPER_TYPE_I64,
                  "register: HoldingRegister, offset: 10, bit: 4, bitCount: 4");
  fake_points_add(points, "high", MAPPER_TYPE_I64,
                  "register: HoldingRegister, offset: 10, dataType: uint8, isSwap: true");
  fake_points_add(points, "next", MAPPER_TYPE_BOOL,
                  "register: HoldingRegister, offset: 11, bit: 1");
  fake_points_add(points, "whole", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 12");
  fake_points_add(points, "input", MAPPER_TYPE_BOOL, "register: InputRegister, offset: 10, bit: 0");
  slave_set(stage->slave, SPACE_HOLDING_REGISTER, 10, 0xffff);
  return start_device(&stage->device, slave_settings(stage->slave, 1, settings), points);
}

static void clear(stage *stage) {
  fake_device_free(&stage->device);
  slave_stop(stage->slave);
  fake_points_free(&stage->points);
}

static unsigned word(stage *stage, unsigned address) {
  return slave_get(stage->slave, SPACE_HOLDING_REGISTER, address);
}

static mapper_value whole(int64_t value) { return mapper_int(MAPPER_TYPE_I64, value); }

TEST(bits_are_written_with_a_mask_and_leave_the_others) {
  stage stage;
  REQUIRE(set_up(&stage, ""));
  CHECK_INT(write_one(&stage.device, RUN, mapper_bool(false)), MAPPER_OK);
  CHECK_INT(word(&stage, 10), 0xfffe);
  CHECK_INT(write_one(&stage.device, MODE, whole(5)), MAPPER_OK);
  CHECK_INT(word(&stage, 10), 0xff5e);
  CHECK_INT(write_one(&stage.device, HIGH, whole(0x12)), MAPPER_OK);
  CHECK_INT(word(&stage, 10), 0x125e);
  CHECK_TEXT(seen_text(stage.slave), "22 10 65534, 22 10 65295, 22 10 255");
  CHECK_INT(write_one(&stage.device, WRONG, mapper_bool(true)), MAPPER_UNSUPPORTED);
  CHECK_INT(write_one(&stage.device, MODE, whole(16)), MAPPER_INVALID);
  clear(&stage);
}

TEST(bits_of_one_register_in_a_batch_are_one_request) {
  stage stage;
  REQUIRE(set_up(&stage, ""));
  /* The last write to a bit counts; a register between the bits keeps the order. */
  mapper_write writes[] = {{RUN, 0, mapper_bool(false)}, {MODE, 0, whole(5)},
                           {HIGH, 0, whole(0)},          {MODE, 0, whole(9)},
                           {NEXT, 0, mapper_bool(true)}, {WHOLE, 0, whole(7)},
                           {RUN, 0, mapper_bool(true)}};
  CHECK_INT(fake_device_write(&stage.device, writes, 7, 30000), MAPPER_OK);
  for (int i = 0; i < 7; i++) CHECK_INT(stage.device.results[i], MAPPER_OK);
  CHECK_TEXT(seen_text(stage.slave), "22 10 14, 22 11 65533, 6 12 7, 22 10 65534");
  CHECK_INT(word(&stage, 10), 0x009f);
  CHECK_INT(word(&stage, 11), 2);
  CHECK_INT(word(&stage, 12), 7);
  clear(&stage);
}

TEST(a_device_without_mask_write_is_read_and_written_back) {
  stage stage;
  REQUIRE(set_up(&stage, ""));
  slave_lack_functions(stage.slave, 22);
  CHECK_INT(write_one(&stage.device, MODE, whole(0)), MAPPER_OK);
  CHECK_INT(write_one(&stage.device, RUN, mapper_bool(false)), MAPPER_OK);
  CHECK_INT(word(&stage, 10), 0xff0e);
  /* It is asked for the function once. */
  CHECK_TEXT(seen_text(stage.slave), "22 10 65295, 3 10 1, 6 10 65295, 3 10 1, 6 10 65294");
  /* After it was opened anew, it may be another device. */
  stage.device.driver->close(stage.device.device);
  stage.device.is_open = false;
  CHECK_INT(fake_device_open(&stage.device, 30000), MAPPER_OK);
  slave_lack_functions(stage.slave, 0);
  slave_forget(stage.slave);
  CHECK_INT(write_one(&stage.device, RUN, mapper_bool(true)), MAPPER_OK);
  CHECK_TEXT(seen_text(stage.slave), "22 10 65534");
  clear(&stage);
}

TEST(the_way_bits_are_written_can_be_chosen) {
  stage stage;
  REQUIRE(set_up(&stage, "bitWrite: readModifyWrite"));
  CHECK_INT(write_one(&stage.device, RUN, mapper_bool(false)), MAPPER_OK);
  CHECK_TEXT(seen_text(stage.slave), "3 10 1, 6 10 65534");
  clear(&stage);
  REQUIRE(set_up(&stage, "bitWrite: MASK"));
  slave_lack_functions(stage.slave, 22);
  CHECK_INT(write_one(&stage.device, RUN, mapper_bool(false)),
            MAPPER_STATUS(MAPPER_UNSUPPORTED, 1));
  CHECK_TEXT(
      fake_call_item(stage.device.call, 0),
      "unit 1, writing holding register 40011: exception 1, illegal function: it has no mask "
      "write; bitWrite: readModifyWrite does without");
  CHECK_INT(word(&stage, 10), 0xffff);
  clear(&stage);
}

TEST(a_register_that_cannot_be_read_before_is_not_written) {
  stage stage;
  REQUIRE(set_up(&stage, "bitWrite: readModifyWrite"));
  slave_refuse(stage.slave, SPACE_HOLDING_REGISTER, 10, 1, 2);
  mapper_write writes[] = {{RUN, 0, mapper_bool(false)}, {NEXT, 0, mapper_bool(true)}};
  CHECK_INT(fake_device_write(&stage.device, writes, 2, 30000), MAPPER_OK);
  CHECK_INT(stage.device.results[0], MAPPER_STATUS(MAPPER_NOT_FOUND, 2));
  CHECK_TEXT(
      fake_call_item(stage.device.call, 0),
      "unit 1, writing holding register 40011: exception 2, illegal data address (reading it "
      "before)");
  CHECK_INT(stage.device.results[1], MAPPER_OK);
  CHECK_INT(word(&stage, 10), 0xffff);
  CHECK_INT(word(&stage, 11), 2);
  clear(&stage);
}
