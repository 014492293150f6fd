/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics that say whether a device is there, and our own last will.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "rig.h"

#define LIMIT 60000

static bool is_down(rig *rig) {
  return fake_host_wait_link(rig->host, rig->device.token, MAPPER_LINK_DOWN, LIMIT);
}

static bool is_up(rig *rig) {
  return fake_host_wait_link(rig->host, rig->device.token, MAPPER_LINK_UP, LIMIT);
}

static const char *link_text(rig *rig) { return fake_host_link_text(rig->host, rig->device.token); }

/* Settings with a list, which the short form of settings does not know. */
static bool open_with_list(rig *rig, const real_broker *broker, const char *text,
                           const char *list) {
  mapper_settings settings = fake_settings(text);
  fake_settings_put_scalar(&settings, "broker", broker->url, false);
  fake_settings_put(&settings, "availabilityTopic",
                    mapper_data(MAPPER_TYPE_BYTES, list, (uint32_t)strlen(list)));
  rig->host = fake_host_load(MAPPER_LIBRARY);
  mapper_status status = fake_device_bind_settings(
      &rig->device, rig->host, fake_host_driver(rig->host, "mqtt"), &settings, &rig->points);
  fake_settings_free(&settings);
  return CHECK_INT(status, MAPPER_OK) &&
         CHECK_INT(fake_device_open(&rig->device, LIMIT), MAPPER_OK);
}

TEST(a_last_will_takes_the_link_down) {
  real_broker broker;
  rig rig = {0};
  uint32_t point = fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a, setTopic: b");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url,
                   "name: plug, availabilityTopic: \"tele/{name}/LWT\", payloadAvailable: Online, "
                   "payloadNotAvailable: Offline"));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK(publish(&broker, "a", "1", false));
  CHECK(fake_host_wait_reports(rig.host, 1, LIMIT));
  CHECK(publish(&broker, "tele/plug/LWT", "Offline", true));
  CHECK(is_down(&rig));
  CHECK_TEXT(link_text(&rig), "tele/plug/LWT says 'Offline'");
  /* The connection is good: the host is not to open it anew. */
  CHECK_INT(fake_device_read_all(&rig.device, 1000), MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_text(rig.device.call), "tele/plug/LWT says 'Offline'");
  CHECK_INT(rig_write(&rig, point, mapper_int(MAPPER_TYPE_I64, 1), 1000), MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_text(rig.device.call), "tele/plug/LWT says 'Offline'");

  CHECK(publish(&broker, "tele/plug/LWT", "Online", true));
  CHECK(is_up(&rig));
  CHECK(fake_host_wait_reports(rig.host, 2, LIMIT)); /* the host had it for old */
  CHECK_INT(fake_host_report(rig.host, 1).value.i64, 1);
  CHECK_INT(rig_read(&rig, point).value.i64, 1);

  CHECK(publish(&broker, "tele/plug/LWT", "Rebooting", false));
  CHECK(rig_wait_log(&rig, "Rebooting", LIMIT));
  CHECK_INT(fake_host_logged(rig.host, "tele/plug/LWT: 'Rebooting': expected 'Online' or 'Offline' "
                                       "(payloadAvailable, payloadNotAvailable)"),
            1);
  CHECK_INT(rig_read(&rig, point).status, MAPPER_OK);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_device_that_is_away_at_open_is_told) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK(publish(&broker, "lwt", "offline", true));
  REQUIRE(rig_open(&rig, broker.url, "availabilityTopic: lwt"));
  CHECK(is_down(&rig));
  /* After the broker was away it is told again, and stays as it was in between. */
  real_broker_stop(&broker);
  CHECK(rig_wait_log(&rig, "lost broker", LIMIT));
  REQUIRE(real_broker_again(&broker)); /* it has forgotten what was retained */
  CHECK(rig_wait_read(&rig, MAPPER_TIMEOUT, "lwt says 'offline'", LIMIT));
  CHECK(publish(&broker, "lwt", "online", true));
  CHECK(is_up(&rig));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(several_topics_are_weighed) {
  static const struct {
    const char *mode;
    bool up[4]; /* after bridge online, device offline, device online, bridge offline */
  } cases[] = {
      {"all", {true, false, true, false}},
      {"any", {true, true, true, true}},
      {"latest", {true, false, true, false}},
  };
  static const char *const steps[][2] = {{"z/bridge/state", "{\"state\":\"online\"}"},
                                         {"z/lamp/availability", "{\"state\":\"offline\"}"},
                                         {"z/lamp/availability", "online"}, /* plain */
                                         {"z/bridge/state", "{\"state\":\"offline\"}"}};
  real_broker broker;
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char settings[128];
    rig rig = {0};
    fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
    snprintf(settings, sizeof settings,
             "name: lamp, topicPrefix: z, availabilityPath: state, availabilityMode: %s",
             cases[i].mode);
    REQUIRE(open_with_list(&rig, &broker, settings, "[\"bridge/state\", \"{name}/availability\"]"));
    for (int step = 0; step < 4; step++) {
      CHECK(publish(&broker, steps[step][0], steps[step][1], false));
      /* A message that came after it through the same connection tells that it was seen. */
      char number[16];
      snprintf(number, sizeof number, "%d", step);
      CHECK(publish(&broker, "z/a", number, false));
      for (double end = now_ms() + LIMIT; now_ms() < end; usleep(2000)) {
        mapper_status status = fake_device_read_all(&rig.device, 1000);
        bool is_here = status == MAPPER_OK && rig.device.samples[0].status == MAPPER_OK &&
                       rig.device.samples[0].value.i64 == step;
        if (cases[i].up[step] ? is_here : status == MAPPER_TIMEOUT) break;
      }
      mapper_status expected = cases[i].up[step] ? MAPPER_OK : MAPPER_TIMEOUT;
      if (!CHECK_INT(fake_device_read_all(&rig.device, 1000), expected))
        printf("  %s, step %d\n", cases[i].mode, step);
    }
    rig_close(&rig);
  }
  real_broker_free(&broker);
}

