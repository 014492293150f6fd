/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cases.h"

#include <dirent.h>
#include <stdlib.h>

bool case_complain(const case_run *run, const char *what, const char *found) {
  check_failures++;
  printf("  cases/%s/expected.txt:%d: %s: %s\n", run->name, run->line, what, found);
  return false;
}

bool case_expect(const case_run *run, const char *found, const char *expected) {
  return strcmp(found, expected) == 0 || case_complain(run, "found", found);
}

const mapper_point *case_point(const case_run *run, const char *name) {
  const mapper_point *point = device_file_point(&run->file, name);
  if (!point) case_complain(run, "no such property", name);
  return point;
}

char *case_word(char **rest) {
  char *first = *rest, *space = strchr(first, ' ');
  *rest = space ? space + 1 : first + strlen(first);
  if (space) *space = 0;
  return first;
}

char *case_line(case_run *run) {
  while (fgets(run->text, sizeof run->text, run->expected)) {
    run->line++;
    run->text[strcspn(run->text, "\n")] = 0;
    char *text = run->text + strspn(run->text, " ");
    if (*text && *text != '#') return text;
  }
  return NULL;
}

static bool step(const case_suite *suite, case_run *run, const char *verb, char *rest) {
  if (strcmp(verb, "device-refused") == 0) {
    if (run->bound == MAPPER_OK) return case_complain(run, "found", "nothing wrong");
    return case_expect(run, fake_call_text(run->device.call), rest);
  }
  if (run->bound != MAPPER_OK)
    return case_complain(run, "the device was refused", fake_call_text(run->device.call));
  if (strcmp(verb, "refused") == 0) {
    const mapper_point *point = case_point(run, case_word(&rest));
    return point && case_expect(run, fake_call_item(run->device.call, point->id), rest);
  }
  /* What bind says is there until the device is opened. */
  if (!run->device.is_open) {
    if (!CHECK_INT(fake_device_open(&run->device, suite->open_ms), MAPPER_OK)) return false;
  }
  return suite->step(run, verb, rest);
}

static void run_lines(const case_suite *suite, case_run *run) {
  int steps = 0;
  bool goes_on = true;
  for (char *rest; goes_on && (rest = case_line(run)); steps++) {
    char *verb = case_word(&rest);
    goes_on = step(suite, run, verb, rest);
  }
  if (goes_on && suite->end) suite->end(run);
  CHECK(steps > 0);
}

void case_run_folder(const case_suite *suite, mapper_host *host, const char *folder,
                     const char *name, void *peer) {
  char path[512];
  case_run run = {.name = name, .peer = peer, .call_ms = suite->call_ms};
  snprintf(path, sizeof path, "%s/cases/%s/expected.txt", folder, name);
  run.expected = fopen(path, "r");
  if (!CHECK(run.expected != NULL)) return;
  snprintf(path, sizeof path, "%s/cases/%s/device.yaml", folder, name);
  if (CHECK(device_file_read(path, suite->driver, &run.file))) {
    if (suite->start) suite->start(&run);
    run.bound = fake_device_bind_settings(&run.device, host, fake_host_driver(host, suite->driver),
                                          &run.file.settings, &run.file.points);
    run_lines(suite, &run);
    fake_device_free(&run.device);
  }
  device_file_free(&run.file);
  fclose(run.expected);
}

int each_case(const char *folder, void (*body)(const char *name, void *context), void *context) {
  char path[512];
  struct dirent **entries;
  snprintf(path, sizeof path, "%s/cases", folder);
  int count = scandir(path, &entries, NULL, alphasort), cases = 0;
  for (int i = 0; i < count; i++) {
    if (entries[i]->d_name[0] != '.' && entries[i]->d_type == DT_DIR) {
      body(entries[i]->d_name, context);
      cases++;
    }
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  return cases;
}

const char *case_value(const char *type, const mapper_value *value) {
  static char text[512];
  size_t size = (size_t)snprintf(text, sizeof text, "%s ", type), room = sizeof text - size;
  switch (value->type) {
  case MAPPER_TYPE_F32:
    snprintf(text + size, room, "%.7g", value->f64);
    break;
  case MAPPER_TYPE_F64:
    snprintf(text + size, room, "%.15g", value->f64);
    break;
  case MAPPER_TYPE_BOOL:
    snprintf(text + size, room, "%s", value->u64 ? "true" : "false");
    break;
  case MAPPER_TYPE_TEXT:
    snprintf(text + size, room, "%.*s", (int)value->count, (const char *)value->data);
    break;
  case MAPPER_TYPE_BYTES:
    for (uint32_t i = 0; i < value->count && size + 3 < sizeof text; i++, size += 2)
      snprintf(text + size, 3, "%02x", ((const uint8_t *)value->data)[i]);
    break;
  case MAPPER_TYPE_I8:
  case MAPPER_TYPE_I16:
  case MAPPER_TYPE_I32:
  case MAPPER_TYPE_I64:
    snprintf(text + size, room, "%lld", (long long)value->i64);
    break;
  default:
    snprintf(text + size, room, "%llu", (unsigned long long)value->u64);
    break;
  }
  return text;
}
