/* SPDX-License-Identifier: Apache-2.0
 *
 * What create and bind say about settings. No broker is there, and none is asked.
 */
#include "rig.h"

#define URL_EXPECTED "tcp://HOST, tcp://HOST:PORT, mqtts://HOST or mqtts://HOST:PORT"

TEST(offers_one_driver_with_schemas) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  const mapper_driver *driver = fake_host_driver(host, "mqtt");
  REQUIRE(driver);
  CHECK_TEXT(fake_host_entry(host)->name, "mqtt");
  CHECK(strstr(driver->device_schema, "\"x-secret\": true") != NULL);
  CHECK(strstr(driver->point_schema, "\"setTemplate\"") != NULL);
  CHECK(driver->lane == NULL);
  CHECK(driver->query(MAPPER_EXT_SUBSCRIBE) != NULL);
  CHECK(driver->query("mapper.subscribe/2") == NULL);
  fake_host_unload(host);
}

TEST(create_refuses_wrong_settings) {
  static const struct {
    const char *settings, *text; /* null: accepted */
  } cases[] = {
      {"", NULL},
      {"broker: \"tcp://10.0.0.7\"", NULL},
      {"broker: \"mqtt://broker.plant:1884\"", NULL},
      {"broker: \"tcp://[::1]:1883\"", NULL},
      {"broker: \"tcp://[fe80::1]\", username: u, password: p", NULL},
      {"broker: \"mqtts://a\", tlsVersion: \"1.3\"", NULL},
      {"broker: \"ssl://a:8884\", caFile: /ca, certFile: /c, keyFile: /k", NULL},
      {"broker: \"ws://a:80\"", "setting broker: 'ws://a:80': expected " URL_EXPECTED},
      {"broker: \"10.0.0.7:1883\"", "setting broker: '10.0.0.7:1883': expected " URL_EXPECTED},
      {"broker: \"tcp://\"", "setting broker: 'tcp://': expected " URL_EXPECTED},
      {"broker: \"tcp://a:\"", "setting broker: 'tcp://a:': expected " URL_EXPECTED},
      {"broker: \"tcp://a:0\"", "setting broker: 'tcp://a:0': expected " URL_EXPECTED},
      {"broker: \"tcp://a:65536\"", "setting broker: 'tcp://a:65536': expected " URL_EXPECTED},
      {"broker: \"tcp://a:18x\"", "setting broker: 'tcp://a:18x': expected " URL_EXPECTED},
      {"broker: \"tcp://a/b\"", "setting broker: 'tcp://a/b': expected " URL_EXPECTED},
      {"broker: \"tcp://[::1\"", "setting broker: 'tcp://[::1': expected " URL_EXPECTED},
      {"password: p", "setting password: expected username or usernameFile beside it"},
      {"passwordFile: /p", "setting passwordFile: expected username or usernameFile beside it"},
      {"usernameFile: /u, passwordFile: /p", NULL},
      {"username: u, password: p, passwordFile: /p",
       "settings password and passwordFile: expected one of them"},
      {"username: u, usernameFile: /u", "settings username and usernameFile: expected one of them"},
      {"caFile: /ca", "setting caFile: expected a broker mqtts://HOST beside it"},
      {"insecureSkipVerify: true",
       "setting insecureSkipVerify: expected a broker mqtts://HOST beside it"},
      {"broker: \"mqtts://a\", keyFile: /k", "setting keyFile: expected certFile beside it"},
      {"broker: \"mqtts://a\", keyPasswordFile: /k",
       "setting keyPasswordFile: expected certFile beside it"},
      {"broker: \"mqtts://a\", tlsVersion: \"1.1\"",
       "setting tlsVersion: '1.1': expected \"1.2\" or \"1.3\""},
      {"willTopic: a/#", "setting willTopic: 'a/#': expected a topic without wildcards"},
      {"name: a/b", NULL},
      {"name: a+", "setting name: 'a+': expected a part of a topic without wildcards"},
      {"topicPrefix: a/{name}",
       "setting topicPrefix: 'a/{name}': expected setting name for {name}"},
      {"name: a, topicPrefix: a/{name}, availabilityTopic: b/{name}", NULL},
      {"availabilityTopic: b/{name}",
       "setting availabilityTopic: 'b/{name}': expected setting name for {name}"},
      {"availabilityTopic: a#",
       "setting availabilityTopic: 'a#': expected a topic, or a filter with + and # in places of "
       "their own"},
      {"availabilityTopic: a, availabilityPath: \"a..\"",
       "setting availabilityPath: 'a..': expected keys and indices such as a.b[2].c or "
       "a[\"b.c\"]"},
      {"availabilityTopic: a, availabilityMode: most",
       "setting availabilityMode: 'most': expected all, any or latest"},
      {"retained: no", "setting retained: 'no': expected use, uncertain or ignore"},
      {"clientID: \"\"", "setting clientID: '': expected UTF-8 text that is not empty"},
      {"qos: 3", "setting qos: 3: expected 0, 1 or 2"},
      {"staleAfterMs: -1", "setting staleAfterMs: -1: expected 0 or more milliseconds"},
  };
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  fake_points none = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fake_device device;
    mapper_status status =
        fake_device_bind(&device, host, fake_host_driver(host, "mqtt"), cases[i].settings, &none);
    CHECK_INT(status, cases[i].text ? MAPPER_INVALID : MAPPER_OK);
    CHECK_TEXT(fake_call_text(device.call), cases[i].text ? cases[i].text : "");
    CHECK(cases[i].text == NULL || device.device == NULL);
    fake_device_free(&device);
  }
  fake_host_unload(host);
}

