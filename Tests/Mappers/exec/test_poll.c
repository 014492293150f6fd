/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs all the time and is asked: program.py.
 */
#include "rig.h"

#define PROGRAM "python3 " TEST_FOLDER "/program.py"
#define NAME "python3 program.py"

static mapper_status open_program(rig *rig) { return rig_open(rig, PROGRAM, "mode: poll"); }

TEST(poll_asks_and_takes_answers) {
  rig rig = {0};
  uint32_t count = fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "");
  uint32_t label = fake_points_add(&rig.points, "label", MAPPER_TYPE_TEXT, "");
  uint32_t deep =
      fake_points_add(&rig.points, "deep", MAPPER_TYPE_I64, "field: \"nested.deep[1]\"");
  uint32_t broken = fake_points_add(&rig.points, "broken", MAPPER_TYPE_I64, "");
  uint32_t absent = fake_points_add(&rig.points, "absent", MAPPER_TYPE_I64, "");
  uint32_t none = fake_points_add(&rig.points, "none", MAPPER_TYPE_I64, "");
  fake_points_add(&rig.points, "refused", MAPPER_TYPE_I64, "field: \"[\"");
  CHECK_INT(open_program(&rig), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&rig.device, 60000), MAPPER_OK);
  const mapper_sample *samples = rig.device.samples;
  CHECK_INT(samples[count].value.i64, 1);
  CHECK(is_text(samples[label].value, "cold"));
  CHECK_INT(samples[deep].value.i64, 2);
  CHECK_INT(samples[broken].status, MAPPER_PROTOCOL);
  CHECK_TEXT(fake_call_item(rig.device.call, broken), "the sensor is cut off");
  CHECK_INT(samples[absent].status, MAPPER_NOT_FOUND);
  CHECK_TEXT(fake_call_item(rig.device.call, absent), NAME " gave no value of 'absent'");
  CHECK_INT(samples[none].status, MAPPER_UNAVAILABLE);
  CHECK_TEXT(fake_call_item(rig.device.call, none), "the program has no value (null)");
  CHECK_INT(samples[6].status, MAPPER_NOT_FOUND);
  CHECK_INT(rig_read(&rig, count), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].value.i64, 2);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_UNSUPPORTED);
  rig_close(&rig);
}

TEST(poll_writes_and_the_program_may_refuse) {
  rig rig = {0};
  fake_points_add(&rig.points, "label", MAPPER_TYPE_TEXT, "");
  fake_points_add(&rig.points, "gain", MAPPER_TYPE_F32, "");
  fake_points_add(&rig.points, "refuse", MAPPER_TYPE_I64, "");
  uint32_t bytes = fake_points_add(&rig.points, "bytes", MAPPER_TYPE_BYTES, "");
  CHECK_INT(open_program(&rig), MAPPER_OK);
  mapper_write writes[] = {{.point = 0, .value = mapper_data(MAPPER_TYPE_TEXT, "w\"ä", 4)},
                           {.point = 1, .value = mapper_float(MAPPER_TYPE_F32, 13)},
                           {.point = 7, .value = mapper_bool(true)}};
  CHECK_INT(fake_device_write(&rig.device, writes, 3, 60000), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_OK);
  CHECK_INT(rig.device.results[1], MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(rig.device.call, 1), "13 is out of range");
  CHECK_INT(rig.device.results[2], MAPPER_NOT_FOUND);
  CHECK_INT(rig_read(&rig, 0), MAPPER_OK);
  CHECK(is_text(rig.device.samples[0].value, "w\"ä"));
  CHECK_INT(rig_write(&rig, 1, mapper_float(MAPPER_TYPE_F32, (double)0.1f)), MAPPER_OK);
  CHECK_INT(rig_read(&rig, 1), MAPPER_OK);
  CHECK_DOUBLE(rig.device.samples[0].value.f64, (double)0.1f);
  CHECK_INT(rig_write(&rig, 2, mapper_int(MAPPER_TYPE_I64, 1)), MAPPER_DENIED);
  CHECK_TEXT(rig_why(&rig), "locked");
  CHECK_INT(rig_write(&rig, 1, mapper_bool(true)), MAPPER_TYPE);
  CHECK_TEXT(rig_why(&rig), "gain: a value of type 1: expected FLOAT");
  CHECK_INT(rig_write(&rig, bytes, mapper_data(MAPPER_TYPE_BYTES, "\xff", 1)), MAPPER_TYPE);
  CHECK_TEXT(rig_why(&rig), "bytes: this value cannot be written as JSON");
  rig_close(&rig);
}

