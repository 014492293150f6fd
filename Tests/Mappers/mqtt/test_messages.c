/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of devices become values: read and reported.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>

#include "rig.h"

TEST(read_answers_the_last_known_value) {
  real_broker broker;
  rig rig = {0};
  uint32_t plain =
      fake_points_add(&rig.points, "plain", MAPPER_TYPE_F64, "topic: room/temperature");
  uint32_t path = fake_points_add(&rig.points, "path", MAPPER_TYPE_I64,
                                  "topic: room/state, path: \"a.b[1].c\"");
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "topic: room/name");
  uint32_t set = fake_points_add(&rig.points, "set", MAPPER_TYPE_BOOL, "setTopic: room/set");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK(publish(&broker, "room/name", "kept by the broker", true));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_read(&rig, plain).status, MAPPER_UNAVAILABLE);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "no message on room/temperature yet");
  CHECK_INT(rig_read(&rig, set).status, MAPPER_UNAVAILABLE);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "set has no topic and was not set yet");
  CHECK_INT(rig_read(&rig, 99).status, MAPPER_NOT_FOUND);

  CHECK(publish(&broker, "room/temperature", "21.5", false));
  CHECK(publish(&broker, "room/state", "{\"a\":{\"b\":[0,{\"c\":42}]}}", false));
  CHECK(rig_wait_status(&rig, path, MAPPER_OK, 60000));
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  CHECK_DOUBLE(rig.device.samples[plain].value.f64, 21.5);
  CHECK_INT(rig.device.samples[plain].quality, MAPPER_GOOD);
  CHECK_INT(rig.device.samples[path].value.i64, 42);
  CHECK(is_text(rig.device.samples[text].value, "kept by the broker"));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(every_message_is_reported_in_order) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "topic: count");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_OK);
  for (int i = 0; i < 50; i++) {
    char payload[16];
    snprintf(payload, sizeof payload, "%d", i);
    CHECK(publish(&broker, "count", payload, false));
  }
  CHECK(fake_host_wait_reports(rig.host, 50, 60000));
  for (uint32_t i = 0; i < 50; i++) CHECK_INT(fake_host_report(rig.host, i).value.i64, i);
  rig_unsubscribe(&rig);
  CHECK(publish(&broker, "count", "50", false));
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  usleep(50000);
  CHECK_INT(fake_host_report_count(rig.host), 50);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_subscription_begins_with_what_came_before_it) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "kept", MAPPER_TYPE_I64, "topic: kept");
  fake_points_add(&rig.points, "other", MAPPER_TYPE_I64, "topic: other");
  fake_points_add(&rig.points, "set", MAPPER_TYPE_I64, "setTopic: set");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK(publish(&broker, "kept", "7", true));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK_INT(rig.device.results[1], MAPPER_OK);
  CHECK_INT(rig.device.results[2], MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  CHECK_INT(fake_host_report(rig.host, 0).value.i64, 7);
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_INVALID); /* one at a time */
  usleep(50000);
  CHECK_INT(fake_host_report_count(rig.host), 1);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_payload_that_does_not_convert_is_named) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "plain", MAPPER_TYPE_I64, "topic: hall/level");
  fake_points_add(&rig.points, "path", MAPPER_TYPE_BOOL, "topic: hall/lamp, path: state");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK(publish(&broker, "hall/level", "high\n", false));
  CHECK(publish(&broker, "hall/lamp", "{\"state\":\"warm\"}", false));
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  const char *level = "hall/level: 'high.': expected INT";
  const char *lamp = "hall/lamp: state in '{\"state\":\"warm\"}': expected BOOLEAN (ON, OFF, true, "
                     "false, 1 or 0)";
  for (uint32_t i = 0; i < 2; i++) {
    mapper_sample sample = fake_host_report(rig.host, i);
    CHECK_INT(sample.point, i);
    CHECK_INT(sample.status, MAPPER_TYPE);
    CHECK_INT(sample.quality, MAPPER_BAD);
    CHECK(is_text(sample.value, i == 0 ? level : lamp));
  }
  CHECK_INT(rig_read(&rig, 0).status, MAPPER_TYPE);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), level);
  CHECK_INT(rig_read(&rig, 1).status, MAPPER_TYPE);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), lamp);

  CHECK(publish(&broker, "hall/lamp", "{\"state\":\"ON\"}", false));
  CHECK(publish(&broker, "hall/lamp", "{\"state\":", false));
  CHECK(fake_host_wait_reports(rig.host, 4, 60000));
  CHECK_INT(fake_host_report(rig.host, 2).value.u64, 1);
  CHECK_INT(fake_host_report(rig.host, 3).status, MAPPER_TYPE);
  CHECK(
      is_text(fake_host_report(rig.host, 3).value,
              "hall/lamp: state in '{\"state\":': it is no JSON, expected BOOLEAN (ON, OFF, true, "
              "false, 1 or 0)"));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(documents_may_be_partial) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "power", MAPPER_TYPE_F64, "topic: plug, path: power");
  fake_points_add(&rig.points, "state", MAPPER_TYPE_TEXT, "topic: plug, path: state");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK(publish(&broker, "plug", "{\"power\": 5}", false));
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  CHECK_INT(rig_read(&rig, 1).status, MAPPER_NOT_FOUND);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "plug: no state in '{\"power\": 5}'");
  CHECK(publish(&broker, "plug", "{\"state\": \"ON\"}", false));
  CHECK(rig_wait_status(&rig, 1, MAPPER_OK, 60000));
  CHECK_DOUBLE(rig_read(&rig, 0).value.f64, 5); /* as it was */
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(topics_may_have_wildcards_and_a_prefix) {
  real_broker broker;
  rig rig = {0};
  uint32_t any = fake_points_add(&rig.points, "any", MAPPER_TYPE_TEXT, "topic: \"+/alarm\"");
  uint32_t all = fake_points_add(&rig.points, "all", MAPPER_TYPE_TEXT, "topic: \"deep/#\"");
  uint32_t other = fake_points_add(&rig.points, "other", MAPPER_TYPE_TEXT, "topic: /absolute");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, "topicPrefix: plant/"));
  CHECK(publish(&broker, "plant/a/alarm", "fire", false));
  CHECK(rig_wait_status(&rig, any, MAPPER_OK, 60000));
  CHECK(is_text(rig_read(&rig, any).value, "fire"));
  CHECK(publish(&broker, "plant/b/alarm", "water", false));
  CHECK(publish(&broker, "plant/deep/er/still", "x", false));
  CHECK(rig_wait_status(&rig, all, MAPPER_OK, 60000));
  CHECK(is_text(rig_read(&rig, any).value, "water"));
  CHECK(publish(&broker, "/absolute", "y", false));
  CHECK(rig_wait_status(&rig, other, MAPPER_OK, 60000));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(large_texts_and_bytes_arrive_whole) {
  enum { SIZE = 300000 };
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "bytes", MAPPER_TYPE_BYTES, "topic: image");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  char *image = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) image[i] = (char)(i * 7);
  CHECK(publish_bytes(&broker, "image", image, SIZE, false));
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  mapper_value value = fake_host_report(rig.host, 0).value;
  CHECK_INT(value.count, SIZE);
  CHECK(value.count == SIZE && memcmp(value.data, image, SIZE) == 0);
  value = rig_read(&rig, 0).value;
  CHECK(value.count == SIZE && memcmp(value.data, image, SIZE) == 0);
  CHECK(publish(&broker, "image", "", false)); /* empty is a value too */
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK_INT(fake_host_report(rig.host, 1).value.count, 0);
  free(image);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_busy_host_gets_the_latest_later) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_points_add(&rig.points, "b", MAPPER_TYPE_TEXT, "topic: b");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  fake_host_answer_reports(rig.host, MAPPER_BUSY);
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK(publish(&broker, "b", "kept while busy", false));
  for (int i = 1; i <= 5; i++) {
    char payload[16];
    snprintf(payload, sizeof payload, "%d", i);
    CHECK(publish(&broker, "a", payload, false));
  }
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  REQUIRE(rig_wait_int(&rig, 0, 5, 60000));
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  usleep(50000);
  CHECK_INT(fake_host_report_count(rig.host), 2); /* the latest of each, once */
  for (uint32_t i = 0; i < 2; i++) {
    mapper_sample sample = fake_host_report(rig.host, i);
    if (sample.point == 0) CHECK_INT(sample.value.i64, 5);
    if (sample.point == 1) CHECK(is_text(sample.value, "kept while busy"));
  }
  /* Closed: no more, although the driver is not told to stop. */
  fake_host_answer_reports(rig.host, MAPPER_CLOSED);
  CHECK(publish(&broker, "a", "6", false));
  CHECK(fake_host_wait_refused(rig.host, 1, 60000));
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK(publish(&broker, "a", "7", false));
  REQUIRE(rig_wait_int(&rig, 0, 7, 60000));
  usleep(50000);
  CHECK_INT(fake_host_report_count(rig.host), 2);
  rig_unsubscribe(&rig);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(the_minimum_interval_keeps_the_latest) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 300), MAPPER_OK);
  double start = now_ms();
  for (int i = 1; i <= 5; i++) {
    char payload[16];
    snprintf(payload, sizeof payload, "%d", i);
    CHECK(publish(&broker, "a", payload, false));
  }
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  CHECK_INT(fake_host_report(rig.host, 0).value.i64, 1);
  double sent = now_ms() - start; /* within the interval, unless the machine is very slow */
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK(now_ms() - start >= 299);
  if (sent < 250) CHECK_INT(fake_host_report(rig.host, 1).value.i64, 5);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(values_grow_stale) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_points_add(&rig.points, "silent", MAPPER_TYPE_I64, "topic: silent");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, "staleAfterMs: 150"));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  double start = now_ms();
  CHECK(publish(&broker, "a", "1", false));
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  CHECK_INT(fake_host_report(rig.host, 0).quality, MAPPER_GOOD);
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK(now_ms() - start >= 149);
  mapper_sample sample = fake_host_report(rig.host, 1);
  CHECK_INT(sample.status, MAPPER_OK);
  CHECK_INT(sample.value.i64, 1);
  CHECK(sample.quality == (MAPPER_UNCERTAIN | MAPPER_WHY_STALE));
  CHECK(rig_read(&rig, 0).quality == (MAPPER_UNCERTAIN | MAPPER_WHY_STALE));
  usleep(200000);
  CHECK_INT(fake_host_report_count(rig.host), 2); /* once */
  CHECK(publish(&broker, "a", "2", false));
  CHECK(fake_host_wait_reports(rig.host, 3, 60000));
  CHECK_INT(fake_host_report(rig.host, 2).quality, MAPPER_GOOD);
  CHECK(fake_host_wait_reports(rig.host, 4, 60000)); /* and again */
  rig_close(&rig);
  real_broker_free(&broker);
}
