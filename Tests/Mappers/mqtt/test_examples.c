/* SPDX-License-Identifier: Apache-2.0
 *
 * The manifests in examples/, with the messages that such devices send, in the order in which they
 * send them.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "devicefile.h"
#include "rig.h"

enum { LIMIT = 60000 };

typedef struct example {
  real_broker broker;
  device_file file;
  rig rig; /* without points of its own */
} example;

static bool open_example(example *example, const char *path) {
  char whole[256];
  snprintf(whole, sizeof whole, "%s/examples/%s", MAPPER_FOLDER, path);
  if (!device_file_read(whole, "mqtt", &example->file)) return false;
  fake_settings_put_scalar(&example->file.settings, "broker", example->broker.url, false);
  rig *rig = &example->rig;
  *rig = (struct rig){.host = fake_host_load(MAPPER_LIBRARY)};
  const mapper_driver *driver = fake_host_driver(rig->host, "mqtt");
  if (!CHECK_INT(fake_device_bind_settings(&rig->device, rig->host, driver, &example->file.settings,
                                           &example->file.points),
                 MAPPER_OK))
    return false;
  for (uint32_t i = 0; i < example->file.points.count; i++)
    CHECK_INT(rig->device.results[i], MAPPER_OK);
  return CHECK_INT(fake_device_open(&rig->device, LIMIT), MAPPER_OK) &&
         CHECK_INT(rig_subscribe(rig, 0), MAPPER_OK);
}

static void close_example(example *example) {
  rig_close(&example->rig);
  device_file_free(&example->file);
}

/* Waits until a property reads so. */
static bool reads(example *example, const char *name, double number, uint32_t quality) {
  const mapper_point *point = device_file_point(&example->file, name);
  if (!CHECK(point != NULL)) return false;
  mapper_sample sample = {.status = MAPPER_NOT_FILLED};
  for (double end = now_ms() + LIMIT; now_ms() < end; usleep(2000)) {
    fake_device *device = &example->rig.device;
    if (fake_device_read(device, &point->id, 1, 20000) != MAPPER_OK) continue;
    sample = device->samples[0];
    mapper_value value = sample.value;
    bool is_float = value.type == MAPPER_TYPE_F32 || value.type == MAPPER_TYPE_F64;
    double found = is_float ? value.f64 : (double)value.i64;
    bool is_same = found == (value.type == MAPPER_TYPE_F32 ? (float)number : number);
    if (sample.status == MAPPER_OK && sample.quality == quality && is_same) return true;
  }
  printf("  %s: status %d, quality %x\n", name, (int)sample.status, (unsigned)sample.quality);
  return false;
}

static bool is_link(example *example, int32_t state) {
  return fake_host_wait_link(example->rig.host, example->rig.device.token, state, LIMIT);
}

static mapper_status set(example *example, const char *name, mapper_value value, int timeout_ms) {
  const mapper_point *point = device_file_point(&example->file, name);
  return point ? rig_write(&example->rig, point->id, value, timeout_ms) : MAPPER_NOT_FOUND;
}

/* ---- Tasmota ------------------------------------------------------------------------------ */