TEST(a_word_that_is_taken_back_was_never_said) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK(publish(&broker, "lwt", "offline", true));
  CHECK_INT(rig_bind(&rig, broker.url, "availabilityTopic: lwt"), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, LIMIT), MAPPER_OK);
  CHECK(is_down(&rig));
  CHECK(publish(&broker, "lwt", "", true)); /* deletes what is retained */
  CHECK(is_up(&rig));
  /* Nor does it come back with the broker. */
  real_broker_stop(&broker);
  CHECK(is_down(&rig));
  REQUIRE(real_broker_again(&broker));
  CHECK(is_up(&rig));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_list_of_topics_has_to_be_one) {
  static const struct {
    const char *list, *text;
  } cases[] = {
      {"[]", "setting availabilityTopic: '[]': expected a topic or a list of topics"},
      {"[1]", "setting availabilityTopic: '[1]': expected a topic or a list of topics"},
      {"[\"a\", \"b#\"]",
       "setting availabilityTopic: 'b#': expected a topic, or a filter with + and # in places of "
       "their own"},
      {"[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]",
       "setting availabilityTopic: expected up to 8 topics"},
  };
  rig rig = {.host = fake_host_load(MAPPER_LIBRARY)};
  REQUIRE(rig.host);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mapper_settings settings = fake_settings("");
    const char *list = cases[i].list;
    fake_settings_put(&settings, "availabilityTopic",
                      mapper_data(MAPPER_TYPE_BYTES, list, (uint32_t)strlen(list)));
    fake_device device;
    CHECK_INT(fake_device_bind_settings(&device, rig.host, fake_host_driver(rig.host, "mqtt"),
                                        &settings, &rig.points),
              MAPPER_INVALID);
    CHECK_TEXT(fake_call_text(device.call), cases[i].text);
    fake_device_free(&device);
    fake_settings_free(&settings);
  }
  fake_host_unload(rig.host);
}

TEST(our_own_last_will_is_left) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  listener *others = listener_new(&broker, "agents/edge-1");
  REQUIRE(others);
  REQUIRE(rig_open(&rig, broker.url, "willTopic: agents/edge-1, clientID: edge-1"));
  CHECK_TEXT(listener_next(others, LIMIT), "online");
  rig_close(&rig); /* leaves in peace, and says so */
  CHECK_TEXT(listener_next(others, LIMIT), "offline");

  rig = (struct rig){0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(rig_open(&rig, broker.url,
                   "willTopic: agents/edge-1, clientID: edge-1, willPayload: gone, birthPayload: "
                   "here"));
  CHECK_TEXT(listener_next(others, LIMIT), "here");
  /* Another client takes its identifier: the broker drops the first and tells its will. */
  listener *thief = listener_named(&broker, "edge-1", "x");
  CHECK(thief != NULL);
  CHECK_TEXT(listener_next(others, LIMIT), "gone");
  listener_free(thief);
  rig_close(&rig);
  listener_free(others);
  real_broker_free(&broker);
}
