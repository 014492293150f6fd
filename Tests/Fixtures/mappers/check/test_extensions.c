/* SPDX-License-Identifier: Apache-2.0
 *
 * The test mappers with methods and discovery.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#include "check.h"
#include "fakehost.h"
#include "mapper/ext/discovery.h"
#include "mapper/ext/methods.h"
#include "mapper/helpers.h"

typedef struct rig {
  mapper_host *host;
  fake_points points;
  fake_device device;
} rig;

/* An open device of a fixture with one point. */
static bool rig_open(rig *rig, const char *name, const char *settings) {
  char path[512];
  snprintf(path, sizeof path, FIXTURES "/%s.so", name);
  rig->host = fake_host_load(path);
  const mapper_driver *driver = rig->host ? fake_host_driver(rig->host, name) : NULL;
  if (!driver) return false;
  fake_points_add(&rig->points, "point", MAPPER_TYPE_I64, "");
  return fake_device_bind(&rig->device, rig->host, driver, settings, &rig->points) == MAPPER_OK &&
         fake_device_open(&rig->device, 20000) == MAPPER_OK;
}

static void rig_close(rig *rig) {
  if (rig->host) fake_device_free(&rig->device);
  if (rig->host) fake_host_unload(rig->host);
  fake_points_free(&rig->points);
}

/* ---- methods ------------------------------------------------------------------------------ */

static const mapper_method *method_of(const rig *rig, const char *name) {
  const mapper_methods *table = rig->device.driver->query(MAPPER_EXT_METHODS);
  for (uint32_t i = 0; table && i < table->count; i++)
    if (strcmp(table->rows[i].name, name) == 0) return &table->rows[i];
  return NULL;
}

typedef mapper_status (*takes_i64)(mapper_device *, const mapper_call *, void *, int64_t);
typedef mapper_status (*takes_text)(mapper_device *, const mapper_call *, void *, const char *);
typedef mapper_status (*takes_nothing)(mapper_device *, const mapper_call *, void *);

TEST(methods_do_what_their_rows_say) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "methods", ""));
  const mapper_method *bump = method_of(&rig, "bump"), *greet = method_of(&rig, "greet");
  REQUIRE(bump && greet);
  CHECK_INT(bump->flags, MAPPER_METHOD_CHANGES);
  CHECK_INT(bump->result, MAPPER_TYPE_NONE);
  CHECK_INT(bump->count, 1);
  CHECK_INT(bump->arguments[0], MAPPER_TYPE_I64);
  CHECK_TEXT(bump->names[0], "by");
  uint64_t out[2] = {0, 0};
  fake_call_again(rig.device.call, 60000);
  CHECK_INT(((takes_i64)bump->call)(rig.device.device, rig.device.call, out, 5), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].value.i64, 5);
  const char *text = NULL;
  CHECK_INT(((takes_text)greet->call)(rig.device.device, rig.device.call, &text, "you"), MAPPER_OK);
  CHECK_TEXT(text, "Hello, you");
  rig_close(&rig);
}

TEST(methods_rest_ends_early) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "methods", ""));
  takes_i64 rest = (takes_i64)method_of(&rig, "rest")->call;
  uint64_t out[2] = {0, 0};
  fake_call_again(rig.device.call, 20);
  CHECK_INT(rest(rig.device.device, rig.device.call, out, 60000), MAPPER_TIMEOUT);
  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 20);
  CHECK_INT(rest(rig.device.device, rig.device.call, out, 50000), MAPPER_CANCELLED);
  rig_close(&rig);
}

TEST(methods_gives_results_that_make_no_sense) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "methods", ""));
  fake_call_again(rig.device.call, 60000);
  const char *text = NULL;
  mapper_device *device = rig.device.device;
  const mapper_call *call = rig.device.call;
  CHECK_INT(((takes_nothing)method_of(&rig, "null-text")->call)(device, call, &text), MAPPER_OK);
  CHECK(text == NULL);
  CHECK_INT(((takes_nothing)method_of(&rig, "long-text")->call)(device, call, &text), MAPPER_OK);
  CHECK_INT(strlen(text), (1 << 20) + 1);
  mapper_bytes bytes = {0};
  CHECK_INT(((takes_nothing)method_of(&rig, "no-bytes")->call)(device, call, &bytes), MAPPER_OK);
  CHECK(bytes.size == 8 && bytes.data == NULL);
  rig_close(&rig);
}

