/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the folders of mappers/modbus/cases: device.yaml against a slave, as expected.txt says.
 * cases/README.md explains the format.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>

#include "harness.h"
#include "manifest.h"

typedef struct run {
  const char *name;
  slave *slave;
  manifest manifest;
  fake_device device;
  mapper_status created;
  bool is_write; /* the last step */
  int requests;  /* that the expectations of this step have named */
} run;

static bool complain(const run *run, int line, const char *what, const char *found) {
  check_failures++;
  printf("  cases/%s/expected.txt:%d: %s: %s\n", run->name, line, what, found);
  return false;
}

static const char *value_text(const mapper_value *value) {
  static const char *const names[] = {"none", "bool", "i8",  "u8",  "i16", "u16",  "i32",
                                      "u32",  "i64",  "u64", "f32", "f64", "text", "bytes"};
  static char text[256];
  int size = snprintf(text, sizeof text, "%s ", value->type < 14 ? names[value->type] : "?");
  char *rest = text + size;
  size_t room = sizeof text - (size_t)size;
  switch (value->type) {
  case MAPPER_TYPE_F32:
  case MAPPER_TYPE_F64:
    snprintf(rest, room, "%.15g", value->f64);
    break;
  case MAPPER_TYPE_BOOL:
    snprintf(rest, room, "%s", value->u64 ? "true" : "false");
    break;
  case MAPPER_TYPE_TEXT:
    snprintf(rest, room, "%.*s", (int)value->count, (const char *)value->data);
    break;
  case MAPPER_TYPE_BYTES:
    for (uint32_t i = 0; i < value->count && room > 2; i++, rest += 2, room -= 2)
      snprintf(rest, room, "%02x", ((const uint8_t *)value->data)[i]);
    break;
  case MAPPER_TYPE_I8:
  case MAPPER_TYPE_I16:
  case MAPPER_TYPE_I32:
  case MAPPER_TYPE_I64:
    snprintf(rest, room, "%lld", (long long)value->i64);
    break;
  default:
    snprintf(rest, room, "%llu", (unsigned long long)value->u64);
    break;
  }
  return text;
}

static int property_named(const run *run, const char *name) {
  for (uint32_t i = 0; i < run->manifest.points.count; i++)
    if (strcmp(run->manifest.points.items[i].name, name) == 0) return (int)i;
  return -1;
}

/* "slave holding 0 00d2 0001": words in hexadecimal from an address on; bits as 0 and 1. */
static bool do_slave(run *run, int line, char *rest) {
  static const char *const spaces[] = {"coil", "discrete", "input", "holding"};
  char *space = strtok(rest, " "), *address = strtok(NULL, " "), *word;
  for (int i = 0; i < 4; i++) {
    if (!space || !address || strcmp(spaces[i], space) != 0) continue;
    for (unsigned at = (unsigned)atoi(address); (word = strtok(NULL, " ")); at++)
      slave_set(run->slave, (frame_space)i, at, (uint16_t)strtoul(word, NULL, 16));
    return true;
  }
  return complain(run, line, "expected coil, discrete, input or holding and an address", "");
}

static bool do_write(run *run, int line, char *rest) {
  char *text = strchr(rest, ' ');
  if (!text) return complain(run, line, "expected a property and a value", rest);
  *text++ = 0;
  int id = property_named(run, rest);
  if (id < 0) return complain(run, line, "no such property", rest);
  mapper_settings one = {NULL, 0};
  bool is_quoted = text[0] == '"';
  if (is_quoted) text[strlen(text) - 1] = 0;
  fake_settings_put_scalar(&one, "value", text + is_quoted, !is_quoted);
  mapper_write write = {(uint32_t)id, 0, one.items[0].value};
  mapper_status status = fake_device_write(&run->device, &write, 1, 2000);
  fake_settings_free(&one);
  return status == MAPPER_OK ||
         complain(run, line, "write failed", fake_call_text(run->device.call));
}

