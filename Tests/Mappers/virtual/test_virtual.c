/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual devices: kinds of points, and their settings.
 */
#include <math.h>
#include <stdlib.h>

#include "rig.h"

/* ---- the table ---------------------------------------------------------------------------- */

TEST(offers_one_driver_with_schemas) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  const mapper_driver *driver = fake_host_driver(host, "virtual");
  REQUIRE(driver);
  CHECK_TEXT(fake_host_entry(host)->name, "virtual");
  CHECK(strstr(driver->device_schema, "\"seed\"") != NULL);
  CHECK(strstr(driver->point_schema, "\"randomWalk\"") != NULL);
  CHECK(fake_host_entry(host)->driver(1) == NULL);
  CHECK(driver->query(MAPPER_EXT_SUBSCRIBE) != NULL);
  CHECK(driver->query("mapper.unknown/1") == NULL);
  fake_host_unload(host);
}

/* ---- kinds -------------------------------------------------------------------------------- */

TEST(sine_and_ramp_follow_the_time_since_open) {
  rig rig = {0};
  uint32_t sine = fake_points_add(&rig.points, "sine", MAPPER_TYPE_F64,
                                  "kind: sine, amplitude: 2, offset: 10, period: 400");
  uint32_t ramp = fake_points_add(&rig.points, "ramp", MAPPER_TYPE_F64,
                                  "kind: ramp, min: -5, max: 5, period: 400");
  REQUIRE(rig_open(&rig, ""));
  double lowest = INFINITY, highest = -INFINITY, last = -INFINITY;
  int falls = 0;
  double start = now_ms();
  while ((lowest >= 8.1 || highest <= 11.9 || falls < 2) && now_ms() < start + 60000) {
    double value = read_value(&rig, sine).f64;
    lowest = fmin(lowest, value);
    highest = fmax(highest, value);
    double level = read_value(&rig, ramp).f64;
    CHECK(level >= -5 && level < 5);
    falls += level < last;
    last = level;
  }
  CHECK(lowest >= 8 && lowest < 8.1);
  CHECK(highest <= 12 && highest > 11.9);
  CHECK(falls >= 1 && falls <= (now_ms() - start) / 400 + 1); /* it falls back once a period */
  rig_close(&rig);
}

static void walk_of_seed(const char *settings, double values[20]) {
  rig rig = {0};
  uint32_t other = fake_points_add(&rig.points, "other", MAPPER_TYPE_F64, "kind: randomWalk");
  uint32_t walk = fake_points_add(&rig.points, "walk", MAPPER_TYPE_F64,
                                  "kind: randomWalk, min: 0, max: 10, step: 3");
  if (!CHECK(rig_open(&rig, settings))) return;
  for (int i = 0; i < 20; i++) {
    if (i % 3 == 0) read_value(&rig, other);
    values[i] = read_value(&rig, walk).f64;
  }
  rig_close(&rig);
}

TEST(random_walk_depends_on_the_seed_alone) {
  double first[20], again[20], different[20];
  walk_of_seed("seed: 7", first);
  walk_of_seed("seed: 7", again);
  walk_of_seed("seed: 8", different);
  CHECK(memcmp(first, again, sizeof first) == 0);
  CHECK(memcmp(first, different, sizeof first) != 0);
  CHECK_DOUBLE(first[0], 5); /* it starts in the middle */
  for (int i = 1; i < 20; i++) {
    CHECK(first[i] >= 0 && first[i] <= 10);
    CHECK(fabs(first[i] - first[i - 1]) <= 3);
    CHECK(first[i] != first[i - 1]);
  }
}

TEST(counter_counts_reads_and_goes_round) {
  rig rig = {0};
  uint32_t up =
      fake_points_add(&rig.points, "up", MAPPER_TYPE_I64, "kind: counter, min: 1, max: 3");
  uint32_t down = fake_points_add(&rig.points, "down", MAPPER_TYPE_I64,
                                  "kind: counter, offset: 4, step: -2, min: 0, max: 4");
  uint32_t odd = fake_points_add(&rig.points, "odd", MAPPER_TYPE_BOOL, "kind: counter");
  REQUIRE(rig_open(&rig, ""));
  const int64_t ups[] = {1, 2, 3, 1, 2}, downs[] = {4, 2, 0, 4, 2}, odds[] = {0, 1, 0, 1, 0};
  for (int i = 0; i < 5; i++) {
    CHECK_INT(read_value(&rig, up).i64, ups[i]);
    CHECK_INT(read_value(&rig, down).i64, downs[i]);
    CHECK_INT(read_value(&rig, odd).u64, odds[i]);
  }
  rig_close(&rig);
}

