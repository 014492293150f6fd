/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting values: what is published, and when a write is through.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "fakebroker.h"
#include "rig.h"

TEST(a_write_publishes_and_waits_for_the_broker) {
  real_broker broker;
  rig rig = {0};
  uint32_t plain = fake_points_add(&rig.points, "plain", MAPPER_TYPE_F64, "setTopic: set/a");
  uint32_t json = fake_points_add(&rig.points, "json", MAPPER_TYPE_TEXT,
                                  "setTopic: set/a, setTemplate: {\"state\":\"{value}\"}, qos: 2");
  uint32_t word = fake_points_add(&rig.points, "word", MAPPER_TYPE_BOOL,
                                  "setTopic: set/a, payloadOn: ON, payloadOff: OFF, qos: 0");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  listener *listener = listener_new(&broker, "set/a");
  REQUIRE(listener);
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_write(&rig, plain, mapper_float(MAPPER_TYPE_F64, 21.5), 20000), MAPPER_OK);
  CHECK_TEXT(listener_next(listener, 60000), "21.5");
  CHECK(!listener_retained(listener));
  CHECK_INT(rig_write(&rig, json, text_value("ON"), 20000), MAPPER_OK);
  CHECK_TEXT(listener_next(listener, 60000), "{\"state\":\"ON\"}");
  CHECK_INT(rig_write(&rig, word, mapper_bool(false), 20000), MAPPER_OK);
  CHECK_TEXT(listener_next(listener, 60000), "OFF");
  listener_free(listener);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(what_is_retained_is_there_for_those_who_come_later) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "kept", MAPPER_TYPE_I64, "setTopic: kept, retain: true");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 3), 20000), MAPPER_OK);
  listener *listener = listener_new(&broker, "kept");
  CHECK_TEXT(listener_next(listener, 60000), "3");
  CHECK(listener && listener_retained(listener));
  listener_free(listener);
  rig_close(&rig);
  real_broker_free(&broker);
}