/* ---- discovery ---------------------------------------------------------------------------- */

static struct {
  int found, steps;
  char name[64], settings[64];
  uint32_t properties;
  mapper_status answer;
} seen;

static mapper_status on_found(const mapper_call *call, const mapper_found *found) {
  (void)call;
  seen.found++;
  snprintf(seen.name, sizeof seen.name, "%s", found->name ? found->name : "");
  snprintf(seen.settings, sizeof seen.settings, "%s", found->settings);
  seen.properties = found->count;
  return seen.answer;
}

static mapper_status on_progress(const mapper_call *call, uint32_t done, uint32_t total,
                                 const char *text, size_t size) {
  (void)call, (void)done, (void)total, (void)text, (void)size;
  seen.steps++;
  return MAPPER_OK;
}

static const mapper_sink sink = {
    .size = sizeof(mapper_sink), .found = on_found, .progress = on_progress};

TEST(scanner_finds_describes_and_heeds_its_sink) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "scanner", ""));
  const mapper_discovery *discovery = rig.device.driver->query(MAPPER_EXT_DISCOVERY);
  REQUIRE(discovery);
  mapper_settings options = fake_settings("count: 3");
  memset(&seen, 0, sizeof seen);
  fake_call_again(rig.device.call, 60000);
  CHECK_INT(discovery->scan(rig.host, rig.device.call, &options, &sink), MAPPER_OK);
  CHECK_INT(seen.found, 3);
  CHECK_INT(seen.steps, 3);
  CHECK_TEXT(seen.name, "unit-3");
  CHECK_TEXT(seen.settings, "{\"unit\": 3}");
  seen.answer = MAPPER_CLOSED;
  CHECK_INT(discovery->scan(rig.host, rig.device.call, &options, &sink), MAPPER_CLOSED);
  CHECK_INT(seen.found, 4);
  seen.answer = MAPPER_OK;
  CHECK_INT(discovery->describe(rig.device.device, rig.device.call, &sink), MAPPER_OK);
  CHECK_INT(seen.properties, 3);
  fake_settings_free(&options);
  rig_close(&rig);
}

TEST(scanner_ends_early) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "scanner", ""));
  const mapper_discovery *discovery = rig.device.driver->query(MAPPER_EXT_DISCOVERY);
  mapper_settings options = fake_settings("count: 1000000, pauseMs: 1000");
  memset(&seen, 0, sizeof seen);
  fake_call_again(rig.device.call, 50);
  CHECK_INT(discovery->scan(rig.host, rig.device.call, &options, &sink), MAPPER_TIMEOUT);
  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 20);
  CHECK_INT(discovery->scan(rig.host, rig.device.call, &options, &sink), MAPPER_CANCELLED);
  fake_settings_free(&options);
  rig_close(&rig);
}

/* ---- restless ----------------------------------------------------------------------------- */

TEST(restless_reports_on_and_sees_a_host_that_takes_it) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "restless", ""));
  const mapper_subscribe *subscribe = rig.device.driver->query(MAPPER_EXT_SUBSCRIBE);
  fake_call_again(rig.device.call, 60000);
  CHECK_INT(subscribe->start(rig.device.device, rig.device.call, 3, rig.device.ids, 1, 0,
                             rig.device.results),
            MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 100, 20000));
  subscribe->stop(rig.device.device, 3);
  rig.device.driver->close(rig.device.device);
  /* This host answers OK, which is a fault by now. */
  CHECK(fake_host_wait_reports(rig.host, fake_host_report_count(rig.host) + 100, 20000));
  takes_nothing faults = (takes_nothing)method_of(&rig, "faults")->call;
  int64_t count[2] = {0, 0};
  CHECK_INT(faults(rig.device.device, rig.device.call, count), MAPPER_OK);
  CHECK(count[0] > 0);
  rig.device.is_open = false;
  rig_close(&rig);
}