TEST(constants_have_every_type) {
  static const struct {
    mapper_type type;
    const char *settings;
    double number;
    const char *text;
  } cases[] = {
      {MAPPER_TYPE_I64, "kind: constant, offset: -7", -7, NULL},
      {MAPPER_TYPE_F32, "kind: constant, offset: 0.1", (double)0.1f, NULL},
      {MAPPER_TYPE_F64, "kind: constant, offset: 0.1", 0.1, NULL},
      {MAPPER_TYPE_BOOL, "kind: constant, offset: 1", 1, NULL},
      {MAPPER_TYPE_U8, "kind: constant, offset: 255", 255, NULL},
      {MAPPER_TYPE_I16, "kind: constant, offset: -32768", -32768, NULL},
      {MAPPER_TYPE_TEXT, "kind: constant, text: \"Grüße\"", 0, "Grüße"},
      {MAPPER_TYPE_TEXT, "kind: constant, offset: 2.5", 0, "2.5"},
      {MAPPER_TYPE_BYTES, "kind: constant, text: ab", 0, "ab"},
      {MAPPER_TYPE_NONE, "kind: constant, offset: 3", 3, NULL},
      {MAPPER_TYPE_NONE, "kind: constant, text: free", 0, "free"},
  };
  enum { COUNT = sizeof cases / sizeof *cases };
  rig rig = {0};
  for (int i = 0; i < COUNT; i++)
    fake_points_add(&rig.points, "constant", cases[i].type, cases[i].settings);
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    const mapper_sample *sample = &rig.device.samples[i];
    CHECK_INT(sample->status, MAPPER_OK);
    CHECK_INT(sample->quality, MAPPER_GOOD);
    if (cases[i].text) {
      CHECK_INT(sample->value.count, strlen(cases[i].text));
      CHECK(memcmp(sample->value.data, cases[i].text, sample->value.count) == 0);
    } else if (cases[i].type == MAPPER_TYPE_F32 || cases[i].type == MAPPER_TYPE_F64 ||
               cases[i].type == MAPPER_TYPE_NONE) {
      CHECK_DOUBLE(sample->value.f64, cases[i].number);
    } else {
      CHECK_INT(sample->value.i64, cases[i].number);
    }
    if (cases[i].type) CHECK_INT(sample->value.type, cases[i].type);
  }
  rig_close(&rig);
}

TEST(settable_keeps_what_is_written) {
  rig rig = {0};
  uint32_t number = fake_points_add(&rig.points, "number", MAPPER_TYPE_I64,
                                    "kind: settable, offset: 20, min: 10, max: 30");
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "kind: settable");
  uint32_t bytes = fake_points_add(&rig.points, "bytes", MAPPER_TYPE_BYTES, "kind: settable");
  uint32_t sine = fake_points_add(&rig.points, "sine", MAPPER_TYPE_F64, "kind: sine");
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(read_value(&rig, number).i64, 20);
  CHECK_INT(write_value(&rig, number, mapper_int(MAPPER_TYPE_I64, 25)), MAPPER_OK);
  CHECK_INT(read_value(&rig, number).i64, 25);
  CHECK_INT(write_value(&rig, number, mapper_int(MAPPER_TYPE_I64, 31)), MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "number: 31: expected 10 to 30");
  CHECK_INT(write_value(&rig, number, mapper_float(MAPPER_TYPE_F64, 25)), MAPPER_TYPE);
  CHECK_INT(read_value(&rig, number).i64, 25);

  CHECK(is_text(read_value(&rig, text), ""));
  CHECK_INT(write_value(&rig, text, mapper_data(MAPPER_TYPE_TEXT, "open", 4)), MAPPER_OK);
  CHECK(is_text(read_value(&rig, text), "open"));
  CHECK_INT(write_value(&rig, bytes, mapper_data(MAPPER_TYPE_BYTES, "\0\xff", 2)), MAPPER_OK);
  mapper_value value = read_value(&rig, bytes);
  CHECK_INT(value.count, 2);
  CHECK(memcmp(value.data, "\0\xff", 2) == 0);

  CHECK_INT(write_value(&rig, sine, mapper_float(MAPPER_TYPE_F64, 1)), MAPPER_UNSUPPORTED);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "sine: a sine point cannot be set");
  CHECK_INT(write_value(&rig, 99, mapper_bool(true)), MAPPER_NOT_FOUND);
  /* What was set is still there after the link was down. */
  rig.device.driver->close(rig.device.device);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_OK);
  CHECK_INT(read_value(&rig, number).i64, 25);
  rig_close(&rig);
}

