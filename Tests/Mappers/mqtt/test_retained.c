/* SPDX-License-Identifier: Apache-2.0
 *
 * What retained messages are worth, and wildcards beside the device's name.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "rig.h"

enum { LIMIT = 60000 };

TEST(retained_messages_count_as_the_point_says) {
  real_broker broker;
  rig rig = {0};
  uint32_t used = fake_points_add(&rig.points, "used", MAPPER_TYPE_I64, "topic: a, retained: use");
  uint32_t doubted = fake_points_add(&rig.points, "doubted", MAPPER_TYPE_I64, "topic: a");
  uint32_t ignored =
      fake_points_add(&rig.points, "ignored", MAPPER_TYPE_I64, "topic: a, retained: ignore");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK(publish(&broker, "a", "1", true));
  REQUIRE(rig_open(&rig, broker.url, "retained: uncertain"));
  CHECK(rig_wait_status(&rig, used, MAPPER_OK, LIMIT));
  CHECK(rig_wait_status(&rig, doubted, MAPPER_OK, LIMIT));
  CHECK_INT(rig_read(&rig, used).quality, MAPPER_GOOD);
  CHECK(rig_read(&rig, doubted).quality == (MAPPER_UNCERTAIN | MAPPER_WHY_STALE));
  CHECK_INT(rig_read(&rig, doubted).value.i64, 1);
  CHECK_INT(rig_read(&rig, ignored).status, MAPPER_UNAVAILABLE);
  CHECK(publish(&broker, "a", "2", true)); /* comes as a live one */
  CHECK(rig_wait_status(&rig, ignored, MAPPER_OK, LIMIT));
  CHECK_INT(rig_read(&rig, doubted).quality, MAPPER_GOOD);
  CHECK_INT(rig_read(&rig, doubted).value.i64, 2);
  CHECK_INT(rig_read(&rig, ignored).value.i64, 2);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(the_name_is_put_into_topics) {
  real_broker broker;
  rig rig = {0};
  fake_device other;
  uint32_t any = fake_points_add(&rig.points, "any", MAPPER_TYPE_I64,
                                 "topic: \"{name}/+/level\", setTopic: \"$all/{name}/{name}\"");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, "name: north/tank 1, topicPrefix: \"plant/{name}\""));
  CHECK(
      rig_add(&rig, &other, &rig.points, broker.url, "name: south, topicPrefix: \"plant/{name}\""));
  CHECK(publish(&broker, "plant/north/tank 1/north/tank 1/probe/level", "5", false));
  CHECK(publish(&broker, "plant/south/south/b/level", "6", false));
  CHECK(rig_wait_status(&rig, any, MAPPER_OK, LIMIT));
  CHECK_INT(rig_read(&rig, any).value.i64, 5);
  for (double end = now_ms() + LIMIT; now_ms() < end; usleep(2000))
    if (fake_device_read_all(&other, 20000) == MAPPER_OK && other.samples[0].status == MAPPER_OK)
      break;
  CHECK_INT(other.samples[0].value.i64, 6);
  listener *listener = listener_new(&broker, "$all/south/south");
  mapper_write write = {.point = any, .value = mapper_int(MAPPER_TYPE_I64, 9)};
  CHECK_INT(fake_device_write(&other, &write, 1, LIMIT), MAPPER_OK);
  CHECK_TEXT(listener_next(listener, LIMIT), "9");
  listener_free(listener);
  fake_device_free(&other);
  rig_close(&rig);
  real_broker_free(&broker);
}

/* A device that answers before the broker acknowledges, one that tells another value first, and
 * a connection that is lost while the answer is awaited. */
TEST(a_write_may_wait_for_the_topic) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "topic: a, setTopic: a, confirm: true");
  fake_points_add(&rig.points, "level", MAPPER_TYPE_F64, "topic: b, setTopic: c, confirm: true");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_write(&rig, 0, text_value("its own echo"), LIMIT), MAPPER_OK);
  CHECK(is_text(rig_read(&rig, 0).value, "its own echo"));
  responder *wrong = responder_start(&broker, "c", "b", "20");
  CHECK_INT(MAPPER_STATUS_CLASS(rig_write(&rig, 1, mapper_float(MAPPER_TYPE_F64, 21.5), 3000)),
            MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "level: b has not confirmed the value in time");
  CHECK_TEXT(responder_stop(wrong), "21.5");
  CHECK(rig_wait_status(&rig, 1, MAPPER_OK, LIMIT)); /* the link is good */
  responder *right = responder_start(&broker, "c", "b", NULL);
  CHECK_INT(rig_write(&rig, 1, mapper_float(MAPPER_TYPE_F64, 21.5), LIMIT), MAPPER_OK);
  CHECK_TEXT(responder_stop(right), "21.5");
  rig_close(&rig);
  real_broker_free(&broker);
}