TEST(example_of_a_tasmota_plug) {
  static const char state[] =
      "{\"Time\":\"2026-11-24T10:00:00\",\"Uptime\":\"0T00:05:09\",\"UptimeSec\":309,\"Heap\":25,"
      "\"SleepMode\":\"Dynamic\",\"Sleep\":50,\"LoadAvg\":19,\"MqttCount\":1,\"POWER\":\"ON\","
      "\"Wifi\":{\"AP\":1,\"SSId\":\"plant\",\"Channel\":6,\"RSSI\":72,\"Signal\":-64}}";
  static const char sensor[] =
      "{\"Time\":\"2026-11-24T10:00:00\",\"ENERGY\":{\"TotalStartTime\":\"2026-01-01T00:00:00\","
      "\"Total\":12.345,\"Yesterday\":0.5,\"Today\":0.1,\"Period\":3,\"Power\":17,"
      "\"ApparentPower\":20,\"Factor\":0.85,\"Voltage\":230,\"Current\":0.087}}";
  example plug;
  REQUIRE(real_broker_start(&plug.broker, NULL, NULL));
  CHECK(publish(&plug.broker, "tele/tasmota_4F2A10/LWT", "Offline", true));
  REQUIRE(open_example(&plug, "tasmota/plug.yaml"));
  CHECK(is_link(&plug, MAPPER_LINK_DOWN));

  /* It starts. */
  CHECK(publish(&plug.broker, "tele/tasmota_4F2A10/LWT", "Online", true));
  CHECK(publish(&plug.broker, "tele/tasmota_4F2A10/INFO1", "{\"Info1\":{\"Module\":\"Plug\"}}",
                false));
  CHECK(publish(&plug.broker, "stat/tasmota_4F2A10/RESULT", "{\"POWER\":\"ON\"}", false));
  CHECK(publish(&plug.broker, "stat/tasmota_4F2A10/POWER", "ON", false));
  CHECK(publish(&plug.broker, "tele/tasmota_4F2A10/STATE", state, false));
  CHECK(publish(&plug.broker, "tele/tasmota_4F2A10/SENSOR", sensor, false));
  CHECK(is_link(&plug, MAPPER_LINK_UP));
  CHECK(reads(&plug, "power", 1, MAPPER_GOOD));
  CHECK(reads(&plug, "lastPower", 1, MAPPER_GOOD));
  CHECK(reads(&plug, "signal", 72, MAPPER_GOOD));
  CHECK(reads(&plug, "watts", 17, MAPPER_GOOD));
  CHECK(reads(&plug, "total", 12.345, MAPPER_GOOD));

  /* A command that nobody answers is not through; the broker having it is not enough. */
  CHECK_INT(MAPPER_STATUS_CLASS(set(&plug, "power", mapper_bool(false), 2000)), MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_item(plug.rig.device.call, 0),
             "power: stat/tasmota_4F2A10/POWER has not confirmed the value in time");
  responder *answers =
      responder_start(&plug.broker, "cmnd/tasmota_4F2A10/POWER", "stat/tasmota_4F2A10/POWER", NULL);
  CHECK_INT(set(&plug, "power", mapper_bool(false), LIMIT), MAPPER_OK);
  CHECK(reads(&plug, "power", 0, MAPPER_GOOD));
  CHECK_TEXT(responder_stop(answers), "OFF");
  answers = responder_start(&plug.broker, "cmnd/tasmota_4F2A10/TelePeriod",
                            "stat/tasmota_4F2A10/RESULT", "{\"TelePeriod\":60}");
  CHECK_INT(set(&plug, "period", mapper_int(MAPPER_TYPE_I64, 60), LIMIT), MAPPER_OK);
  CHECK(reads(&plug, "period", 60, MAPPER_GOOD));
  CHECK_TEXT(responder_stop(answers), "60");

  /* Its power fails: the broker tells its last will. */
  CHECK(publish(&plug.broker, "tele/tasmota_4F2A10/LWT", "Offline", true));
  CHECK(is_link(&plug, MAPPER_LINK_DOWN));
  close_example(&plug);
  real_broker_free(&plug.broker);
}

/* ---- zigbee2mqtt -------------------------------------------------------------------------- */

