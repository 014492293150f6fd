/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs anew for each reading.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>

#include "rig.h"

TEST(oneshot_reads_a_json_object) {
  rig rig = {0};
  fake_points_add(&rig.points, "temperature", MAPPER_TYPE_F64, "");
  fake_points_add(&rig.points, "first", MAPPER_TYPE_I64, "field: \"disks[0].used\"");
  fake_points_add(&rig.points, "second", MAPPER_TYPE_I64, "field: \"disks[1].used\"");
  fake_points_add(&rig.points, "absent", MAPPER_TYPE_I64, "");
  fake_points_add(&rig.points, "wrong", MAPPER_TYPE_I64, "field: name");
  fake_points_add(&rig.points, "name", MAPPER_TYPE_TEXT, "");
  CHECK_INT(rig_open(&rig,
                     "sh -c 'echo \"{\"; echo "
                     "\"\\\"temperature\\\":21.5,\\\"disks\\\":[{\\\"used\\\":4},{\\\"used\\\":5}],"
                     "\\\"name\\\":\\\"A1\\\",\\\"more\\\":null}\"'",
                     "mode: oneshot"),
            MAPPER_OK);
  for (int round = 0; round < 2; round++) {
    CHECK_INT(fake_device_read_all(&rig.device, 60000), MAPPER_OK);
    const mapper_sample *samples = rig.device.samples;
    CHECK_DOUBLE(samples[0].value.f64, 21.5);
    CHECK_INT(samples[1].value.i64, 4);
    CHECK_INT(samples[2].value.i64, 5);
    CHECK_INT(samples[3].status, MAPPER_NOT_FOUND);
    CHECK_TEXT(fake_call_item(rig.device.call, 3), "sh gave no value of 'absent'");
    CHECK_INT(samples[4].status, MAPPER_TYPE);
    CHECK_TEXT(fake_call_item(rig.device.call, 4), "'A1': expected INT");
    CHECK(is_text(samples[5].value, "A1"));
  }
  CHECK_INT(rig_write(&rig, 0, mapper_float(MAPPER_TYPE_F64, 1)), MAPPER_UNSUPPORTED);
  CHECK_TEXT(rig_why(&rig), "sh takes no values: setCommand names a program that does");
  rig_close(&rig);
}

TEST(oneshot_reads_plain_text) {
  rig rig = {0};
  uint32_t number = fake_points_add(&rig.points, "number", MAPPER_TYPE_F64, "");
  CHECK_INT(rig_open(&rig, "echo ' 17.25 '", "mode: oneshot, format: text"), MAPPER_OK);
  CHECK_INT(rig_read(&rig, number), MAPPER_OK);
  CHECK_DOUBLE(rig.device.samples[0].value.f64, 17.25);
  rig_close(&rig);
}

static void expect_failure(const char *command, const char *settings, int timeout_ms,
                           mapper_status status, const char *text) {
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_F64, "");
  CHECK_INT(rig_open(&rig, command, settings), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&rig.device, timeout_ms), status);
  CHECK_TEXT(rig_why(&rig), text);
  rig_close(&rig);
}

TEST(oneshot_failures_say_what_happened) {
  expect_failure("sh -c 'echo first >&2; echo \"no sensor\" >&2; exit 3'", "mode: oneshot", 60000,
                 MAPPER_PROTOCOL, "sh ended with status 3: no sensor");
  expect_failure("sh -c 'kill -9 $$'", "mode: oneshot", 60000, MAPPER_PROTOCOL,
                 "sh was killed by signal 9 (Killed)");
  expect_failure("echo '[1]'", "mode: oneshot", 60000, MAPPER_PROTOCOL,
                 "echo [1] printed no JSON object: '[1] '");
  expect_failure("true", "mode: oneshot", 60000, MAPPER_PROTOCOL,
                 "true printed no JSON object: ''");
  expect_failure("sh -c 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'",
                 "mode: oneshot, maxLineBytes: 1000", 60000, MAPPER_PROTOCOL,
                 "sh printed more than 1000 bytes (maxLineBytes)");
  expect_failure("sleep 600", "mode: oneshot", 100, MAPPER_TIMEOUT,
                 "sleep 600 has not ended in time");
  /* Errors without end, so that there is always something to read. */
  expect_failure("sh -c 'yes >&2'", "mode: oneshot", 300, MAPPER_TIMEOUT,
                 "sh has not ended in time");
}