TEST(bind_refuses_points_one_by_one) {
  static const struct {
    mapper_type type;
    const char *settings, *text; /* null: accepted */
    mapper_status status;
  } cases[] = {
      {MAPPER_TYPE_F64, "topic: a/b", NULL, MAPPER_OK},
      {MAPPER_TYPE_F64, "setTopic: a/b", NULL, MAPPER_OK},
      {MAPPER_TYPE_F64, "topic: a/+/b, path: \"a.b[2].c\"", NULL, MAPPER_OK},
      {MAPPER_TYPE_F64, "", "p: expected setting topic, setTopic or both", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: a+/b",
       "p: setting topic: 'a+/b': expected a topic, or a filter with + and # in places of their "
       "own",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: \"\"",
       "p: setting topic: '': expected a topic, or a filter with + and # in places of their own",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "setTopic: a/+",
       "p: setting setTopic: 'a/+': expected a topic without wildcards", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: a, path: \"a[\"",
       "p: setting path: 'a[': expected keys and indices such as a.b[2].c or a[\"b.c\"]",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "setTopic: a, setTemplate: x{val}",
       "p: setting setTemplate: 'x{val}': expected {value} in it", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: a, setTemplate: \"{value}\"",
       "p: setting setTemplate: expected setTopic beside it", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: \"stat/{name}/POWER\"",
       "p: setting topic: 'stat/{name}/POWER': expected setting name of the device for {name}",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: a, setTopic: \"cmnd/{name}\"",
       "p: setting setTopic: 'cmnd/{name}': expected setting name of the device for {name}",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: a, retained: maybe",
       "p: setting retained: 'maybe': expected use, uncertain or ignore", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "setTopic: a, confirm: true",
       "p: setting confirm: expected topic and setTopic beside it", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "topic: a, qos: 3", "p: setting qos: 3: expected 0, 1 or 2",
       MAPPER_INVALID},
      {MAPPER_TYPE_ARRAY | MAPPER_TYPE_I16, "topic: a", "p: MQTT points have no arrays",
       MAPPER_UNSUPPORTED},
  };
  enum { COUNT = sizeof cases / sizeof *cases };
  rig rig = {0};
  for (int i = 0; i < COUNT; i++)
    fake_points_add(&rig.points, "p", cases[i].type, cases[i].settings);
  CHECK_INT(rig_bind(&rig, "tcp://127.0.0.1:1", ""), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    CHECK_INT(rig.device.results[i], cases[i].status);
    CHECK_TEXT(fake_call_item(rig.device.call, (uint32_t)i), cases[i].text ? cases[i].text : "");
  }
  rig_close(&rig);
}
