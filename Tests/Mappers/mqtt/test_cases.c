/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the folders of mappers/mqtt/cases: device.yaml on a broker, as expected.txt says.
 * cases/README.md explains the format.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "devicefile.h"
#include "rig.h"

typedef struct scenario {
  const char *name;
  int line;
  real_broker *broker;
  device_file file;
  fake_device device;
  bool is_open;
} scenario;

static void complain(const scenario *scenario, const char *what, const char *found) {
  check_failures++;
  printf("  cases/%s/expected.txt:%d: %s: %s\n", scenario->name, scenario->line, what, found);
}

/* Cuts the first word off; what follows is in *rest. */
static char *word(char **rest) {
  char *first = *rest, *space = strchr(first, ' ');
  *rest = space ? space + 1 : first + strlen(first);
  if (space) *space = 0;
  return first;
}

/* What the property reads as: "INT 5", or "failed" and why. */
static const char *read_text(scenario *scenario, const mapper_point *point) {
  static char text[512];
  if (fake_device_read(&scenario->device, &point->id, 1, 1000) != MAPPER_OK) return "read failed";
  const mapper_sample *sample = &scenario->device.samples[0];
  if (sample->status == MAPPER_OK) return device_file_text(&sample->value);
  snprintf(text, sizeof text, "failed %s", fake_call_item(scenario->device.call, 0));
  return text;
}

/* A message is on its way for a while, so what is read is expected to come true. */
static void expect_read(scenario *scenario, const mapper_point *point, const char *expected) {
  int64_t end = now_ms() + 5000;
  while (strcmp(read_text(scenario, point), expected) != 0) {
    if (now_ms() > end) {
      complain(scenario, "found", read_text(scenario, point));
      return;
    }
    usleep(2000);
  }
}

/* The line after `set` is what must arrive: "published <topic> <payload>" or "failed <text>". */
static void do_set(scenario *scenario, const mapper_point *point, const char *text,
                   char *expected) {
  mapper_write write = {.point = point->id};
  if (!device_file_value(point, text, &write.value)) {
    complain(scenario, "no value of the property's type", text);
    return;
  }
  char *rest = expected, *verb = word(&rest);
  bool is_published = strcmp(verb, "published") == 0;
  listener *listener = is_published ? listener_new(scenario->broker, word(&rest)) : NULL;
  mapper_status status = fake_device_write(&scenario->device, &write, 1, 5000);
  if (status == MAPPER_OK) status = scenario->device.results[0];
  const char *found = fake_call_item(scenario->device.call, 0);
  if (is_published && status == MAPPER_OK) found = listener_next(listener, 5000);
  if (is_published != (status == MAPPER_OK) || !found || strcmp(found, rest) != 0)
    complain(scenario, "found", found ? found : "nothing");
  listener_free(listener);
}

static void step(scenario *scenario, char *line, FILE *file) {
  char next[512] = "", *rest = line, *verb = word(&rest), *name = word(&rest);
  if (strcmp(verb, "message") == 0) {
    if (!publish(scenario->broker, name, rest, false)) complain(scenario, "not published", name);
    return;
  }
  const mapper_point *point = device_file_point(&scenario->file, name);
  if (!point) {
    complain(scenario, "no such property", name);
    return;
  }
  if (strcmp(verb, "refused") == 0) {
    const char *found = fake_call_item(scenario->device.call, point->id);
    if (strcmp(found, rest) != 0) complain(scenario, "found", found);
    return;
  }
  if (strcmp(verb, "set") == 0) {
    if (!fgets(next, sizeof next, file)) complain(scenario, "expected a line after set", "none");
    next[strcspn(next, "\n")] = 0;
    scenario->line++;
    do_set(scenario, point, rest, next + strspn(next, " "));
    return;
  }
  char expected[512];
  snprintf(expected, sizeof expected, "%s%s", strcmp(verb, "failed") == 0 ? "failed " : "", rest);
  if (strcmp(verb, "value") != 0 && strcmp(verb, "failed") != 0)
    complain(scenario, "not understood", verb);
  else
    expect_read(scenario, point, expected);
}

static void run_lines(scenario *scenario, FILE *file) {
  char line[512];
  int steps = 0;
  while (fgets(line, sizeof line, file)) {
    scenario->line++;
    line[strcspn(line, "\n")] = 0;
    if (!line[0] || line[0] == '#') continue;
    steps++;
    /* What bind says is there until the device is opened. */
    if (!scenario->is_open && strncmp(line, "refused", 7) != 0) {
      scenario->is_open = true;
      CHECK_INT(fake_device_open(&scenario->device, 5000), MAPPER_OK);
    }
    step(scenario, line, file);
  }
  CHECK(steps > 0);
}

static void run_case(const char *name, mapper_host *host, real_broker *broker) {
  char path[512];
  scenario scenario = {.name = name, .broker = broker};
  snprintf(path, sizeof path, MAPPER_FOLDER "/cases/%s/device.yaml", name);
  if (CHECK(device_file_read(path, "mqtt", &scenario.file))) {
    fake_settings_put_scalar(&scenario.file.settings, "broker", broker->url, false);
    CHECK_INT(fake_device_bind_settings(&scenario.device, host, fake_host_driver(host, "mqtt"),
                                        &scenario.file.settings, &scenario.file.points),
              MAPPER_OK);
    snprintf(path, sizeof path, MAPPER_FOLDER "/cases/%s/expected.txt", name);
    FILE *file = fopen(path, "r");
    if (CHECK(file != NULL)) {
      run_lines(&scenario, file);
      fclose(file);
    }
    fake_device_free(&scenario.device);
  }
  device_file_free(&scenario.file);
}

TEST(each_case_folder_does_what_it_says) {
  real_broker broker;
  struct dirent **entries;
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  int count = scandir(MAPPER_FOLDER "/cases", &entries, NULL, alphasort), cases = 0;
  for (int i = 0; i < count; i++) {
    if (entries[i]->d_name[0] != '.' && entries[i]->d_type == DT_DIR) {
      run_case(entries[i]->d_name, host, &broker);
      cases++;
    }
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  CHECK(cases >= 4);
  fake_host_unload(host);
  real_broker_free(&broker);
}