TEST(oneshot_that_cannot_run_fails_in_open) {
  rig rig = {0};
  CHECK_INT(rig_open(&rig, "/nowhere/at-all", "mode: oneshot"), MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig), "cannot run /nowhere/at-all: No such file or directory (errno 2)");
  rig_close(&rig);
  rig = (struct rig){0};
  CHECK_INT(rig_open(&rig, "no-such-program-here", "mode: oneshot"), MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig), "cannot run no-such-program-here: No such file or directory (errno 2)");
  rig_close(&rig);
  rig = (struct rig){0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_F64, "");
  CHECK_INT(rig_open(&rig, "true", "mode: oneshot, workingFolder: /nowhere"), MAPPER_OK);
  CHECK_INT(rig_read(&rig, 0), MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig),
             "cannot enter the folder /nowhere: No such file or directory (errno 2)");
  rig_close(&rig);
}

TEST(oneshot_ends_with_its_call_and_takes_its_children_along) {
  rig rig = {0};
  char path[] = "/tmp/exec-test-XXXXXX", command[200];
  int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  fake_points_add(&rig.points, "a", MAPPER_TYPE_F64, "");
  snprintf(command, sizeof command,
           "sh -c 'trap \"\" TERM; sleep 500 & echo $$ $! >%s; wait; sleep 500'", path);
  CHECK_INT(rig_open(&rig, command, "mode: oneshot"), MAPPER_OK);
  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 400);
  uint32_t id = 0;
  mapper_sample sample = {.status = MAPPER_NOT_FILLED};
  CHECK_INT(rig.device.driver->read(rig.device.device, rig.device.call, &id, 1, &sample),
            MAPPER_CANCELLED);
  long parent = 0, child = 0;
  FILE *pids = fopen(path, "r");
  REQUIRE(pids);
  CHECK_INT(fscanf(pids, "%ld %ld", &parent, &child), 2);
  fclose(pids);
  unlink(path);
  CHECK(is_gone(parent));
  CHECK(is_gone(child));
  rig_close(&rig);
}

TEST(a_background_child_that_holds_the_output_does_not_hold_the_call) {
  rig rig = {0};
  fake_points_add(&rig.points, "pid", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig, "sh -c 'sleep 500 & echo \"{\\\"pid\\\":$!}\"'", "mode: oneshot"),
            MAPPER_OK);
  CHECK_INT(rig_read(&rig, 0), MAPPER_OK);
  CHECK(is_gone((long)rig.device.samples[0].value.i64));
  rig_close(&rig);
}

TEST(set_command_gets_the_values_on_its_standard_input) {
  rig rig = {0};
  char path[] = "/tmp/exec-test-XXXXXX", settings[200], line[128] = "";
  int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  fake_points_add(&rig.points, "speed", MAPPER_TYPE_I64, "");
  fake_points_add(&rig.points, "note", MAPPER_TYPE_TEXT, "field: x.note");
  snprintf(settings, sizeof settings, "mode: oneshot, setCommand: cp /dev/stdin %s", path);
  CHECK_INT(rig_open(&rig, "true", settings), MAPPER_OK);
  mapper_write writes[] = {{.point = 0, .value = mapper_int(MAPPER_TYPE_I64, -5)},
                           {.point = 1, .value = mapper_data(MAPPER_TYPE_TEXT, "a\"b\n", 4)},
                           {.point = 9, .value = mapper_bool(true)}};
  CHECK_INT(fake_device_write(&rig.device, writes, 3, 60000), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_OK);
  CHECK_INT(rig.device.results[1], MAPPER_OK);
  CHECK_INT(rig.device.results[2], MAPPER_NOT_FOUND);
  FILE *written = fopen(path, "r");
  REQUIRE(written);
  CHECK(fgets(line, sizeof line, written) != NULL);
  fclose(written);
  unlink(path);
  CHECK_TEXT(line, "{\"speed\":-5,\"x.note\":\"a\\\"b\\u000a\"}\n");
  rig_close(&rig);

  rig = (struct rig){0};
  fake_points_add(&rig.points, "speed", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig, "true", "mode: oneshot, setCommand: sh -c 'echo too fast >&2; exit 1'"),
            MAPPER_OK);
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 5)), MAPPER_PROTOCOL);
  CHECK_TEXT(rig_why(&rig), "sh ended with status 1: too fast");
  rig_close(&rig);
}