TEST(a_late_answer_is_not_taken_for_the_next_one) {
  rig rig = {0};
  uint32_t slow = fake_points_add(&rig.points, "slow", MAPPER_TYPE_I64, "");
  uint32_t count = fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "");
  uint32_t other = fake_points_add(&rig.points, "other", MAPPER_TYPE_I64, "");
  CHECK_INT(open_program(&rig), MAPPER_OK);
  CHECK_INT(rig_read(&rig, count), MAPPER_OK); /* python has started */
  CHECK_INT(fake_device_read(&rig.device, &slow, 1, 60), MAPPER_TIMEOUT);
  CHECK(strstr(rig_why(&rig), NAME ": no answer to a read within ") != NULL);
  CHECK_INT(rig_read(&rig, count), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].point, count);
  CHECK_INT(rig.device.samples[0].value.i64, 3);
  CHECK(fake_host_logged(rig.host, "it came too late, or was never asked") == 1);
  CHECK_INT(rig_read(&rig, other), MAPPER_OK); /* an answer to what nobody asked comes before */
  CHECK_INT(fake_host_logged(rig.host, "it came too late, or was never asked"), 2);
  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 30);
  mapper_sample sample = {.point = slow, .status = MAPPER_NOT_FILLED};
  CHECK_INT(rig.device.driver->read(rig.device.device, rig.device.call, &slow, 1, &sample),
            MAPPER_CANCELLED);
  CHECK_INT(rig_read(&rig, count), MAPPER_OK);
  rig_close(&rig);
}

TEST(failures_of_a_whole_read_have_their_status) {
  rig rig = {0};
  uint32_t refuse = fake_points_add(&rig.points, "refuse", MAPPER_TYPE_I64, "");
  uint32_t gone = fake_points_add(&rig.points, "gone", MAPPER_TYPE_I64, "");
  uint32_t noise = fake_points_add(&rig.points, "noise", MAPPER_TYPE_I64, "");
  uint32_t die = fake_points_add(&rig.points, "die", MAPPER_TYPE_I64, "");
  CHECK_INT(open_program(&rig), MAPPER_OK);
  CHECK_INT(rig_read(&rig, refuse), MAPPER_BUSY);
  CHECK_TEXT(rig_why(&rig), NAME ": the bus is down");
  CHECK_INT(rig_read(&rig, gone), MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig), NAME ": unplugged");
  CHECK_INT(rig_read(&rig, noise), MAPPER_OK);
  CHECK_INT(fake_host_logged(rig.host, "a line was left out: it is no JSON object: 'no JSON'"), 1);
  CHECK_INT(fake_host_logged(rig.host, "a line was left out: it is no JSON object: '[1]'"), 1);
  CHECK_INT(fake_host_logged(rig.host, "\"id\" is no whole number: '{\"id\":\"x\"}'"), 1);

  CHECK_INT(rig_read(&rig, die), MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig), NAME " ended with status 1: out of order");
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  CHECK_TEXT(fake_host_link_text(rig.host, rig.device.token),
             NAME " ended with status 1: out of order");
  CHECK_INT(rig_read(&rig, noise), MAPPER_UNAVAILABLE);
  /* As the host does it: closed and opened again. */
  rig.device.driver->close(rig.device.device);
  CHECK_INT(fake_device_open(&rig.device, 60000), MAPPER_OK);
  CHECK_INT(rig_read(&rig, noise), MAPPER_OK);
  rig_close(&rig);
}

TEST(a_program_that_does_not_read_fills_a_bounded_queue) {
  rig rig = {0};
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "");
  static char large[100000];
  memset(large, 'x', sizeof large);
  CHECK_INT(rig_open(&rig, "sleep 600", "mode: poll, stopTimeoutMs: 100"), MAPPER_OK);
  mapper_write write = {.point = text, .value = mapper_data(MAPPER_TYPE_TEXT, large, sizeof large)};
  mapper_status status = MAPPER_TIMEOUT;
  for (int i = 0; i < 10 && status == MAPPER_TIMEOUT; i++)
    status = fake_device_write(&rig.device, &write, 1, 10);
  CHECK_INT(status, MAPPER_BUSY);
  CHECK(strstr(rig_why(&rig), "sleep 600 does not read its standard input: ") != NULL);
  rig_close(&rig);
}
