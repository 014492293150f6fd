/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <unistd.h>

#include "cases/cases.h"
#include "rig.h"

/* What the property reads as: "INT 5", or "failed" and why. */
static const char *read_text(case_run *run, const mapper_point *point) {
  static char text[512];
  if (fake_device_read(&run->device, &point->id, 1, 1000) != MAPPER_OK) return "read failed";
  const mapper_sample *sample = &run->device.samples[0];
  if (sample->status == MAPPER_OK)
    return case_value(device_file_type(&sample->value), &sample->value);
  snprintf(text, sizeof text, "failed %s", fake_call_item(run->device.call, 0));
  return text;
}

/* A message is on its way for a while, so what is read is expected to come true. */
static bool expect_read(case_run *run, const mapper_point *point, const char *expected) {
  for (double end = now_ms() + 5000; now_ms() < end; usleep(2000))
    if (strcmp(read_text(run, point), expected) == 0) return true;
  return case_expect(run, read_text(run, point), expected);
}

/* The line after `set` is what must arrive: "published <topic> <payload>" or "failed <text>". */
static bool set(case_run *run, const mapper_point *point, const char *text) {
  char wanted[512];
  snprintf(wanted, sizeof wanted, "%s", text);
  mapper_write write = {.point = point->id};
  if (!device_file_value(point, wanted, &write.value))
    return case_complain(run, "no value of the property's type", wanted);
  char *rest = case_line(run);
  if (!rest) return case_complain(run, "expected a line after set", "none");
  bool is_published = strcmp(case_word(&rest), "published") == 0;
  listener *listener = is_published ? listener_new(run->peer, case_word(&rest)) : NULL;
  mapper_status status = fake_device_write(&run->device, &write, 1, 5000);
  if (status == MAPPER_OK) status = run->device.results[0];
  const char *found = fake_call_item(run->device.call, 0);
  if (is_published && status == MAPPER_OK) found = listener_next(listener, 5000);
  bool is_good = is_published == (status == MAPPER_OK) && found && strcmp(found, rest) == 0;
  if (!is_good) case_complain(run, "found", found ? found : "nothing");
  listener_free(listener);
  return is_good;
}

static bool step(case_run *run, const char *verb, char *rest) {
  const char *name = case_word(&rest);
  if (strcmp(verb, "message") == 0)
    return publish(run->peer, name, rest, false) || case_complain(run, "not published", name);
  const mapper_point *point = case_point(run, name);
  if (!point) return false;
  if (strcmp(verb, "set") == 0) return set(run, point, rest);
  if (strcmp(verb, "value") == 0) return expect_read(run, point, rest);
  if (strcmp(verb, "failed") != 0) return case_complain(run, "not understood", verb);
  char expected[512];
  snprintf(expected, sizeof expected, "failed %s", rest);
  return expect_read(run, point, expected);
}

/* The test's broker takes the place of the device's. */
static void start(case_run *run) {
  const real_broker *broker = run->peer;
  fake_settings_put_scalar(&run->file.settings, "broker", broker->url, false);
}

typedef struct bench {
  mapper_host *host;
  real_broker broker;
} bench;

static void run_case(const char *name, void *context) {
  static const case_suite suite = {.driver = "mqtt", .open_ms = 5000, .start = start, .step = step};
  bench *bench = context;
  case_run_folder(&suite, bench->host, MAPPER_FOLDER, name, &bench->broker);
}

TEST(each_case_folder_does_what_it_says) {
  bench bench = {.host = fake_host_load(MAPPER_LIBRARY)};
  REQUIRE(bench.host);
  REQUIRE(real_broker_start(&bench.broker, NULL, NULL));
  CHECK(each_case(MAPPER_FOLDER, run_case, &bench) >= 4);
  fake_host_unload(bench.host);
  real_broker_free(&bench.broker);
}
