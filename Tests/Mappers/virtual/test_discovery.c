/* SPDX-License-Identifier: Apache-2.0
 *
 * mapper.discovery/1 of virtual devices.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>

#include "mapper/ext/discovery.h"
#include "rig.h"

/* What the sink got, as text. A sink knows only the call, so there is one at a time. */
static struct {
  char found[4096];
  uint32_t count, last_done, last_total, most;
  mapper_status answer; /* of `found` once `most` were found */
} got;

static mapper_status found(const mapper_call *call, const mapper_found *item) {
  (void)call;
  size_t used = strlen(got.found);
  char *at = got.found + used;
  size_t left = sizeof got.found - used;
  used = (size_t)snprintf(at, left, "%s %u %s\n", item->name ? item->name : "-", item->confidence,
                          item->settings);
  for (uint32_t i = 0; i < item->count; i++) {
    const char *row = (const char *)item->properties + (size_t)i * item->stride;
    const mapper_found_property *property = (const mapper_found_property *)row;
    used += (size_t)snprintf(at + used, left - used, "  %s %u %u %s %s\n", property->name,
                             property->type, property->access,
                             property->unit ? property->unit : "-", property->settings);
  }
  return ++got.count >= got.most ? got.answer : MAPPER_OK;
}

static mapper_status progress(const mapper_call *call, uint32_t done, uint32_t total,
                              const char *text, size_t size) {
  (void)call;
  CHECK(done == total || size > 0);
  CHECK(size == 0 || text != NULL);
  got.last_done = done;
  got.last_total = total;
  return MAPPER_OK;
}

static const mapper_sink sink = {.size = sizeof sink, .found = found, .progress = progress};

static const mapper_discovery *discovery(const mapper_driver *driver) {
  const mapper_discovery *table = driver->query(MAPPER_EXT_DISCOVERY);
  if (!CHECK(table != NULL)) abort();
  return table;
}

static mapper_status scan(rig *rig, mapper_call *call, const char *options) {
  mapper_settings settings = fake_settings(options);
  mapper_status status = discovery(rig->device.driver)->scan(rig->host, call, &settings, &sink);
  fake_settings_free(&settings);
  return status;
}

static void expect_of_sink(uint32_t most, mapper_status answer) {
  memset(&got, 0, sizeof got);
  got.most = most;
  got.answer = answer;
}

TEST(scan_finds_as_many_as_it_is_told) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, ""));
  expect_of_sink(100, MAPPER_OK);
  fake_call_again(rig.device.call, 60000);
  CHECK_INT(scan(&rig, rig.device.call, "count: 2, delayMs: 0"), MAPPER_OK);
  const char *properties =
      "  level 11 1 m {\"kind\":\"sine\",\"offset\":5,\"amplitude\":2,\"period\":20000}\n"
      "  fillings 8 1 - {\"kind\":\"counter\"}\n"
      "  target 11 3 m {\"kind\":\"settable\",\"offset\":5,\"min\":0,\"max\":10}\n";
  char expected[2048];
  snprintf(expected, sizeof expected, "virtual-1 100 {\"seed\":1}\n%svirtual-2 95 {\"seed\":2}\n%s",
           properties, properties);
  CHECK_TEXT(got.found, expected);
  CHECK_INT(got.last_done, 2);
  CHECK_INT(got.last_total, 2);
  CHECK(strstr(discovery(rig.device.driver)->scan_schema, "\"delayMs\"") != NULL);
  rig_close(&rig);
}

TEST(scan_ends_with_the_time_a_cancellation_or_the_sink) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, ""));
  mapper_call *call = rig.device.call;
  expect_of_sink(100, MAPPER_OK);
  fake_call_again(call, 50);
  CHECK_INT(scan(&rig, call, "count: 3, delayMs: 60000"), MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_text(call), "the time was up after 0 of 3 devices");
  fake_call_again(call, 60000);
  fake_call_cancel_after(call, 20);
  CHECK_INT(scan(&rig, call, "count: 3, delayMs: 60000"), MAPPER_CANCELLED);
  CHECK_INT(got.count, 0);

  expect_of_sink(2, MAPPER_CLOSED);
  fake_call_again(call, 60000);
  CHECK_INT(scan(&rig, call, "count: 10, delayMs: 0"), MAPPER_CLOSED);
  CHECK_INT(got.count, 2);
  expect_of_sink(2, MAPPER_INVALID); /* one that is not usable does not end it */
  fake_call_again(call, 60000);
  CHECK_INT(scan(&rig, call, "count: 10, delayMs: 0"), MAPPER_OK);
  CHECK_INT(got.count, 10);
  rig_close(&rig);
}

TEST(describe_tells_what_is_bound) {
  rig rig = {0};
  fake_points_add(&rig.points, "curve", MAPPER_TYPE_F64, "kind: ramp, max: 0.1, period: 500");
  fake_points_add(&rig.points, "word", MAPPER_TYPE_TEXT, "kind: constant, text: a\"b");
  fake_points_add(&rig.points, "set", MAPPER_TYPE_I64, "kind: settable, offset: 4, min: 1");
  fake_points_add(&rig.points, "refused", MAPPER_TYPE_I64, "kind: none");
  fake_points_add(&rig.points, "fault", MAPPER_TYPE_TEXT, "kind: fault, faultOn: method");
  REQUIRE(rig_open(&rig, "seed: 9"));
  expect_of_sink(100, MAPPER_OK);
  fake_call_again(rig.device.call, 60000);
  CHECK_INT(discovery(rig.device.driver)->describe(rig.device.device, rig.device.call, &sink),
            MAPPER_OK);
  CHECK_TEXT(got.found, "- 100 {\"seed\":9,\"push\":false}\n"
                        "  curve 11 1 - {\"kind\":\"ramp\",\"min\":0,\"max\":0.1,\"period\":500}\n"
                        "  word 12 1 - {\"kind\":\"constant\",\"text\":\"a\\\"b\"}\n"
                        "  set 8 3 - {\"kind\":\"settable\",\"offset\":4,\"min\":1}\n"
                        "  fault 12 3 - {\"kind\":\"fault\",\"faultOn\":\"method\"}\n");
  rig_close(&rig);
}