TEST(example_of_a_zigbee_lamp) {
  example lamp;
  REQUIRE(real_broker_start(&lamp.broker, NULL, NULL));
  CHECK(publish(&lamp.broker, "zigbee2mqtt/bridge/state", "{\"state\":\"online\"}", true));
  CHECK(publish(&lamp.broker, "zigbee2mqtt/Kitchen/Ceiling lamp/availability",
                "{\"state\":\"online\"}", true));
  CHECK(publish(&lamp.broker, "zigbee2mqtt/Kitchen/Ceiling lamp",
                "{\"brightness\":254,\"color_mode\":\"color_temp\",\"color_temp\":370,"
                "\"linkquality\":120,\"state\":\"ON\",\"update\":{\"state\":\"idle\"}}",
                true));
  REQUIRE(open_example(&lamp, "zigbee2mqtt/lamp.yaml"));
  CHECK(reads(&lamp, "on", 1, MAPPER_GOOD)); /* the bridge retains the last state */
  CHECK(reads(&lamp, "brightness", 254, MAPPER_GOOD));
  CHECK(reads(&lamp, "colorTemperature", 370, MAPPER_GOOD));
  CHECK(reads(&lamp, "linkQuality", 120, MAPPER_GOOD));

  listener *bridge = listener_new(&lamp.broker, "zigbee2mqtt/Kitchen/Ceiling lamp/set");
  CHECK_INT(set(&lamp, "on", mapper_bool(false), LIMIT), MAPPER_OK);
  CHECK_TEXT(listener_next(bridge, LIMIT), "{\"state\":\"OFF\"}");
  CHECK_INT(set(&lamp, "brightness", mapper_int(MAPPER_TYPE_I64, 12), LIMIT), MAPPER_OK);
  CHECK_TEXT(listener_next(bridge, LIMIT), "{\"brightness\":12}");
  CHECK(publish(&lamp.broker, "zigbee2mqtt/Kitchen/Ceiling lamp",
                "{\"brightness\":12,\"linkquality\":117,\"state\":\"OFF\"}", true));
  CHECK(reads(&lamp, "on", 0, MAPPER_GOOD));
  CHECK(reads(&lamp, "brightness", 12, MAPPER_GOOD));
  CHECK(reads(&lamp, "colorTemperature", 370, MAPPER_GOOD)); /* not told: as it was */
  listener_free(bridge);

  /* Somebody switches the lamp off at the wall, later the bridge itself stops. */
  CHECK(publish(&lamp.broker, "zigbee2mqtt/Kitchen/Ceiling lamp/availability", "offline", true));
  CHECK(is_link(&lamp, MAPPER_LINK_DOWN));
  CHECK(publish(&lamp.broker, "zigbee2mqtt/Kitchen/Ceiling lamp/availability", "online", true));
  CHECK(is_link(&lamp, MAPPER_LINK_UP));
  CHECK(publish(&lamp.broker, "zigbee2mqtt/bridge/state", "{\"state\":\"offline\"}", true));
  CHECK(is_link(&lamp, MAPPER_LINK_DOWN));
  close_example(&lamp);
  real_broker_free(&lamp.broker);
}

TEST(example_of_a_zigbee_sensor) {
  example sensor;
  REQUIRE(real_broker_start(&sensor.broker, NULL, NULL));
  CHECK(publish(&sensor.broker, "zigbee2mqtt/bridge/state", "{\"state\":\"online\"}", true));
  CHECK(publish(&sensor.broker, "zigbee2mqtt/cellar",
                "{\"battery\":97,\"humidity\":61.2,\"temperature\":11.4,\"voltage\":3000}", true));
  REQUIRE(open_example(&sensor, "zigbee2mqtt/sensor.yaml"));
  CHECK(reads(&sensor, "temperature", 11.4, MAPPER_UNCERTAIN | MAPPER_WHY_STALE));
  CHECK(publish(&sensor.broker, "zigbee2mqtt/cellar",
                "{\"battery\":97,\"humidity\":61.8,\"temperature\":11.5,\"voltage\":3000}", true));
  CHECK(reads(&sensor, "temperature", 11.5, MAPPER_GOOD));
  CHECK(reads(&sensor, "humidity", 61.8, MAPPER_GOOD));
  CHECK(reads(&sensor, "battery", 97, MAPPER_GOOD));
  close_example(&sensor);
  real_broker_free(&sensor.broker);
}