/* Nothing but what was set is known of a point without a topic. */
TEST(a_point_without_a_topic_reads_as_it_was_set) {
  real_broker broker;
  rig rig = {0};
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "setTopic: a");
  uint32_t number = fake_points_add(&rig.points, "number", MAPPER_TYPE_F64, "setTopic: a, qos: 0");
  uint32_t both = fake_points_add(&rig.points, "both", MAPPER_TYPE_I64, "setTopic: a, topic: b");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, "staleAfterMs: 50"));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK_INT(rig_write(&rig, text, text_value("a text that is copied"), 20000), MAPPER_OK);
  CHECK_INT(rig_write(&rig, number, mapper_float(MAPPER_TYPE_F64, 2.5), 20000), MAPPER_OK);
  CHECK_INT(rig_write(&rig, both, mapper_int(MAPPER_TYPE_I64, 9), 20000), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK(is_text(fake_host_report(rig.host, 0).value, "a text that is copied"));
  CHECK(fake_host_report(rig.host, 0).quality == (MAPPER_UNCERTAIN | MAPPER_WHY_MANUAL));
  CHECK_DOUBLE(fake_host_report(rig.host, 1).value.f64, 2.5);
  CHECK(is_text(rig_read(&rig, text).value, "a text that is copied"));
  CHECK_INT(rig_read(&rig, both).status, MAPPER_UNAVAILABLE); /* its topic says what it is */
  usleep(100000);
  CHECK_INT(fake_host_report_count(rig.host), 2); /* and it does not grow stale */
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(writes_go_out_in_order_and_fail_one_by_one) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "setTopic: set");
  fake_points_add(&rig.points, "b", MAPPER_TYPE_TEXT, "setTopic: set");
  fake_points_add(&rig.points, "c", MAPPER_TYPE_I64, "topic: get");
  fake_points_add(&rig.points, "bad", MAPPER_TYPE_I64, "");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  listener *listener = listener_new(&broker, "set");
  REQUIRE(listener);
  REQUIRE(rig_open(&rig, broker.url, ""));
  mapper_write writes[] = {{0, 0, mapper_int(MAPPER_TYPE_I64, 1)},
                           {1, 0, text_value("two")},
                           {0, 0, text_value("wrong")},
                           {2, 0, mapper_int(MAPPER_TYPE_I64, 1)},
                           {3, 0, mapper_int(MAPPER_TYPE_I64, 1)},
                           {9, 0, mapper_int(MAPPER_TYPE_I64, 1)},
                           {0, 0, mapper_int(MAPPER_TYPE_I64, 3)}};
  const mapper_status expected[] = {MAPPER_OK,          MAPPER_OK,        MAPPER_TYPE,
                                    MAPPER_UNSUPPORTED, MAPPER_NOT_FOUND, MAPPER_NOT_FOUND,
                                    MAPPER_OK};
  CHECK_INT(fake_device_write(&rig.device, writes, 7, 20000), MAPPER_OK);
  for (int i = 0; i < 7; i++) CHECK_INT(rig.device.results[i], expected[i]);
  CHECK_TEXT(fake_call_item(rig.device.call, 2), "a: the value cannot be published: expected INT");
  CHECK_TEXT(fake_call_item(rig.device.call, 3), "c has no setTopic: it cannot be set");
  CHECK_TEXT(listener_next(listener, 60000), "1");
  CHECK_TEXT(listener_next(listener, 60000), "two");
  CHECK_TEXT(listener_next(listener, 60000), "3");
  listener_free(listener);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(more_writes_than_may_be_in_flight_all_arrive) {
  enum { COUNT = 60 };
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "setTopic: set");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  listener *listener = listener_new(&broker, "set");
  REQUIRE(listener);
  REQUIRE(rig_open(&rig, broker.url, ""));
  mapper_write writes[COUNT] = {0};
  for (int i = 0; i < COUNT; i++) writes[i].value = mapper_int(MAPPER_TYPE_I64, i);
  CHECK_INT(fake_device_write(&rig.device, writes, COUNT, 20000), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    CHECK_INT(rig.device.results[i], MAPPER_OK);
    CHECK_TEXT(listener_next(listener, 60000), text);
  }
  listener_free(listener);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_write_without_acknowledgement_ends_at_its_deadline) {
  fake_broker broker = {0};
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "setTopic: set");
  fake_points_add(&rig.points, "loose", MAPPER_TYPE_I64, "setTopic: set, qos: 0");
  fake_broker_start(&broker);
  REQUIRE(rig_open(&rig, broker.url, ""));
  double start = now_ms();
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 1), 1000), MAPPER_TIMEOUT);
  CHECK(now_ms() - start >= 999 && now_ms() - start < 20000);
  CHECK(strstr(fake_call_text(rig.device.call), "has not acknowledged in time") != NULL);

  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 50);
  mapper_write write = {.point = 0, .value = mapper_int(MAPPER_TYPE_I64, 2)};
  CHECK_INT(
      rig.device.driver->write(rig.device.device, rig.device.call, &write, 1, rig.device.results),
      MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(rig.device.call) < 20000);
  CHECK_INT(rig_write(&rig, 1, mapper_int(MAPPER_TYPE_I64, 3), 20000), MAPPER_OK);

  /* What was given up is not sent again once the broker is back. */
  while (atomic_load(&broker.publishes) < 3) usleep(1000);
  atomic_store(&broker.has_puback, true);
  fake_broker_drop(&broker);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_UP, 60000));
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 4), 20000), MAPPER_OK);
  CHECK_INT(atomic_load(&broker.publishes), 4);
  rig_close(&rig);
  fake_broker_stop(&broker);
}

TEST(writes_that_waited_in_vain_are_never_sent) {
  enum { COUNT = 30 }; /* more than are handed to the broker at once */
  fake_broker broker = {0};
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "setTopic: set");
  fake_broker_start(&broker);
  REQUIRE(rig_open(&rig, broker.url, ""));
  mapper_write writes[COUNT] = {0};
  for (int i = 0; i < COUNT; i++) writes[i].value = mapper_int(MAPPER_TYPE_I64, i);
  CHECK_INT(fake_device_write(&rig.device, writes, COUNT, 1000), MAPPER_TIMEOUT);
  while (atomic_load(&broker.publishes) < 20) usleep(1000);
  fake_broker_acknowledge(&broker); /* late, and room for the rest */
  usleep(100000);
  CHECK_INT(atomic_load(&broker.publishes), 20);
  rig_close(&rig);
  fake_broker_stop(&broker);
}

TEST(a_write_ends_when_the_connection_does) {
  fake_broker broker = {0};
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "setTopic: set");
  fake_broker_start(&broker);
  REQUIRE(rig_open(&rig, broker.url, ""));
  atomic_store(&broker.connack, -1); /* it will not come back */
  fake_broker_drop(&broker);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  double start = now_ms();
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 1), 60000), MAPPER_UNAVAILABLE);
  CHECK(now_ms() - start < 20000);
  CHECK(strncmp(fake_call_text(rig.device.call), "lost broker 127.0.0.1:", 22) == 0);
  rig_close(&rig);
  fake_broker_stop(&broker);
}
