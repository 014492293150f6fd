/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the folders of mappers/virtual/cases: device.yaml, and what expected.txt says of it.
 * cases/README.md explains the format.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>

#include "check.h"
#include "devicefile.h"

typedef struct scenario {
  const char *name;
  int line;
  device_file file;
  fake_device device;
  bool is_open;
} scenario;

static void expect(const scenario *scenario, const char *found, const char *expected) {
  if (strcmp(found, expected) == 0) return;
  check_failures++;
  printf("  cases/%s/expected.txt:%d: found \"%s\", expected \"%s\"\n", scenario->name,
         scenario->line, found, expected);
}

/* Cuts the first word off; what follows is in *rest. */
static char *word(char **rest) {
  char *first = *rest, *space = strchr(first, ' ');
  *rest = space ? space + 1 : first + strlen(first);
  if (space) *space = 0;
  return first;
}

/* Why the last call failed for the item `index`, or as a whole; "" when it did not. */
static const char *failure(scenario *scenario, mapper_status call, mapper_status item) {
  if (call != MAPPER_OK) return fake_call_text(scenario->device.call);
  return item == MAPPER_OK ? "" : fake_call_item(scenario->device.call, 0);
}

static const char *set(scenario *scenario, const mapper_point *point, const char *text) {
  mapper_write write = {.point = point->id};
  if (!device_file_value(point, text, &write.value)) return "no value of the property's type";
  mapper_status status = fake_device_write(&scenario->device, &write, 1, 1000);
  return failure(scenario, status, scenario->device.results[0]);
}

static void step(scenario *scenario, char *line) {
  char *rest = line, *verb = word(&rest), *name = word(&rest);
  const mapper_point *point = device_file_point(&scenario->file, name);
  if (!point) {
    expect(scenario, name, "(the name of a property)");
    return;
  }
  if (strcmp(verb, "refused") == 0) {
    expect(scenario, fake_call_item(scenario->device.call, point->id), rest);
  } else if (strcmp(verb, "set") == 0) {
    expect(scenario, set(scenario, point, rest), "");
  } else if (strcmp(verb, "set-failed") == 0) {
    char *value = word(&rest);
    expect(scenario, set(scenario, point, value), rest);
  } else if (strcmp(verb, "value") == 0 || strcmp(verb, "failed") == 0) {
    mapper_status status = fake_device_read(&scenario->device, &point->id, 1, 1000);
    const mapper_sample *sample = &scenario->device.samples[0];
    bool good = status == MAPPER_OK && sample->status == MAPPER_OK;
    if (good != (strcmp(verb, "value") == 0)) expect(scenario, good ? "value" : "failed", verb);
    expect(scenario,
           good ? device_file_text(&sample->value) : failure(scenario, status, sample->status),
           rest);
  } else {
    expect(scenario, verb, "(value, failed, set, set-failed or refused)");
  }
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
      CHECK_INT(fake_device_open(&scenario->device, 1000), MAPPER_OK);
    }
    step(scenario, line);
  }
  CHECK(steps > 0);
}

static void run_case(const char *name, mapper_host *host) {
  char path[512];
  scenario scenario = {.name = name};
  snprintf(path, sizeof path, MAPPER_FOLDER "/cases/%s/device.yaml", name);
  if (CHECK(device_file_read(path, "virtual", &scenario.file))) {
    CHECK_INT(fake_device_bind_settings(&scenario.device, host, fake_host_driver(host, "virtual"),
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
  struct dirent **entries;
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  int count = scandir(MAPPER_FOLDER "/cases", &entries, NULL, alphasort), cases = 0;
  for (int i = 0; i < count; i++) {
    if (entries[i]->d_name[0] != '.' && entries[i]->d_type == DT_DIR) {
      run_case(entries[i]->d_name, host);
      cases++;
    }
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  CHECK(cases >= 4);
  fake_host_unload(host);
}