/* One line; false ends the case. */
static bool step(run *run, int line, char *text) {
  size_t size = strcspn(text, " ");
  char *rest = text + size + (text[size] == ' ');
  text[size] = 0;
  bool is_step = strcmp(text, "read") == 0 || strcmp(text, "write") == 0;
  if (is_step || strcmp(text, "end") == 0) {
    if (slave_seen(run->slave) != run->requests)
      return complain(run, line, "requests of the step before", seen_text(run->slave));
    slave_forget(run->slave);
    run->requests = 0;
    run->is_write = text[0] == 'w';
  }
  if (strcmp(text, "end") == 0) return true;
  if (strcmp(text, "slave") == 0) return do_slave(run, line, rest);
  if (strcmp(text, "device-refused") == 0)
    return run->created != MAPPER_OK && strcmp(fake_call_text(run->device.call), rest) == 0
               ? true
               : complain(run, line, "found", fake_call_text(run->device.call));
  if (run->created != MAPPER_OK)
    return complain(run, line, "the device was refused", fake_call_text(run->device.call));
  if (strcmp(text, "read") == 0)
    return fake_device_read_all(&run->device, 2000) == MAPPER_OK ||
           complain(run, line, "read failed", fake_call_text(run->device.call));
  if (strcmp(text, "write") == 0) return do_write(run, line, rest);
  if (strcmp(text, "request") == 0) {
    slave_request request = slave_request_at(run->slave, run->requests++);
    char found[32];
    snprintf(found, sizeof found, "%u %u %u", request.function, request.address, request.quantity);
    return strcmp(found, rest) == 0 || complain(run, line, "found", found);
  }
  /* "value <property> <type> <value>", "failed <property> <text>", "refused <property> <text>" */
  char *expected = strchr(rest, ' ');
  if (!expected) return complain(run, line, "not understood", text);
  *expected++ = 0;
  int id = property_named(run, rest);
  if (id < 0) return complain(run, line, "no such property", rest);
  const mapper_sample *sample = &run->device.samples[id];
  const char *found = fake_call_item(run->device.call, run->is_write ? 0 : (uint32_t)id);
  if (strcmp(text, "value") == 0) found = sample->status ? found : value_text(&sample->value);
  return strcmp(found, expected) == 0 || complain(run, line, "found", found);
}

static void run_case(const char *name) {
  char path[512], line[512];
  run run = {.name = name, .slave = slave_start()};
  snprintf(path, sizeof path, MAPPER_FOLDER "/cases/%s/device.yaml", name);
  if (CHECK(manifest_read(path, &run.manifest))) {
    /* The slave takes the device's place. A serial device keeps its lack of an address. */
    if (mapper_find(&run.manifest.settings, "ip")) {
      fake_settings_put_scalar(&run.manifest.settings, "ip", "127.0.0.1", true);
      snprintf(line, sizeof line, "%d", slave_port(run.slave));
      fake_settings_put_scalar(&run.manifest.settings, "port", line, true);
    }
    run.created = fake_device_bind_settings(&run.device, the_host(), the_driver(),
                                            &run.manifest.settings, &run.manifest.points);
    snprintf(path, sizeof path, MAPPER_FOLDER "/cases/%s/expected.txt", name);
    FILE *file = fopen(path, "r");
    if (CHECK(file != NULL)) {
      bool is_opened = false;
      int number = 0, steps = 0;
      bool goes_on = true;
      while (goes_on && fgets(line, sizeof line, file)) {
        number++;
        line[strcspn(line, "\n")] = 0;
        char *text = line + strspn(line, " ");
        if (!*text || *text == '#') continue;
        /* What bind says is there until the device is opened. */
        if (!is_opened && run.created == MAPPER_OK && strncmp(text, "refused", 7) != 0) {
          is_opened = true;
          CHECK_INT(fake_device_open(&run.device, 2000), MAPPER_OK);
        }
        goes_on = step(&run, number, text);
        steps++;
      }
      char end[] = "end";
      if (goes_on) step(&run, number, end);
      CHECK(steps > 0);
      fclose(file);
    }
    fake_device_free(&run.device);
  }
  manifest_free(&run.manifest);
  slave_stop(run.slave);
}

TEST(each_case_folder_does_what_it_says) {
  struct dirent **entries;
  int count = scandir(MAPPER_FOLDER "/cases", &entries, NULL, alphasort), cases = 0;
  for (int i = 0; i < count; i++) {
    if (entries[i]->d_name[0] != '.' && entries[i]->d_type == DT_DIR) {
      run_case(entries[i]->d_name);
      cases++;
    }
    free(entries[i]);
  }
  if (count >= 0) free(entries);
  CHECK(cases >= 5);
}