TEST(a_value_outside_its_type_is_an_error_of_its_point_alone) {
  rig rig = {0};
  fake_points_add(&rig.points, "narrow", MAPPER_TYPE_U8, "kind: counter, offset: 300, step: 0");
  fake_points_add(&rig.points, "good", MAPPER_TYPE_U16, "kind: counter, offset: 300, step: 0");
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].status, MAPPER_TYPE);
  CHECK_INT(rig.device.samples[0].value.type, MAPPER_TYPE_NONE);
  CHECK_INT(rig.device.samples[1].status, MAPPER_OK);
  CHECK_INT(rig.device.samples[1].value.u64, 300);
  uint32_t unknown = 99;
  CHECK_INT(fake_device_read(&rig.device, &unknown, 1, 20000), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].status, MAPPER_NOT_FOUND);
  rig_close(&rig);
}

/* ---- settings ----------------------------------------------------------------------------- */

TEST(bind_refuses_points_one_by_one) {
  static const struct {
    mapper_type type;
    const char *settings, *text;
    mapper_status status;
  } cases[] = {
      {MAPPER_TYPE_F64, "kind: sine", "", MAPPER_OK},
      {MAPPER_TYPE_F64, "kind: cosine",
       "p: setting kind: 'cosine': expected sine, ramp, randomWalk, counter, constant, settable or "
       "fault",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "", NULL, MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: ramp, min: 5, max: 1", "p: setting min: 5: expected at most max, 1",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: sine, period: 0",
       "p: setting period: 0: expected 1 or more milliseconds", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: constant, text: abc",
       "p: setting text: expected a property of type STRING or BYTES", MAPPER_INVALID},
      {MAPPER_TYPE_U8, "kind: constant, offset: 256",
       "p: setting offset: 256 does not fit the property's type", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: randomWalk, offset: 101",
       "p: setting offset: 101: expected 0 to 100", MAPPER_INVALID},
      {MAPPER_TYPE_I64, "kind: fault",
       "p: a fault point is text: expected a property of type STRING", MAPPER_INVALID},
      {MAPPER_TYPE_ARRAY | MAPPER_TYPE_F64, "kind: sine", "p: a sine point has no arrays",
       MAPPER_UNSUPPORTED},
  };
  enum { COUNT = sizeof cases / sizeof *cases };
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  fake_points points = {0};
  for (int i = 0; i < COUNT; i++) fake_points_add(&points, "p", cases[i].type, cases[i].settings);
  fake_device device;
  CHECK_INT(fake_device_bind(&device, host, fake_host_driver(host, "virtual"), "", &points),
            MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    CHECK_INT(device.results[i], cases[i].status);
    if (cases[i].text) CHECK_TEXT(fake_call_item(device.call, (uint32_t)i), cases[i].text);
  }
  /* Another bind replaces the set. */
  fake_points one = {0};
  fake_points_add(&one, "one", MAPPER_TYPE_F64, "kind: constant, offset: 9");
  fake_call_again(device.call, 60000);
  CHECK_INT(device.driver->bind(device.device, device.call, one.items, 1, device.results),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  uint32_t ids[] = {0, 1};
  CHECK_INT(fake_device_read(&device, ids, 2, 20000), MAPPER_OK);
  CHECK_DOUBLE(device.samples[0].value.f64, 9);
  CHECK_INT(device.samples[1].status, MAPPER_NOT_FOUND);
  fake_device_free(&device);
  fake_points_free(&points);
  fake_points_free(&one);
  fake_host_unload(host);
}

TEST(create_refuses_an_unknown_fault) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  fake_points none = {0};
  fake_device device;
  CHECK_INT(
      fake_device_bind(&device, host, fake_host_driver(host, "virtual"), "fault: bang", &none),
      MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(device.call),
             "setting fault: 'bang': expected none, delay:MS, error:CLASS, hang, crash, exit, "
             "exit:CODE or leak:BYTES");
  fake_device_free(&device);
  fake_host_unload(host);
}

CHECK_MAIN("virtual")
