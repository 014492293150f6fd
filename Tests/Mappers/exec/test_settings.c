/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of devices and points.
 */
#include "rig.h"

static void expect_refused(const char *command, const char *settings, const char *text) {
  rig rig = {0};
  CHECK_INT(rig_bind(&rig, command, settings), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(rig.device.call), text);
  rig_close(&rig);
}

TEST(offers_one_driver_with_schemas) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  const mapper_driver *driver = fake_host_driver(host, "exec");
  REQUIRE(driver);
  CHECK(strstr(driver->device_schema, "\"setCommand\"") != NULL);
  CHECK(strstr(driver->point_schema, "\"field\"") != NULL);
  CHECK(fake_host_entry(host)->driver(1) == NULL);
  CHECK(driver->query("mapper.unknown/1") == NULL);
  fake_host_unload(host);
}

TEST(create_refuses_settings_with_key_value_and_what_was_expected) {
  expect_refused("", "mode: push",
                 "setting command: empty: expected a program and its arguments: a text or a list "
                 "of texts");
  expect_refused("sh -c 'x", "mode: push",
                 "setting command: a quote that does not end: expected a program and its "
                 "arguments: a text or a list of texts");
  expect_refused("sh", "mode: poll, format: json", "setting format: mode poll: expected messages");
  expect_refused("sh", "mode: oneshot, format: messages",
                 "setting format: mode oneshot: expected json or text");
  expect_refused("sh", "workingFolder: tmp",
                 "setting workingFolder: 'tmp': expected an absolute path");
  expect_refused("bin/x", "mode: push",
                 "setting command: 'bin/x': expected an absolute path, a name that PATH leads to, "
                 "or a workingFolder beside it");
  expect_refused("sh", "setCommand: ./set",
                 "setting setCommand: './set': expected an absolute path, a name that PATH leads "
                 "to, or a workingFolder beside it");
}

static mapper_status bind_json(rig *rig, const char *key, const char *json) {
  mapper_settings all = fake_settings("command: \"true\", mode: oneshot");
  fake_settings_put(&all, key, mapper_data(MAPPER_TYPE_BYTES, json, (uint32_t)strlen(json)));
  rig->host = fake_host_load(MAPPER_LIBRARY);
  mapper_status status = fake_device_bind_settings(
      &rig->device, rig->host, fake_host_driver(rig->host, "exec"), &all, &rig->points);
  fake_settings_free(&all);
  return status;
}

TEST(lists_and_environments_are_checked) {
  static const char *const bad[][3] = {
      {"command", "[]",
       "setting command: empty: expected a program and its arguments: a text or a list of texts"},
      {"command", "[1]",
       "setting command: no list of texts: expected a program and its arguments: a text or a list "
       "of texts"},
      {"command", "[\"a\\u0000b\"]",
       "setting command: no list of texts: expected a program and its arguments: a text or a list "
       "of texts"},
      {"environment", "{\"1A\":\"x\"}",
       "setting environment: '1A': expected a name of letters, digits and _, and a text, number or "
       "truth value"},
      {"environment", "{\"A\":[]}",
       "setting environment: 'A': expected a name of letters, digits and _, and a text, number or "
       "truth value"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    rig rig = {0};
    CHECK_INT(bind_json(&rig, bad[i][0], bad[i][1]), MAPPER_INVALID);
    CHECK_TEXT(fake_call_text(rig.device.call), bad[i][2]);
    rig_close(&rig);
  }
}

TEST(arguments_and_environment_reach_the_program_as_they_are) {
  rig rig = {0};
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "");
  mapper_settings all = fake_settings("mode: oneshot, format: text");
  const char *command = "[\"sh\",\"-c\",\"echo \\\"$0|$1|$GAIN|$NAME\\\"\",\"a  b\",\"*\"]";
  const char *environment = "{\"GAIN\":1.5,\"NAME\":\"\\u00e4 $x\"}";
  fake_settings_put(&all, "command",
                    mapper_data(MAPPER_TYPE_BYTES, command, (uint32_t)strlen(command)));
  fake_settings_put(&all, "environment",
                    mapper_data(MAPPER_TYPE_BYTES, environment, (uint32_t)strlen(environment)));
  rig.host = fake_host_load(MAPPER_LIBRARY);
  CHECK_INT(fake_device_bind_settings(&rig.device, rig.host, fake_host_driver(rig.host, "exec"),
                                      &all, &rig.points),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 60000), MAPPER_OK);
  CHECK_INT(rig_read(&rig, text), MAPPER_OK);
  CHECK(is_text(rig.device.samples[0].value, "a  b|*|1.5|ä $x"));
  fake_settings_free(&all);
  rig_close(&rig);
}

TEST(bind_refuses_points_one_by_one) {
  rig rig = {0};
  fake_points_add(&rig.points, "plain.name", MAPPER_TYPE_F64, "");
  fake_points_add(&rig.points, "good", MAPPER_TYPE_F64, "field: \"a.b[1]\"");
  fake_points_add(&rig.points, "bad", MAPPER_TYPE_F64, "field: a..b");
  fake_points_add(&rig.points, "index", MAPPER_TYPE_F64, "field: \"[1].a\"");
  fake_points_add(&rig.points, "array", MAPPER_TYPE_ARRAY | MAPPER_TYPE_F64, "");
  CHECK_INT(rig_bind(&rig, "true", "mode: oneshot"), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_OK);
  CHECK_INT(rig.device.results[1], MAPPER_OK);
  CHECK_INT(rig.device.results[2], MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(rig.device.call, 2),
             "bad: setting field: 'a..b': expected a key, or keys and indices such as a.b[2].c or "
             "a[\"b.c\"]");
  CHECK_INT(rig.device.results[3], MAPPER_INVALID);
  CHECK_INT(rig.device.results[4], MAPPER_UNSUPPORTED);
  rig_close(&rig);
}

CHECK_MAIN("exec")
